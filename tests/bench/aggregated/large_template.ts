/** `kubectl apply` of a large template that is as it is already, and what Coder hears of changes of a template. */
import { join } from "node:path";
import type { ToldRows } from "../told_rows.ts";
import { percentile } from "./figures.ts";
import type { Ground } from "./ground.ts";
import { largeFiles } from "./large_files.ts";
import { APPLY, Patches } from "./patches.ts";

const BYTES = 5_000_000;
const TIMES = Number(Deno.env.get("BENCH_APPLIES") ?? "20");
/** Milliseconds. */
const REACH = 300;
const NAME = "large";

/** See the file's head. */
export async function largeTemplate(ground: Ground, rows: ToldRows): Promise<void> {
  const { workspacesPath } = ground;
  await ground.order({ template: NAME, bytes: BYTES });
  const namespace = workspacesPath.split("/").at(-2)!;
  const path = workspacesPath.replace(/coderworkspaces$/, "codertemplates");
  const name = await shownName(ground, path);
  const manifest = (files: Record<string, string> | undefined, at: string) => ({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderTemplate",
    metadata: { namespace, name: at },
    spec: { displayName: "Large", ...(files === undefined ? {} : { files }) },
  });
  const whole = JSON.stringify(manifest(largeFiles(BYTES), name));
  const caller = await ground.writer();
  using patches = new Patches(caller);
  const query = "fieldManager=kubectl&fieldValidation=Strict";
  const apply = async () => {
    const { sent, answered, body } = await patches.send(`${path}/${name}?${query}`, whole, APPLY);
    return { took: answered - sent, body };
  };

  await ground.counted();
  const cold = await apply();
  const first = await ground.counted();
  const warm: number[] = [];
  const [spent, computed] = [await patchSeconds(ground.rig, "codertemplates"), ground.processorSeconds()];
  for (let time = 0; time < TIMES; time++) warm.push((await apply()).took);
  const inside = (await patchSeconds(ground.rig, "codertemplates") - spent) / TIMES * 1_000;
  const processor = (ground.processorSeconds() - computed) / TIMES * 1_000;
  const asked = changesOf((await ground.counted()).routes);
  const megabytes = (whole.length / 1e6).toFixed(1);
  const isSame = JSON.stringify(JSON.parse(cold.body).spec.files) === JSON.stringify(largeFiles(BYTES));
  rows.push({
    what:
      `the first apply (server-side) of a template of ${megabytes} MB that is as it is already: one download (${
        changesOf(first.routes)
      }); its files come back whole`,
    measured: `${cold.took.toFixed(0)} ms, ${isSame ? "yes" : "no"}`,
    value: cold.took,
    reach: "yes",
    met: isSame,
  });
  const [p50, p99] = [percentile(warm, 0.5), percentile(warm, 0.99)];
  rows.push({
    what: `each one after it, as a PATCH through the API server: median of ${TIMES} (the longest took ${
      p99.toFixed(0)
    } ms; in the product ${inside.toFixed(0)} ms, of its processor ${
      processor.toFixed(0)
    } ms; requests to Coder: ${asked || "none"})`,
    measured: `${p50.toFixed(0)} ms`,
    reach: `no download, no build, ≤ ${REACH} ms`,
    met: p50 <= REACH && asked === "",
    value: p50,
  });
  await byKubectl(ground, rows, { whole, small: (at) => JSON.stringify(manifest(undefined, at)) }, name);

  const changed = `${path}/${name}`;
  await patches.send(changed, { metadata: { labels: { team: "a" } } });
  const labels = changesOf((await ground.counted()).routes);
  await patches.send(changed, {
    spec: { displayName: "Larger", settings: { activityBumpMillis: 1_800_000 } },
  });
  const { routes } = await ground.counted();
  const calls = Object.entries(routes).filter(([route]) => isOfTemplate(route));
  rows.atMost(3, {
    what: `requests to Coder for a change of a template's name and settings (${
      changesOf(routes)
    }); for a label: ${labels || "none"}`,
    value: calls.reduce((sum, [, count]) => sum + count, 0),
    text: String(calls.reduce((sum, [, count]) => sum + count, 0)),
    before: "8 to 18",
  });
}

interface Manifests {
  readonly whole: string;
  small(name: string): string;
}

/** The command, beside one that applies nearly nothing. */
async function byKubectl(ground: Ground, rows: ToldRows, manifests: Manifests, name: string): Promise<void> {
  const { rig: { cluster } } = ground;
  const folder = await Deno.makeTempDir({ prefix: "coder-k8s-large-" });
  try {
    const [whole, small] = [join(folder, "whole.json"), join(folder, "small.json")];
    await Deno.writeTextFile(whole, manifests.whole);
    await Deno.writeTextFile(small, manifests.small(name.replace(NAME, "template-0")));
    const timed = async (...args: string[]) => {
      const started = performance.now();
      await cluster.kubectl(args);
      return performance.now() - started;
    };
    const applied = (file: string) => timed("apply", "--server-side", "--force-conflicts", "-f", file);
    for (const file of [whole, small]) await applied(file);
    await ground.counted();
    const took: Record<"whole" | "small" | "unsent", number[]> = { whole: [], small: [], unsent: [] };
    for (let time = 0; time < Math.ceil(TIMES / 2); time++) {
      took.small.push(await applied(small));
      took.whole.push(await applied(whole));
      // What kubectl makes of the file; of the answer it makes as much again.
      took.unsent.push(await timed("create", "--dry-run=client", "-o", "name", "-f", whole));
    }
    const asked = changesOf((await ground.counted()).routes);
    const [least, most] = [percentile(took.small, 0.5), percentile(took.whole, 0.5)];
    rows.push({
      what:
        "for comparison: kubectl apply --server-side of an unchanged template without files, the whole command",
      measured: `${least.toFixed(0)} ms`,
      value: least,
    }, {
      what: "for comparison: kubectl create --dry-run=client of the large one, which sends nothing",
      measured: `${percentile(took.unsent, 0.5).toFixed(0)} ms`,
      value: percentile(took.unsent, 0.5),
    }, {
      what: `kubectl apply --server-side of the large one (requests to Coder: ${asked || "none"})`,
      measured: `${most.toFixed(0)} ms`,
      reach: `≤ ${REACH} ms`,
      met: most <= REACH && asked === "",
      value: most,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Seconds that patches took in the product, so far. */
export async function patchSeconds(
  rig: Ground["rig"],
  resource: "codertemplates" | "coderworkspaces",
): Promise<number> {
  const lines = (await rig.replica.process.metrics()).split("\n");
  return lines.filter((line) =>
    line.startsWith("apiserver_request_duration_seconds_sum{") && line.includes('verb="PATCH"') &&
    line.includes(`resource="${resource}"`)
  ).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Under which name it is shown, once it is. */
async function shownName(ground: Ground, path: string): Promise<string> {
  const end = performance.now() + 120_000;
  for (;;) {
    const { items } = await ground.rig.cluster.request("GET", path);
    const names: string[] = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    const found = names.find((name) => name.endsWith(`.${NAME}`));
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`the template ${NAME} is not shown: ${names.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Whatever else than the lists that are asked for all the time. */
function isOfTemplate(route: string): boolean {
  return /template|files/.test(route) && route !== "GET /api/v2/templates";
}

function changesOf(routes: Readonly<Record<string, number>>): string {
  return Object.entries(routes).filter(([route]) => isOfTemplate(route)).map(([route, count]) =>
    `${count} × ${route}`
  ).sort().join(", ");
}
