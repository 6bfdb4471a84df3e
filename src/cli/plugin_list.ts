/** `kubectl coder list`. */
import { ofMine, ofOwner, workspaceObjects, workspaceTable } from "../plugin/list.ts";
import { tableText } from "../plugin/table.ts";
import type { Scope } from "../plugin/world.ts";
import { clean } from "../ui/terminal/text.ts";
import type { PluginJob } from "./plugin_job.ts";
import type { Terminal } from "./terminal.ts";

const DONE = 0;

export async function list({ world, options, around }: PluginJob): Promise<number> {
  const { signal } = new AbortController();
  const { format, allNamespaces, headers } = options;
  const namespace = options.namespace ?? world.namespace;
  const scope: Scope = allNamespaces ? "all" : { namespace };
  const fieldSelector = options.owner !== undefined
    ? ofOwner(options.owner)
    : options.mine
    ? await ofMine(world, scope, signal)
    : undefined;
  const selected = { scope, labelSelector: options.selector, fieldSelector };
  if (format === "json" || format === "yaml") {
    const objects = await workspaceObjects(world, selected, signal);
    around.out(
      format === "json"
        ? `${JSON.stringify(objects, null, 4)}\n`
        : (await import("./yaml.ts")).stringify(objects, { lineWidth: 0 }),
    );
    return DONE;
  }
  const table = await workspaceTable(world, selected, signal);
  if (format === "name") {
    around.out(
      table.rows.map(({ name }) => `coderworkspace.aggregation.coder.com/${clean(name)}\n`).join(""),
    );
    return DONE;
  }
  if (table.rows.length === 0) {
    around.err(allNamespaces ? "No resources found\n" : `No resources found in ${namespace} namespace.\n`);
    if (!allNamespaces && options.namespace === undefined) {
      around.err("-n looks in another namespace, -A in all of them.\n");
    }
    return DONE;
  }
  around.out(tableText(table, {
    wide: format === "wide",
    namespaces: allNamespaces,
    header: headers,
    paint: (column, cell, shown) => column === "STATUS" ? painted(cell, shown, around.terminal) : shown,
    clean,
  }));
  return DONE;
}

function painted(status: string, shown: string, { green, red, dim }: Terminal): string {
  if (status === "running") return green(shown);
  if (status === "failed" || status === "canceled") return red(shown);
  return status === "stopped" ? dim(shown) : shown;
}
