/**
 * Diagnoses by the compiled product, in mode all, as a caller of its MCP port; and by the same engine over a network in
 * which Coder or the API server is half down.
 */
import { encode } from "npm:gpt-tokenizer@4.0.0/encoding/o200k_base";
import { diagnose, type Subject } from "../../src/diagnosis/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { waitFor } from "../cluster/mod.ts";
import type { Touches } from "../diagnosis/failure.ts";
import { Ground } from "../diagnosis/kubernetes/ground.ts";
import type { KubeFailure } from "../diagnosis/kubernetes/kube_failure.ts";
import type { Lab } from "../diagnosis/kubernetes/lab.ts";
import { KUBERNETES_SIDE } from "../diagnosis/kubernetes/mod.ts";
import { addLogLine, beginBuild, endBuild, pickUpBuild } from "../fake-coder/mod.ts";
import { type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { percentile } from "./aggregated/figures.ts";
import { compiledBinary } from "./compiled_binary.ts";
import type { Report } from "./report.ts";
import { ToldRows } from "./told_rows.ts";

const CALLS = Number(Deno.env.get("BENCH_CALLS") ?? "100");
const WARM_UP = 10;
/** Failures that leave other namespaces alone. */
const WIDE: readonly Touches[] = ["cluster"];
/** Failures that are made, each in a namespace of its own, and how many at a time. */
const FAILURES = 24;
const AT_ONCE = 6;
const RBAC = "rbac.authorization.k8s.io";

/** Goals of the figures: milliseconds, requests, tokens. */
const REACH = { p50: 300, longest: 5_000, calls: 15, tokens: 1_500 };

/** Something that can be asked about. */
interface Asked {
  readonly what: string;
  readonly subject: Subject;
  readonly lab: Lab;
  /** The answer. */
  readonly says?: RegExp | undefined;
}

const TOOLS = {
  workspace: "diagnose_workspace",
  controlplane: "diagnose_control_plane",
  provisioner: "diagnose_provisioner",
  proxy: "diagnose_workspace_proxy",
} as const;

/** Measures; the compiled binary must exist (`deno task compile`). */
export async function measure(): Promise<Report> {
  const rows = new ToldRows();
  const binary = await compiledBinary();
  await using ground = await Ground.start(1 + FAILURES, {
    binary,
    mcp: true,
    args: ["--mcp-rate-limit=0", "--mcp-audit-log=off", "--mcp-toolsets=core,platform"],
  });
  await using lab = await ground.lab();
  const asked = await workspaces(lab);
  const broken = await failures(ground);
  const { cluster, app } = ground;
  await cluster.apply({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: "bench-admin" },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", namespace: "people", name: "viewer" }],
  });
  const token = await cluster.serviceAccountToken({ namespace: "people", name: "viewer" });
  await using client = await LATEST.connect({ url: app.replica.mcpUrl, token });
  for (const one of asked) await warm(client, one, rows);
  await sizes(client, [...asked, ...broken], rows);
  await hangingCoder(client, lab, asked, rows);
  await hangingApiServer(ground, asked, rows);
  return { area: "diagnosis", rows: rows.list };
}

/** A workspace that runs, one whose pod cannot start, one whose build has failed. */
async function workspaces(lab: Lab): Promise<Asked[]> {
  const { namespace, coder: { state } } = lab;
  const asked = (what: string, name: string, says: RegExp): Asked => ({
    what,
    says,
    subject: { kind: "workspace", namespace, name },
    lab,
  });
  const healthy = await lab.make("workspace", "well");
  await lab.workspacePod("well");
  await lab.condition("Pod", "coder-well", "Ready", "True");

  const failed = await lab.make("workspace", "failed");
  beginBuild(state, lab.record("failed"), "start");
  pickUpBuild(state, lab.record("failed"));
  const { id } = lab.record("failed").latest_build;
  for (let line = 0; line < 300; line++) {
    addLogLine(state, id, "Terraform apply", `Still creating… [${line}s]`);
  }
  addLogLine(state, id, "Terraform apply", "Error: error creating pod: pods is forbidden");
  endBuild(state, lab.record("failed"), "terraform apply: exit status 1");

  const pod = failureOf("workspace", /image-not-found/);
  await pod.prepare?.(lab, "broken");
  const broken = await pod.inject(lab, "broken");
  await waitFor(
    async () => (await lab.find("CoderWorkspace", failed)).status.latestBuildStatus === "failed",
    {
      what: "the failed build to be known",
    },
  );
  return [
    asked("a workspace that runs", healthy, /\nNothing is wrong\.$/),
    asked("a workspace whose pod cannot start", broken, /^1\. .*image-not-found\)/m),
    asked("a workspace whose build has failed", failed, /^1\. .*terraform-error\)/m),
  ];
}

function failureOf(subject: Subject["kind"], id: RegExp): KubeFailure {
  const found = KUBERNETES_SIDE.find((one) => one.subject === subject && id.test(one.id));
  if (found === undefined) throw new Error(`no failure of a ${subject} is like ${id}`);
  return found;
}

/** Many that are broken, each in its own way. */
async function failures(ground: Ground): Promise<Asked[]> {
  const fit = KUBERNETES_SIDE.filter(({ touches }) => !touches.some((one) => WIDE.includes(one)));
  // Evenly out of all of them: those that are alike are beside each other.
  const waiting = Array.from(
    { length: FAILURES },
    (_, index) => fit[Math.floor(index * fit.length / FAILURES)]!,
  );
  const made: Asked[] = [];
  const worker = async () => {
    for (let failure = waiting.shift(); failure !== undefined; failure = waiting.shift()) {
      const lab = await ground.lab();
      await failure.prepare?.(lab, "one");
      const name = await failure.inject(lab, "one");
      made.push({
        what: failure.id,
        subject: { kind: failure.subject, namespace: lab.namespace, name },
        lab,
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return made;
}

async function told(client: ConnectedClient, { what, subject: { kind, ...of } }: Asked) {
  const since = performance.now();
  const { text, isError } = await client.call(TOOLS[kind], of);
  if (isError) throw new Error(`${what}: ${text}`);
  return { ms: performance.now() - since, text };
}

async function warm(client: ConnectedClient, asked: Asked, rows: ToldRows): Promise<void> {
  for (let call = 0; call < WARM_UP; call++) {
    const { text } = await told(client, asked);
    if (asked.says?.test(text) === false) throw new Error(`${asked.what}: ${text}`);
  }
  const took: number[] = [];
  for (let call = 0; call < CALLS; call++) took.push((await told(client, asked)).ms);
  const p50 = percentile(took, 0.5);
  rows.atMost(REACH.p50, {
    what: `${asked.what}, warm, over MCP, p50 of ${CALLS}`,
    value: p50,
    text: `${p50.toFixed(0)} ms (p99 ${percentile(took, 0.99).toFixed(0)} ms)`,
    unit: " ms",
  });
}

/** What answers cost a model, and what they cost Kubernetes and Coder. */
async function sizes(
  client: ConnectedClient,
  all: readonly Asked[],
  rows: ToldRows,
): Promise<void> {
  const [tokens, calls]: [number[], number[]] = [[], []];
  let most = "";
  for (const asked of all) {
    tokens.push(encode((await told(client, asked)).text).length);
    const { signal } = new AbortController();
    const { kubernetes, coder } = (await diagnose(asked.subject, asked.lab.world("admin"), { signal })).calls;
    calls.push(kubernetes + coder);
    if (kubernetes + coder === Math.max(...calls)) most = `${kubernetes} + ${coder}, ${asked.what}`;
  }
  const median = percentile(tokens, 0.5);
  rows.atMost(REACH.tokens, {
    what: `tokens of an answer, median of ${all.length} (three workspaces as above, and ${
      all.length - 3
    } failures)`,
    value: median,
    text: `${median} (most ${Math.max(...tokens)})`,
  });
  rows.atMost(REACH.calls, {
    what: "requests to Kubernetes and Coder for one diagnosis, at most",
    value: Math.max(...calls),
    text: `${Math.max(...calls)} (${most}; median ${percentile(calls, 0.5)})`,
  });
}

async function hangingCoder(
  client: ConnectedClient,
  { coder }: Lab,
  all: readonly Asked[],
  rows: ToldRows,
): Promise<void> {
  const took: number[] = [];
  const remove = coder.faults.add({ times: Infinity, action: { do: "hang" } });
  for (const asked of all) took.push((await told(client, asked)).ms);
  remove();
  longest("Coder accepts and never answers, over MCP", took, rows);
}

async function hangingApiServer(
  ground: Ground,
  all: readonly Asked[],
  rows: ToldRows,
): Promise<void> {
  const { cluster } = ground;
  const kubeconfig = await cluster.serviceAccountKubeconfig({
    namespace: "people",
    name: "viewer",
    throughFaults: true,
  });
  const rest = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  for (
    const [what, match] of [
      ["events are never listed", { resource: "events" }],
      ["pods and their logs are never read", { resource: "pods" }],
      ["nothing of the API server is answered but workspaces", {
        when: ({ resource }: { resource?: string }) => resource !== "coderworkspaces",
      }],
      ["nothing of the API server is answered", {}],
    ] as const
  ) {
    cluster.faults.freeze(match);
    const took: number[] = [];
    for (const { subject, lab } of all) {
      const world = { ...lab.world("admin"), cluster: clientCluster(rest) };
      const since = performance.now();
      await diagnose(subject, world, { signal: AbortSignal.timeout(2 * REACH.longest) });
      took.push(performance.now() - since);
    }
    cluster.faults.clear();
    longest(what, took, rows);
  }
  rest.close();
}

function longest(what: string, took: readonly number[], rows: ToldRows): void {
  const worst = Math.max(...took);
  rows.atMost(REACH.longest, {
    what: `${what}: the longest of ${took.length}`,
    value: worst,
    text: `${(worst / 1_000).toFixed(1)} s`,
    unit: " ms",
  });
}
