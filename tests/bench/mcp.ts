/**
 * The MCP server of the compiled product, in mode all, with authentication on and a real API server: lists under load, a
 * Coder that is away, replicas, idle sessions. The Go server's figures are those of the reference: it cannot be had here.
 */
import { startCluster } from "../cluster/mod.ts";
import { CLIENT_1, LATEST } from "../mcp/clients.ts";
import { startEndpoint } from "../mcp/endpoint_rig.ts";
import { newSharedState } from "../mcp/fixture_world.ts";
import { routeRandomly } from "../mcp/random_routing.ts";
import { startRoundRobin } from "../mcp/round_robin.ts";
import { type Ground, startGround } from "./aggregated/ground.ts";
import { LoadClient } from "./aggregated/load.ts";
import { compiledBinary } from "./compiled_binary.ts";
import { load, type LoadOrder } from "./mcp/load.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

const RBAC = "rbac.authorization.k8s.io";
const WORKSPACES = 303;
const CONTROL_PLANES = 200;
const ROUTED = Number(Deno.env.get("BENCH_ROUTED") ?? "10000");
const SESSIONS = 200;
const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? "10");
/** What the reference says of the Go server. */
const GO = { controlPlanes: 3_983, workspaces: 16 };

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  await routing(rows);
  await using client = await LoadClient.build();
  await using cluster = await startCluster({ name: `bench-mcp-${Deno.pid}` });
  await using ground = await startGround({
    cluster,
    binary,
    load: client,
    namespace: "few",
    workspaces: WORKSPACES,
    mode: "all",
    mcp: true,
    args: ["--mcp-rate-limit=0", "--mcp-audit-log=off"],
  });
  await cluster.apply([
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: "reads-coder" },
      rules: [{ apiGroups: ["coder.com"], resources: ["*"], verbs: ["get", "list"] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "reads-coder" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "reads-coder" },
      subjects: [{ kind: "ServiceAccount", namespace: "few", name: "reader" }],
    },
  ]);
  const url = ground.rig.replica.mcpUrl;
  const of = (order: Omit<LoadOrder, "url" | "token" | "seconds">) =>
    load({ ...order, url, token: ground.caller.token, seconds: SECONDS });
  await lists(
    "list_control_planes, 16 callers, one control plane",
    1.5 * GO.controlPlanes,
    GO.controlPlanes,
    rows,
    (era) => of({ tool: "list_control_planes", args: {}, era, callers: 16 }),
  );
  await lists(
    `list_workspaces, ${WORKSPACES} workspaces, 4 callers`,
    50 * GO.workspaces,
    GO.workspaces,
    rows,
    (era) => of({ tool: "list_workspaces", args: { limit: 500 }, era, callers: 4 }),
  );
  await idleSessions(ground, rows);
  await manyControlPlanes(ground);
  await lists(
    `list_control_planes, 16 callers, ${CONTROL_PLANES} control planes`,
    1.5 * GO.controlPlanes,
    GO.controlPlanes,
    rows,
    (era) => of({ tool: "list_control_planes", args: { namespace: "many", limit: 500 }, era, callers: 16 }),
  );
  await away(ground, rows);
  return { area: "mcp", rows: rows.list };
}

async function lists(
  what: string,
  reach: number,
  before: number,
  rows: ToldRows,
  run: (era: LoadOrder["era"]) => ReturnType<typeof load>,
): Promise<void> {
  for (const era of ["sessions", "sessionless"] as const) {
    await run(era);
    const { perSecond, p50, p99, bytes } = await run(era);
    rows.push({
      what: `${what}, ${era === "sessions" ? "2025-11-25" : "2026-07-28"}`,
      measured: `${Math.round(perSecond)} /s, p50 ${p50.toFixed(1)} ms, p99 ${
        p99.toFixed(1)
      } ms, ${bytes} bytes`,
      reach: `≥ ${Math.round(reach)} /s`,
      met: perSecond >= reach,
      before: `${before} /s`,
      value: perSecond,
    });
  }
}

async function routing(rows: ToldRows): Promise<void> {
  const shared = newSharedState();
  const tokens = { a: "ann" };
  await using one = await startEndpoint({ shared, tokens, replica: "one" });
  await using two = await startEndpoint({ shared, tokens, replica: "two" });
  await using proxy = await startRoundRobin([one.url, two.url], {
    choose: (count) => Math.floor(Math.random() * count),
  });
  const { failures, calls } = await routeRandomly({
    url: proxy.url,
    token: "a",
    calls: ROUTED,
    kinds: [CLIENT_1, LATEST],
  });
  rows.atMost(0, {
    what: `two replicas, random routing, both eras: failed of ${calls} calls`,
    value: failures.length,
    text: `${failures.length}${failures[0] === undefined ? "" : ` (${failures[0]})`}`,
    before: "sessions lost",
  });
}

/** Open streams of sessions that say nothing. */
async function idleSessions(ground: Ground, rows: ToldRows): Promise<void> {
  const before = ground.memory().rss;
  const abort = new AbortController();
  const { token } = ground.caller;
  const url = ground.rig.replica.mcpUrl;
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  };
  const clientInfo = { name: "bench", version: "1" };
  const open = async () => {
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
    const answer = await fetch(url, { method: "POST", headers, body, signal: abort.signal });
    await answer.text();
    const session = answer.headers.get("mcp-session-id") ?? "";
    const stream = await fetch(url, {
      headers: { ...headers, "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" },
      signal: abort.signal,
    });
    if (stream.status !== 200) throw new Error(`a stream was answered with ${stream.status}`);
    return stream;
  };
  const streams: Response[] = [];
  for (let made = 0; made < SESSIONS; made += 20) {
    streams.push(...await Promise.all(Array.from({ length: 20 }, open)));
  }
  const more = Math.max(0, ground.memory().rss - before) / 2 ** 20;
  rows.atMost(30, {
    what: `${SESSIONS} idle sessions with open streams, resident memory more`,
    value: more,
    text: `${more.toFixed(1)} MB`,
    unit: " MB",
  });
  abort.abort();
  await Promise.allSettled(streams.map((stream) => stream.body?.cancel()));
}

async function manyControlPlanes({ rig: { cluster } }: Ground): Promise<void> {
  const metadata = (index: number) => ({
    namespace: "many",
    name: `plane-${String(index).padStart(3, "0")}`,
  });
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "many" } });
  for (let from = 0; from < CONTROL_PLANES; from += 50) {
    await cluster.apply(Array.from({ length: 50 }, (_, index) => ({
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: metadata(from + index),
      spec: { operatorAccess: { disabled: true } },
    })));
  }
  // What the operator does with them is over when none is written to any more.
  let last = "";
  for (let quiet = 0; quiet < 5;) {
    const { items } = await cluster.request(
      "GET",
      "/apis/coder.com/v1alpha1/namespaces/many/codercontrolplanes",
    );
    const now = JSON.stringify(items.map((item: { metadata: object }) => item.metadata));
    quiet = now === last ? quiet + 1 : 0;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

/** The worst of several tools, in milliseconds. */
async function away(ground: Ground, rows: ToldRows): Promise<void> {
  const client = await LATEST.connect({ url: ground.rig.replica.mcpUrl, token: ground.caller.token });
  await ground.order({ hang: true });
  const took: string[] = [];
  let worst = 0;
  for (
    const [tool, args] of [
      ["list_workspaces", { namespace: "few" }],
      ["list_templates", { namespace: "few" }],
      ["check_health", {}],
    ] as const
  ) {
    const since = performance.now();
    await client.call(tool, args);
    const ms = performance.now() - since;
    worst = Math.max(worst, ms);
    took.push(`${tool} ${Math.round(ms)} ms`);
  }
  await client[Symbol.asyncDispose]();
  rows.atMost(1_100, {
    what: "a Coder that accepts and never answers: the slowest tool",
    value: worst,
    text: took.join(", "),
    unit: " ms",
    before: "hangs",
  });
}
