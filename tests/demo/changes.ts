/** The demo's last step: kubectl changes what is in Coder, and watches it happen. */
import { stringify } from "yaml";
import { watchWithKubectl } from "../aggregated/watch_process.ts";
import type { Cluster } from "../cluster/mod.ts";
import { plainTemplate } from "../coder/mod.ts";
import type { Screen } from "./screen.ts";

/** What the step needs of the demo. */
export interface ChangesOptions {
  readonly cluster: Cluster;
  readonly out: Screen;
  /** Whose workspace it is. */
  readonly owner: string;
  /** Runs a kubectl command and shows both the command and its output. */
  show(args: readonly string[]): Promise<string>;
}

const API = "aggregation.coder.com/v1alpha1";
const scope = ["-n", "coder"];

/** A template from files, and a workspace that comes, stops and goes. */
export async function changeWorkspaces({ cluster, out, owner, show }: ChangesOptions): Promise<void> {
  out.title("kubectl changes Coder");
  out.say(
    "A template is a manifest, too. Its files become a version, which is built before anybody uses it:",
  );
  await apply(cluster, out, ["apply", "--server-side", "-f", "-"], {
    apiVersion: API,
    kind: "CoderTemplate",
    metadata: { namespace: "coder", name: "coder.small" },
    spec: { displayName: "Small", files: plainTemplate({ seconds: 2 }) },
  });
  await show([...scope, "wait", "--for=condition=Ready", "codertemplate/coder.small", "--timeout=240s"]);
  await show([...scope, "get", "codertemplates"]);

  const name = `coder.${owner}.demo`;
  const workspace = `coderworkspace/${name}`;
  out.say("Somebody watches, while a workspace of it is created, stopped and deleted:");
  out.command("kubectl -n coder get coderworkspaces -w");
  const field = `--field-selector=metadata.name=${name}`;
  await using watch = watchWithKubectl(cluster, [...scope, "coderworkspaces", field, "--no-headers"]);
  await apply(cluster, out, ["create", "-f", "-"], {
    apiVersion: API,
    kind: "CoderWorkspace",
    metadata: { namespace: "coder", name },
    spec: { templateName: "small", ttlMillis: 8 * 3_600_000 },
  });
  await show([...scope, "wait", "--for=condition=Ready", workspace, "--timeout=240s"]);
  await show([...scope, "patch", workspace, "--type=merge", "-p", '{"spec":{"running":false}}']);
  const stopped = "--for=jsonpath={.status.latestBuildStatus}=stopped";
  await show([...scope, "wait", stopped, workspace, "--timeout=240s"]);
  const before = watch.lines.length;
  await show([...scope, "delete", workspace, "--timeout=240s"]);
  // A deletion may be over before anybody sees it under way.
  await watch.until((lines) => lines.length > before, "the deletion");
  out.say("This is what the watch has said meanwhile:");
  out.output(watch.lines.join("\n"));
}

/** Gives kubectl a manifest, and shows both. */
export async function apply(
  cluster: Cluster,
  out: Screen,
  args: readonly string[],
  object: object,
): Promise<void> {
  out.command(`kubectl ${args.join(" ")} <<EOF`);
  out.output(stringify(object));
  const { stdout } = await cluster.kubectl(args, { input: JSON.stringify(object) });
  out.output(stdout);
}
