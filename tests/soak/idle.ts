/** Many control planes and nobody who wants anything: the operator has to write nothing and to grow by nothing. */
import { type AuditMark, type Cluster, sleep, waitFor } from "../cluster/mod.ts";
import { type Scene, startScene } from "../faults/scene.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { growth } from "./growth.ts";
import { Keeper } from "./keeper.ts";
import { type AreaOptions, atMost, clock, megabytes, type Report, without } from "./report.ts";

/** How a run is done. */
export interface IdleOptions {
  /** @default {200} */
  planes?: number;
  /** How long nothing shall happen, in milliseconds. */
  idleMs: number;
  /** The operator's log, a path. @default nowhere */
  logFile?: string;
  signal: AbortSignal;
  /** Called with what happens now. */
  progress?: (line: string) => void;
}

/** From one look at the memory to the next, in milliseconds. */
const LOOK_MS = 2_000;
/** So long without a write is rest, in milliseconds. */
const REST_MS = 10_000;
/** How much more memory the last quarter may show than the first, in megabytes: what a garbage collector leaves. */
const GROWTH_LIMIT = 15;
const WRITES = ["create", "update", "patch", "delete", "deletecollection"];

/** `deno task soak idle`. */
export async function run(options: AreaOptions): Promise<Report> {
  const { minutes, signal, watch, say, dir } = options;
  const logFile = `${dir}/idle.log`;
  say(`operator's log: ${logFile}`);
  let line = "starting a cluster and the operator";
  const progress = (text: string) => line = text;
  return await watch(() => line, () => runIdle({ idleMs: minutes * 60_000, logFile, signal, progress }));
}

/** Creates control planes, waits until nothing is left to do, and looks on. */
export async function runIdle(options: IdleOptions): Promise<Report> {
  const { planes = 200, idleMs, signal, progress = () => {} } = options;
  await using scene = await startScene("idle");
  await using keeper = await Keeper.start({
    kubeconfig: scene.kubeconfig,
    ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
  });
  await keeper.operator.ready(60_000);
  progress(`creating ${planes} control planes`);
  const started = performance.now();
  await createAll(scene, planes);
  await allReady(scene, planes, signal, progress);
  progress("waiting until nothing is left to do");
  await restful(scene.cluster, signal);
  const busyMs = performance.now() - started;

  const mark = await scene.cluster.audit.mark();
  const readings: number[] = [];
  const idleFrom = performance.now();
  while (performance.now() - idleFrom < idleMs) {
    readings.push(megabytes(keeper.memory()));
    const latest = readings.at(-1)?.toFixed(0);
    progress(`idle for ${clock(performance.now() - idleFrom)} of ${clock(idleMs)}, ${latest} MB`);
    await sleep(Math.min(LOOK_MS, idleMs), signal);
  }
  const writes = await writesSince(scene.cluster, mark);
  await keeper.look();
  await keeper.stop();
  const { first, last, most } = growth(readings);
  return {
    facts: [
      ["control planes", `${planes}, all ready and at rest after ${(busyMs / 1000).toFixed(1)} s`],
      ["idle for", `${clock(idleMs)}, ${readings.length} looks at the memory`],
      [
        "resident memory",
        `${first.toFixed(1)} MB in the first quarter, ${last.toFixed(1)} MB in the last, ${
          most.toFixed(1)
        } MB at most`,
      ],
    ],
    checks: [
      without("writes, renewals of the Lease aside", writes, "0"),
      atMost("growth of resident memory", last - first, GROWTH_LIMIT, "MB"),
      without("accidents of the operator", keeper.problems),
      atMost("panics", keeper.panics, 0),
    ],
  };
}

/** A few at a time, as a busy machine can bear. */
async function createAll(scene: Scene, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, i) => `idle-${i}`);
  const one = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) await scene.create(name);
  };
  await Promise.all([one(), one(), one(), one()]);
}

async function allReady(
  scene: Scene,
  count: number,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<void> {
  await waitFor(async () => {
    const { items } = await scene.cluster.request("GET", scene.collection);
    const ready = items.filter((each: { status?: { phase?: string } }) =>
      each.status?.phase === "Ready"
    ).length;
    progress(`${ready} of ${count} control planes are ready`);
    return ready === count;
  }, { what: `${count} control planes to be ready`, timeoutMs: 300_000, intervalMs: 500, signal });
}

/** Until nothing is written for a while: what became ready last has been told, and all Events are sent. */
async function restful({ audit }: Cluster, signal: AbortSignal): Promise<void> {
  await waitFor(async () => {
    const mark = await audit.mark();
    await sleep(REST_MS, signal);
    const writes = await writesSince({ audit }, mark);
    return writes.length === 0 || Promise.reject(new Error(writes.at(-1)));
  }, { what: "the operator to come to rest", timeoutMs: 180_000, intervalMs: 250, signal });
}

async function writesSince({ audit }: Pick<Cluster, "audit">, mark: AuditMark): Promise<string[]> {
  return (await audit.since(mark)).requests({ user: OPERATOR_USER, verb: WRITES })
    .filter(({ resource }) => resource !== "leases")
    .map(({ verb, uri, at }) => `${at.toISOString()} ${verb} ${uri}`);
}
