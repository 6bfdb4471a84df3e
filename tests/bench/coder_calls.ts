/**
 * 500 control planes, each with a Coder of its own (the fake one): what steady state costs each Coder and the API server,
 * what a minute of 429 costs, and what control planes whose PostgreSQL hangs cost the others.
 */
import net from "node:net";
import { type Cluster, sleep, startCluster, waitFor } from "../cluster/mod.ts";
import { type FakeCoder, fakeLicense } from "../fake-coder/mod.ts";
import { installOperator } from "../operator/install.ts";
import { startOperator } from "../operator/process.ts";
import { compiledBinary } from "./compiled_binary.ts";
import { addControlPlane, controlPlanesPath, FakeCoders, licenceSecretName } from "./control_planes.ts";
import type { Report } from "./report.ts";
import { kindsOf, untilQuiet, writesSince } from "./steady.ts";
import { ToldRows } from "./told_rows.ts";

const COUNT = Number(Deno.env.get("BENCH_CALLS_COUNT") ?? "500");
/** Minutes without a change; `BENCH_CALLS_MINUTES` shortens it for a quick look. */
const MINUTES = Number(Deno.env.get("BENCH_CALLS_MINUTES") ?? "6");
/** Control planes whose database never answers: more than there are workers for visits. */
const HUNG = 80;
/** Control planes whose reconciling is timed beside them. */
const TIMED = 40;
const NAMESPACE = "calls";
const CRS = controlPlanesPath(NAMESPACE);

interface Plane {
  metadata: { name: string };
  status?: { url?: string; operatorAccessReady?: boolean; licenseTier?: string; phase?: string };
}

async function planes(cluster: Cluster): Promise<Plane[]> {
  return (await cluster.request("GET", CRS) as { items: Plane[] }).items;
}

function hasAll(status: Plane["status"]): boolean {
  return status?.operatorAccessReady === true && ["enterprise", "premium"].includes(status.licenseTier ?? "");
}

async function steadyState(cluster: Cluster, fakes: readonly FakeCoder[], rows: ToldRows): Promise<void> {
  await untilQuiet(cluster);
  const mark = await cluster.audit.mark();
  const since = performance.now();
  await sleep(MINUTES * 60_000);
  const most = Math.max(...fakes.map((fake) => fake.count({ since }) / MINUTES));
  const writes = await writesSince(cluster, mark);
  rows.push({
    what: `${COUNT} control planes, ${MINUTES} quiet minutes: requests a minute to the busiest Coder`,
    measured: most.toFixed(2),
    reach: "≤ 1",
    met: most <= 1,
    value: most,
  }, {
    what: `writes to Kubernetes in that time${kindsOf(writes)}`,
    measured: String(writes.length),
    reach: "0",
    met: writes.length === 0,
    value: writes.length,
  });
}

/** New licences for all, while every Coder refuses everything for a minute. */
async function rateLimited(
  cluster: Cluster,
  fakes: ReadonlyMap<string, FakeCoder>,
  rows: ToldRows,
): Promise<void> {
  const ends = [...fakes.values()].map((fake) => fake.faults.rateLimit(60));
  const since = performance.now();
  for (const name of fakes.keys()) {
    await cluster.request("PATCH", `/api/v1/namespaces/${NAMESPACE}/secrets/${licenceSecretName(name)}`, {
      stringData: { license: fakeLicense() },
    });
  }
  await sleep(60_000);
  const most = Math.max(...[...fakes.values()].map((fake) => fake.count({ since })));
  for (const end of ends) end();
  rows.push({
    what: "429 for a minute, with new licences to apply: requests of the busiest control plane",
    measured: String(most),
    reach: "≤ 3",
    met: most <= 3,
    value: most,
  });
}

/** From the create of one control plane until its status tells its address; seconds, the median of many. */
async function timed(cluster: Cluster, prefix: string): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < TIMED; i++) {
    const name = `${prefix}-${i}`;
    const started = performance.now();
    await cluster.request("POST", CRS, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name },
      spec: { operatorAccess: { disabled: true } },
    });
    await waitFor(async () => {
      const plane = await cluster.request("GET", `${CRS}/${name}`) as Plane;
      return plane.status?.url !== undefined;
    }, { what: `${name} to be reconciled`, intervalMs: 5, timeoutMs: 60_000 });
    took.push((performance.now() - started) / 1000);
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0;
}

/** A PostgreSQL that takes connections and never says a word. */
async function silentServer(): Promise<{ port: number; close: () => void }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as net.AddressInfo).port;
  return {
    port,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function hungDatabases(cluster: Cluster, rows: ToldRows): Promise<void> {
  const before = await timed(cluster, "before");
  const silent = await silentServer();
  try {
    for (let i = 0; i < HUNG; i++) {
      await cluster.request("POST", CRS, {
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        metadata: { name: `hung-${i}` },
        spec: {
          extraEnv: [{
            name: "CODER_PG_CONNECTION_URL",
            value: `postgres://coder@127.0.0.1:${silent.port}/coder?sslmode=disable`,
          }],
        },
      });
    }
    const beside = await timed(cluster, "beside");
    rows.push({
      what: `a new control plane beside ${HUNG} whose PostgreSQL hangs, against none (${
        (before * 1000).toFixed(0)
      } ms)`,
      measured: `${(beside * 1000).toFixed(0)} ms, ${(beside / before).toFixed(2)} ×`,
      reach: "≤ 1.5 ×",
      met: beside <= before * 1.5,
      before: "15.5 s beside one",
      value: beside / before,
    });
    await cluster.kubectl(["delete", "codercontrolplanes", "--all", "-n", NAMESPACE, "--wait=false"]);
    await waitFor(async () => (await planes(cluster)).length === 0, {
      what: "the control planes to go, after the two minutes that an end waits for its database",
      timeoutMs: 240_000,
      intervalMs: 1_000,
    });
  } finally {
    silent.close();
  }
}

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  await using cluster = await startCluster({ name: `bench-calls-${Deno.pid}` });
  const kubeconfig = await installOperator(cluster);
  await cluster.kubectl(["create", "namespace", NAMESPACE]);
  await using coders = await FakeCoders.start(Array.from({ length: COUNT }, (_, index) => `calls-${index}`));
  const fakes = coders.all;
  const file = `${cluster.dir}/operator.yaml`;
  await Deno.writeTextFile(file, coders.endpoints(NAMESPACE));
  const operator = await startOperator({ kubeconfig, binary, args: [`--config=${file}`] });
  await operator.ready();
  // First, while nothing else is going on.
  await hungDatabases(cluster, rows);
  for (const [name, fake] of fakes) await addControlPlane(cluster, NAMESPACE, name, fake);
  await waitFor(async () => {
    const late = (await planes(cluster)).find(({ status }) => !hasAll(status));
    return late === undefined || Promise.reject(new Error(JSON.stringify(late.status)));
  }, { what: `${COUNT} control planes with access and licence`, timeoutMs: 300_000, intervalMs: 2_000 });
  await steadyState(cluster, [...fakes.values()], rows);
  await rateLimited(cluster, fakes, rows);
  await operator.stop();
  coders.assertClean();
  return { area: "calls", rows: rows.list };
}
