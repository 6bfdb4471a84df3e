/** `kubectl coder list`: workspaces, as a table or as they are. */
import { resourcePath, withQuery } from "../kube/rest/request_path.ts";
import { isRecord } from "../kube/rest/api_errors.ts";
import { CoderWorkspaces } from "../api/workspace.ts";
import { PAGE } from "./locate.ts";
import { ownIn } from "./own.ts";
import { readTable, type Table, TABLE_ACCEPT } from "./table.ts";
import { callOptions, PluginError, type PluginWorld, type Scope } from "./world.ts";

/** Which workspaces. */
export interface Selected {
  readonly scope: Scope;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Whose: a field selector for their owner, or nothing where all that is shown is theirs. */
export async function ofMine(
  world: PluginWorld,
  scope: Scope,
  signal: AbortSignal,
): Promise<string | undefined> {
  const own = await ownIn(world, scope, signal);
  switch (own.is) {
    case "all":
      return undefined;
    case "owner":
      return ofOwner(own.owner);
    case "unknown":
      throw new PluginError(
        `which workspaces are yours is not known: you see those of others, and ${
          JSON.stringify(own.user)
        } is no name of a Coder user. Name yours with --owner`,
      );
  }
}

export function ofOwner(owner: string): string {
  return `status.ownerName=${owner}`;
}

/** All pages as one. */
export async function workspaceTable(
  world: PluginWorld,
  selected: Selected,
  signal: AbortSignal,
): Promise<Table> {
  let columns: Table["columns"] = [];
  const rows: Table["rows"][number][] = [];
  for await (const answer of pages(world, selected, signal, TABLE_ACCEPT)) {
    const table = readTable(answer);
    if (columns.length === 0) columns = table.columns;
    rows.push(...table.rows);
  }
  return { columns, rows };
}

/** All of them as `kubectl get -o json` has lists: nothing that every apply writes anew. */
export async function workspaceObjects(
  world: PluginWorld,
  selected: Selected,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const items: unknown[] = [];
  for await (const answer of pages(world, selected, signal)) {
    const found = isRecord(answer) ? answer["items"] : undefined;
    items.push(...(Array.isArray(found) ? found : []).map(withType));
  }
  return { apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } };
}

async function* pages(
  world: PluginWorld,
  { scope, labelSelector, fieldSelector }: Selected,
  signal: AbortSignal,
  accept?: string,
): AsyncGenerator<unknown> {
  let next: string | undefined;
  do {
    const path = withQuery(resourcePath(CoderWorkspaces, scope === "all" ? {} : scope), {
      limit: PAGE,
      labelSelector,
      fieldSelector,
      continue: next,
    });
    const answer = await world.client.raw("GET", path, {
      ...callOptions(world, signal),
      ...(accept === undefined ? {} : { accept }),
    });
    const metadata = isRecord(answer) ? answer["metadata"] : undefined;
    const token = isRecord(metadata) ? metadata["continue"] : undefined;
    next = typeof token === "string" && token !== "" ? token : undefined;
    yield answer;
  } while (next !== undefined);
}

function withType(item: unknown): unknown {
  if (!isRecord(item)) return item;
  const { metadata, ...rest } = item;
  const { managedFields: _left, ...shown } = isRecord(metadata) ? metadata : {};
  return { apiVersion: "aggregation.coder.com/v1alpha1", kind: "CoderWorkspace", metadata: shown, ...rest };
}
