/**
 * 500 control planes, each with a Coder of its own (the fake one): what steady state costs each Coder and the API server,
 * what a minute of 429 costs, and what control planes whose PostgreSQL hangs cost the others.
 */
import net from "node:net";
import { operatorTokenName } from "../../src/workload/names.ts";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { type FakeCoder, startFakeCoder } from "../fake-coder/mod.ts";
import { fakeLicense } from "../fake-coder/mod.ts";
import { installOperator, OPERATOR_USER } from "../operator/install.ts";
import { startOperator } from "../operator/process.ts";
import type { Report, Row } from "./report.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const COUNT = Number(Deno.env.get("BENCH_CALLS_COUNT") ?? "500");
/** Minutes without a change; `BENCH_CALLS_MINUTES` shortens it for a quick look. */
const MINUTES = Number(Deno.env.get("BENCH_CALLS_MINUTES") ?? "6");
/** Control planes whose database never answers: more than there are workers for visits. */
const HUNG = 80;
/** Control planes whose reconciling is timed beside them. */
const TIMED = 40;
const NAMESPACE = "calls";
const CRS = `/apis/coder.com/v1alpha1/namespaces/${NAMESPACE}/codercontrolplanes`;
const WRITES = ["create", "update", "patch", "delete", "deletecollection"];

interface Plane {
  metadata: { name: string };
  status?: { url?: string; operatorAccessReady?: boolean; licenseTier?: string; phase?: string };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function planes(cluster: Cluster): Promise<Plane[]> {
  return (await cluster.request("GET", CRS) as { items: Plane[] }).items;
}

/** One Coder with an operator's token in it, and the control plane with that token in its Secret. */
async function addPlane(cluster: Cluster, fake: FakeCoder, name: string): Promise<void> {
  const user = fake.state.addUser({ username: "coder-k8s-operator", login_type: "none", is_system: true });
  const token = fake.state.addToken(user, {
    lifetime_seconds: 365 * 86_400,
    token_name: operatorTokenName(NAMESPACE, name),
  });
  const secrets = `/api/v1/namespaces/${NAMESPACE}/secrets`;
  await cluster.request("POST", CRS, {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name },
    spec: { licenseSecretRef: { name: `${name}-licence` } },
  }).then((plane) =>
    cluster.request("POST", secrets, {
      metadata: {
        name: `${name}-operator-token`,
        labels: {
          "app.kubernetes.io/name": "coder-control-plane",
          "app.kubernetes.io/instance": name,
          "app.kubernetes.io/managed-by": "coder-k8s",
        },
        ownerReferences: [{
          apiVersion: "coder.com/v1alpha1",
          kind: "CoderControlPlane",
          name,
          uid: plane.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        }],
      },
      stringData: { token },
    })
  );
  await cluster.request("POST", secrets, {
    metadata: { name: `${name}-licence` },
    stringData: { license: fakeLicense() },
  });
}

function hasAll(status: Plane["status"]): boolean {
  return status?.operatorAccessReady === true && ["enterprise", "premium"].includes(status.licenseTier ?? "");
}

async function writesSince(cluster: Cluster, mark: Awaited<ReturnType<Cluster["audit"]["mark"]>>) {
  return (await cluster.audit.since(mark)).requests({ user: OPERATOR_USER })
    .filter(({ verb, resource }) => WRITES.includes(verb) && resource !== "leases");
}

async function steadyState(cluster: Cluster, fakes: readonly FakeCoder[], rows: ToldRows): Promise<void> {
  // What the start left to do, such as Events that wait for their turn, is over when nothing is written for a while.
  await waitFor(async () => {
    const mark = await cluster.audit.mark();
    await pause(20_000);
    return (await writesSince(cluster, mark)).length === 0;
  }, { what: "20 seconds without a write", timeoutMs: 600_000 });
  const mark = await cluster.audit.mark();
  const since = performance.now();
  await pause(MINUTES * 60_000);
  const most = Math.max(...fakes.map((fake) => fake.count({ since }) / MINUTES));
  const writes = await writesSince(cluster, mark);
  const kinds = [...new Set(writes.map(({ verb, resource }) => `${verb} ${resource}`))].join(", ");
  rows.push({
    what: `${COUNT} control planes, ${MINUTES} quiet minutes: requests a minute to the busiest Coder`,
    measured: most.toFixed(2),
    reach: "≤ 1",
    met: most <= 1,
    value: most,
  }, {
    what: `writes to Kubernetes in that time${kinds === "" ? "" : ` (${kinds})`}`,
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
    await cluster.request("PATCH", `/api/v1/namespaces/${NAMESPACE}/secrets/${name}-licence`, {
      stringData: { license: fakeLicense() },
    });
  }
  await pause(60_000);
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

/** Rows that are told on standard error as they come: the whole takes a quarter of an hour. */
class ToldRows {
  readonly list: Row[] = [];

  push(...rows: Row[]): void {
    for (const { what, measured } of rows) {
      Deno.stderr.writeSync(new TextEncoder().encode(`${what}: ${measured}\n`));
    }
    this.list.push(...rows);
  }
}

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = `${root}/dist/coder-k8s`;
  await Deno.stat(binary).catch(() => {
    throw new Error("dist/coder-k8s does not exist: run `deno task compile` first");
  });
  await using cluster = await startCluster({ name: `bench-calls-${Deno.pid}` });
  const kubeconfig = await installOperator(cluster);
  await cluster.kubectl(["create", "namespace", NAMESPACE]);
  const fakes = new Map<string, FakeCoder>();
  const file = `${cluster.dir}/operator.yaml`;
  try {
    for (let i = 0; i < COUNT; i++) fakes.set(`calls-${i}`, await startFakeCoder());
    const endpoints = [...fakes].map(([name, fake]) => `  - ${NAMESPACE}/${name}=${fake.url}`);
    await Deno.writeTextFile(file, `controlPlaneEndpoint:\n${endpoints.join("\n")}\n`);
    const operator = await startOperator({ kubeconfig, binary, args: [`--config=${file}`] });
    await operator.ready();
    // First, while nothing else is going on.
    await hungDatabases(cluster, rows);
    for (const [name, fake] of fakes) await addPlane(cluster, fake, name);
    await waitFor(async () => {
      const late = (await planes(cluster)).find(({ status }) => !hasAll(status));
      return late === undefined || Promise.reject(new Error(JSON.stringify(late.status)));
    }, { what: `${COUNT} control planes with access and licence`, timeoutMs: 300_000, intervalMs: 2_000 });
    await steadyState(cluster, [...fakes.values()], rows);
    await rateLimited(cluster, fakes, rows);
    await operator.stop();
    const violations = [...fakes.values()].flatMap((fake) => fake.violations);
    if (violations.length > 0) throw new Error(`the fake Coder was asked wrongly: ${violations[0]}`);
  } finally {
    for (const fake of fakes.values()) await fake[Symbol.asyncDispose]();
  }
  return { area: "calls", rows: rows.list };
}
