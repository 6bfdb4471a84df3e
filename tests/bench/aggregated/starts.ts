/** Many workspaces of a real Coder, started by `kubectl patch` one after the other, and by Coder's own command. */
import { API_ROOT, startAppRig } from "../../aggregated/app_rig.ts";
import type { Cluster } from "../../cluster/mod.ts";
import { type Coderd, ensureCoderTools, plainTemplate, startDeployment } from "../../coder/mod.ts";
import { waitFor } from "../../cluster/wait.ts";
import type { ToldRows } from "../told_rows.ts";
import { patchSeconds } from "./large_template.ts";

/** Two hundred take ten minutes and more on two cores; `BENCH_STARTS` says otherwise. */
const COUNT = Number(Deno.env.get("BENCH_STARTS") ?? "50");
const NAMESPACE = "started";
const BUILDS_MS = 30 * 60_000;

/** Milliseconds from the first command. */
interface Took {
  /** Coder has them all: each command has ended. */
  readonly taken: number;
  /** They all run. */
  readonly running: number;
}

export async function manyStarts(
  cluster: Cluster,
  binary: string,
  rows: ToldRows,
): Promise<void> {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const { token } = await coderd.firstUser();
  await using rig = await startAppRig({
    cluster,
    binary,
    coders: { [`${NAMESPACE}/coder`]: { url: coderd.url, token } },
    args: [],
  });
  const template = await coderd.createTemplate({ name: "plain", files: plainTemplate() });
  const names = Array.from({ length: COUNT }, (_, index) => `ws-${String(index).padStart(3, "0")}`);
  for (const name of names) await coderd.createWorkspace({ template, name, noWait: true });
  await allAre(coderd, token, "running");
  await stopAll(coderd, token);

  const { coder } = await ensureCoderTools();
  const home = await Deno.makeTempDir({ prefix: "coder-k8s-cli-" });
  try {
    const env = { CODER_URL: coderd.url, CODER_SESSION_TOKEN: token, HOME: home, CODER_CONFIG_DIR: home };
    const byCommand = await started(coderd, token, async () => {
      for (const name of names) await run(coder, ["start", "--no-wait", "--yes", name], env);
    });
    rows.push({
      what:
        `for comparison: ${COUNT} workspaces of a real Coder by a loop of \`coder start --no-wait\`: until Coder has ` +
        "taken them all, and until all run",
      measured: `${seconds(byCommand.taken)}, ${seconds(byCommand.running)}`,
      value: byCommand.taken,
    });
    await stopAll(coderd, token);
    const shown = await shownNames(cluster, names);
    const patch = JSON.stringify({ spec: { running: true } });
    const byKubectl = await started(coderd, token, async () => {
      for (const name of shown) {
        await cluster.kubectl(["-n", NAMESPACE, "patch", "cws", name, "--type=merge", "-p", patch]);
      }
    });
    const inside = await patchSeconds(rig, "coderworkspaces") / COUNT * 1_000;
    rows.push({
      what: `the same by a loop of \`kubectl patch\` (in the product ${inside.toFixed(0)} ms each)`,
      measured: `${seconds(byKubectl.taken)}, ${seconds(byKubectl.running)}: ${
        (byKubectl.taken / byCommand.taken).toFixed(2)
      } ×, ${(byKubectl.running / byCommand.running).toFixed(2)} ×`,
      reach: "as fast",
      met: byKubectl.taken <= byCommand.taken * 1.1 && byKubectl.running <= byCommand.running * 1.1,
      value: byKubectl.taken / byCommand.taken,
    });
    const builds = await coderd.sql(
      "select count(*) as count from workspace_builds where transition = 'start'",
    );
    rows.push({
      what: "start builds of each workspace, its creation, the command's and kubectl's",
      measured: (Number(builds[0]?.["count"]) / COUNT).toFixed(2),
      reach: "3",
      met: Number(builds[0]?.["count"]) === 3 * COUNT,
      value: Number(builds[0]?.["count"]) / COUNT,
    });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function started(coderd: Coderd, token: string, start: () => Promise<void>): Promise<Took> {
  const begun = performance.now();
  await start();
  const taken = performance.now() - begun;
  const transitions = new Set((await listed(coderd, token)).map(({ transition }) => transition));
  if (transitions.size !== 1 || !transitions.has("start")) throw new Error("Coder has not taken them all");
  await allAre(coderd, token, "running");
  return { taken, running: performance.now() - begun };
}

async function stopAll(coderd: Coderd, token: string): Promise<void> {
  for (const { id } of await listed(coderd, token)) {
    await coderd.request("POST", `/api/v2/workspaces/${id}/builds`, { token, body: { transition: "stop" } });
  }
  await allAre(coderd, token, "stopped");
}

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly transition: string;
}

async function listed(coderd: Coderd, token: string): Promise<Listed[]> {
  const { workspaces } = await coderd.request("GET", `/api/v2/workspaces?limit=${COUNT + 10}`, { token });
  return workspaces.map((
    { id, latest_build: { status, transition } }: { id: string; latest_build: Record<string, string> },
  ) => ({ id, status, transition }));
}

async function allAre(coderd: Coderd, token: string, status: string): Promise<void> {
  await waitFor(async () => {
    const all = await listed(coderd, token);
    const failed = all.filter((one) => one.status === "failed").length;
    if (failed > 0) throw new Error(`${failed} builds have failed`);
    return all.length === COUNT && all.every((one) => one.status === status);
  }, { what: `${COUNT} workspaces to be ${status}`, timeoutMs: BUILDS_MS, intervalMs: 250 });
}

/** Under which names they are shown. */
async function shownNames(cluster: Cluster, names: readonly string[]): Promise<string[]> {
  return await waitFor(async () => {
    const { items } = await cluster.request("GET", `${API_ROOT}/namespaces/${NAMESPACE}/coderworkspaces`);
    const shown: string[] = items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
    const found = names.map((name) => shown.find((one) => one.endsWith(`.${name}`)));
    const isStopped = items.every(({ spec }: { spec: { running: boolean } }) => !spec.running);
    return isStopped && !found.includes(undefined) ? found as string[] : undefined;
  }, { what: "all workspaces to be shown, stopped", timeoutMs: 120_000 });
}

async function run(program: string, args: string[], env: Record<string, string>): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args, env, stdin: "null", stdout: "null" })
    .output();
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
