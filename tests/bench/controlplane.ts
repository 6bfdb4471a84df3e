/** 200 control planes: burst, memory, start-up and idleness of the compiled operator on a real API server. */
import { type Cluster, startCluster } from "../cluster/mod.ts";
import { installOperator, OPERATOR_USER } from "../operator/install.ts";
import { startOperator } from "../operator/process.ts";
import { Arrivals, RECONCILED } from "./arrivals.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report, Row } from "./report.ts";

const COUNT = 200;
const NAMESPACE = "bench";
/** Minutes without a change; `BENCH_IDLE_MINUTES` shortens it for a quick look. */
const IDLE_MINUTES = Number(Deno.env.get("BENCH_IDLE_MINUTES") ?? "5");
/** The Go operator's creating took this long; the same stream is paced so that both are compared fairly. */
const STREAM_SECONDS = 5.4;

/**
 * Where neither a Coder nor a database listens. Names would have to be asked for: a machine whose resolver never answers
 * would be measured with hundreds of visits that wait for it.
 */
const NOBODY = "127.0.0.1:9";
const ENDPOINTS = Array.from(
  { length: COUNT },
  (_, index) => `--control-plane-endpoint=${NAMESPACE}/bench-${index}=http://${NOBODY}`,
);

const WRITES = ["create", "update", "patch", "delete", "deletecollection"];

interface Listed {
  items: unknown[];
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function controlPlane(index: number) {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: `bench-${index}`, namespace: NAMESPACE },
    spec: { extraEnv: [{ name: "CODER_PG_CONNECTION_URL", value: `postgres://coder@${NOBODY}/coder` }] },
  };
}

/** What makes pods of Deployments, besides the API server. */
const COMPANIONS = ["controller-manager", "scheduler", "kwok"] as const;

type Request = (method: string, path: string, body?: unknown) => Promise<unknown>;

const CRS = `/apis/coder.com/v1alpha1/namespaces/${NAMESPACE}/codercontrolplanes`;

/** Creates all control planes, paced; seconds of creating, and from the last create until all are reconciled. */
async function burst(cluster: Cluster): Promise<{ stream: number; after: number }> {
  await using arrivals = await Arrivals.watch(cluster.kubeconfig, NAMESPACE, RECONCILED);
  const started = performance.now();
  for (let index = 0; index < COUNT; index++) {
    const early = started + index * STREAM_SECONDS * 1000 / COUNT - performance.now();
    if (early > 1) await pause(early);
    await cluster.request("POST", CRS, controlPlane(index));
  }
  const last = performance.now();
  await arrivals.all(COUNT);
  return { stream: (last - started) / 1000, after: (performance.now() - last) / 1000 };
}

/** Until garbage collection has taken the children of the deleted control planes. */
async function untilGone(request: Request): Promise<void> {
  const deadline = performance.now() + 180_000;
  while (performance.now() < deadline) {
    const deployments = await request("GET", `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`) as Listed;
    const pods = await request("GET", `/api/v1/namespaces/${NAMESPACE}/pods`) as Listed;
    if (deployments.items.length + pods.items.length === 0) return;
    await pause(500);
  }
  throw new Error("children of deleted control planes are still there after 180 s");
}

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const binary = await compiledBinary();
  await using cluster = await startCluster({ name: `bench-${Deno.pid}` });
  const kubeconfig = await installOperator(cluster);
  await cluster.kubectl(["create", "namespace", NAMESPACE]);
  const rows: Row[] = [];

  let operator = await startOperator({ kubeconfig, binary, args: ENDPOINTS });
  await operator.ready();
  const emptyRss = operator.memory().rss;

  // The Go operator was measured on an API server and etcd alone; the same here, then with everything.
  for (const part of COMPANIONS) await cluster.stop(part);
  const alone = await burst(cluster);
  rows.push({
    what: `${COUNT} control planes in one stream (${
      alone.stream.toFixed(1)
    } s), API server alone: all there after the last`,
    measured: `${alone.after.toFixed(2)} s`,
    reach: "≤ 1 s",
    met: alone.after <= 1,
    before: "8.0 s",
    value: alone.after,
  });
  for (const part of COMPANIONS) await cluster.start(part);
  await untilSettled(operator.metrics);
  await cluster.kubectl(["delete", "codercontrolplanes", "--all", "-n", NAMESPACE, "--timeout=120s"]);
  await untilGone(cluster.request.bind(cluster));
  const crowded = await burst(cluster);
  rows.push({
    what: `the same (${
      crowded.stream.toFixed(1)
    } s) while controllers, scheduler and fake nodes share the cores`,
    measured: `${crowded.after.toFixed(2)} s`,
    value: crowded.after,
  });

  await untilSettled(operator.metrics);
  const rss = operator.memory();
  rows.push({
    what: `memory, ${COUNT} control planes, controller mode (resident; empty: ${mb(emptyRss)})`,
    measured: mb(rss.rss),
    reach: "≤ 110 MB",
    met: rss.rss <= 110e6,
    before: "89 MB",
    value: rss.rss,
  });
  await operator.stop();

  const starts: number[] = [];
  for (let run = 0; run < 3; run++) {
    const begin = performance.now();
    operator = await startOperator({ kubeconfig, binary, args: ENDPOINTS });
    await operator.ready();
    starts.push((performance.now() - begin) / 1000);
    if (run < 2) await operator.stop();
  }
  const start = starts.sort((a, b) => a - b)[1] ?? Number.NaN;
  rows.push({
    what: `start to ready, ${COUNT} control planes (median of ${starts.length})`,
    measured: `${start.toFixed(2)} s`,
    reach: "≤ 1.5 s",
    met: start <= 1.5,
    value: start,
  });

  await untilSettled(operator.metrics);
  const mark = await cluster.audit.mark();
  await pause(IDLE_MINUTES * 60_000);
  const writes = (await cluster.audit.since(mark)).requests({ user: OPERATOR_USER, verb: WRITES })
    .filter((entry) => entry.resource !== "leases").length;
  rows.push({
    what: `writes in ${IDLE_MINUTES} idle minutes, ${COUNT} control planes (lease renewals aside)`,
    measured: String(writes),
    reach: "0",
    met: writes === 0,
    before: "one PUT a reconcile",
    value: writes,
  });
  const later = operator.memory();
  rows.push({
    what: `memory after a restart and ${IDLE_MINUTES} idle minutes`,
    measured: mb(later.rss),
    value: later.rss,
  });
  await operator.stop();
  return { area: "controlplane", rows };
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/**
 * Until the number of passes has not moved for five seconds (Deployments become ready, status follows). Visits are left
 * out: those to a Coder that nobody answers for are tried again and again.
 */
async function untilSettled(metrics: () => Promise<string>): Promise<void> {
  let last = "";
  let since = performance.now();
  const deadline = since + 180_000;
  while (performance.now() < deadline) {
    const now = (await metrics()).split("\n").filter((line) =>
      /^controller_runtime_reconcile_total\{controller="codercontrolplane"/.test(line)
    ).join();
    if (now !== last) [last, since] = [now, performance.now()];
    if (performance.now() - since > 5000) return;
    await pause(250);
  }
  throw new Error("the operator is still reconciling after 180 s without a change");
}
