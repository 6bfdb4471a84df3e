/**
 * The product as it is shipped, highly available, on a cluster of its own, under load: people who read with kubectl,
 * AI clients that call tools, users who change control planes, and an informer that follows it all.
 */
import type { KubeObject } from "../../src/api/object.ts";
import { canonicalJson } from "../../src/kube/apply/canonical_json.ts";
import { addTemplate, addWorkspace, type FakeCoder, startFakeCoder } from "../fake-coder/mod.ts";
import { addOperatorToken, createControlPlane } from "../bench/control_planes.ts";
import { type Cluster, serviceAccountUser, sleep, startCluster, waitFor } from "../cluster/mod.ts";
import { layout } from "../cluster/state.ts";
import { untilAllowed } from "../deploy/access.ts";
import { type PlayedPods, playPods } from "../deploy/played/mod.ts";
import { startGoInformers } from "../informer/go_informers.ts";
import type { Informers } from "../informer/types.ts";
import { type CallAnswer, CLIENT_1, LATEST } from "../mcp/clients.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { type Calls, startCalls } from "./calls.ts";
import { type Changes, startChanges } from "./changes.ts";
import { Deaths } from "./deaths.ts";
import { type Front, startFront } from "./front.ts";
import { type Reads, startReads } from "./reads.ts";
import { type Requests, startRequests } from "./requests.ts";
import { parseWrites, type Write } from "./writes.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const RBAC = "rbac.authorization.k8s.io";
const GROUP = "aggregation.coder.com";
/** Where the Coder with workspaces is, and where control planes are changed. */
const CODER = { namespace: "coder", name: "coder" };
const CHANGED = "changed";
const WORKSPACES = 40;
const LISTED = `/apis/${GROUP}/v1alpha1/coderworkspaces`;
const LEASE = "coder-k8s-controller.coder.com";
/** How long a busy machine may take for anything, in milliseconds. */
export const PATIENCE_MS = 240_000;

export const DEPLOYMENT = { namespace: "coder-system", name: "coder-k8s" };

export interface WorldOptions {
  readonly seed: number;
  /** A compiled binary. @default {from source} */
  readonly binary?: string | undefined;
  /** Control planes that are changed. @default {4} */
  readonly planes?: number;
}

/** Ends with `await using`, load first. */
export interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly played: PlayedPods;
  readonly front: Front;
  readonly deaths: Deaths;
  readonly reads: Reads;
  readonly requests: Requests;
  readonly calls: Calls;
  readonly changes: Changes;
  /** Ends the load, and waits for the last answers. */
  endLoad(): Promise<void>;
  /** What the informer has, after waiting for it to be what a list says; what differs, and its mistakes, in words. */
  informed(): Promise<readonly string[]>;
  /** Writes of the controllers at control planes that are changed, and at the Lease. */
  writes(): Promise<{ readonly controllers: readonly Write[]; readonly lease: readonly Write[] }>;
}

export async function startWorld({ seed, binary, planes = 4 }: WorldOptions): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startCluster({ name: "availability" }));
  const coder = stack.use(await startFakeCoder({ rateLimit: -1 }));
  coder.state.environment.set("CODER_ACCESS_URL", "https://coder.example.com");
  coder.state.addOwner();
  const token = addOperatorToken(coder.state, CODER.namespace, CODER.name);
  fill(coder.state);
  const played = stack.use(
    await playPods(cluster, {
      ...(binary === undefined ? {} : { binary }),
      args: [
        "--coder-poll-interval=1s",
        // One caller asks for all.
        "--mcp-rate-limit=0",
        // Nobody listens there: what is changed has no Coder, and says so at once.
        ...Array.from(
          { length: planes },
          (_, index) => endpoint(`${CHANGED}/plane-${index}`, "http://127.0.0.1:9"),
        ),
        endpoint(`${CODER.namespace}/${CODER.name}`, coder.url),
      ],
    }),
  );
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "-k", `${root}/deploy`]);
  for (const name of [CODER.namespace, CHANGED]) {
    await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }
  await played.settled(PATIENCE_MS);
  await createControlPlane(cluster, { ...CODER, token, spec: {} });
  const front = stack.use(
    startFront({ port: cluster.state.ports.apiserver, isReady: () => isReady(cluster) }),
  );
  const reader = await readerOf(cluster, front);
  await waitFor(async () => {
    const { items } = await cluster.request("GET", LISTED);
    return items.length === WORKSPACES;
  }, { what: `${WORKSPACES} workspaces to be listed`, timeoutMs: PATIENCE_MS });

  const informers: Informers = stack.use(
    await startGoInformers({
      kubeconfig: reader.kubeconfig,
      specs: [{ name: "workspaces", group: GROUP, version: "v1alpha1", resource: "coderworkspaces" }],
      watchList: false,
    }),
  );
  const deaths = new Deaths();
  const load = stack.use(new AsyncDisposableStack());
  const changes = load.use(
    await startChanges({ cluster, namespace: CHANGED, count: planes, seed }),
  );
  const reads = load.use(startReads({
    cluster,
    kubeconfig: reader.kubeconfig,
    front,
    deaths,
    readers: [
      { args: ["get", "coderworkspaces", "-A"], lines: WORKSPACES + 1 },
      { args: ["get", "codertemplates", "-n", CODER.namespace, "-o", "yaml"], lines: 10 },
      { args: ["get", "codercontrolplanes", "-n", CHANGED], lines: planes + 1 },
    ],
    watchers: [["get", "coderworkspaces", "-A", "-w"]],
  }));
  const requests = load.use(startRequests({
    port: front.port,
    caPem: cluster.caPem,
    token: reader.token,
    paths: [LISTED, `/apis/coder.com/v1alpha1/namespaces/${CHANGED}/codercontrolplanes`],
    readersEach: 4,
    front,
    deaths,
    wrong(path, body) {
      const { items } = JSON.parse(body);
      const count = path === LISTED ? WORKSPACES : planes;
      return items.length === count ? undefined : `${items.length} objects, not ${count}`;
    },
  }));
  const calls = load.use(startCalls({
    url: played.mcpUrl,
    token: reader.token,
    kinds: [LATEST, CLIENT_1],
    tools: [
      { tool: "list_workspaces", args: { limit: 500 }, wrong: otherThan(WORKSPACES) },
      { tool: "list_control_planes", args: { namespace: CHANGED }, wrong: otherThan(planes) },
    ],
  }));
  load.use(changeWorkspaces(coder));
  const all = stack.move();
  return {
    cluster,
    played,
    front,
    deaths,
    reads,
    requests,
    calls,
    changes,
    endLoad: () => load[Symbol.asyncDispose](),
    informed: () => informed(cluster, informers),
    async writes() {
      await cluster.audit.mark();
      const own = parseWrites(await Deno.readTextFile(layout(cluster.dir).auditLog))
        .filter(({ user }) => user === OPERATOR_USER);
      return {
        // What is told to people is told by whoever has seen it.
        controllers: own.filter(({ namespace, resource }) =>
          namespace === CHANGED && !resource.startsWith("events")
        ),
        lease: own.filter(({ resource, name }) => resource.startsWith("leases") && name === LEASE),
      };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function endpoint(key: string, url: string): string {
  return `--control-plane-endpoint=${key}=${url}`;
}

async function isReady(cluster: Cluster): Promise<boolean> {
  return await cluster.request("GET", "/readyz") !== undefined;
}

/** A ServiceAccount that may see everything of ours; its kubeconfig leads through the front. */
async function readerOf(cluster: Cluster, front: Front): Promise<{ kubeconfig: string; token: string }> {
  const account = { namespace: CODER.namespace, name: "reader" };
  const kubeconfig = await cluster.serviceAccountKubeconfig(account);
  const rules = [
    { apiGroups: [GROUP, "coder.com"], resources: ["*"], verbs: ["get", "list", "watch"] },
    { apiGroups: [GROUP], resources: ["coderworkspaces/others"], verbs: ["all"] },
  ];
  await cluster.apply([
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: "reads-all" }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "reads-all" },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "reads-all" },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  ]);
  await untilAllowed(cluster, serviceAccountUser(account), [
    { verb: "list", group: GROUP, resource: "coderworkspaces" },
    { verb: "all", group: GROUP, resource: "coderworkspaces/others" },
  ]);
  const text = await Deno.readTextFile(kubeconfig);
  await Deno.writeTextFile(kubeconfig, text.replaceAll(cluster.url, `https://127.0.0.1:${front.port}`));
  return { kubeconfig, token: await cluster.serviceAccountToken(account) };
}

function fill(state: FakeCoder["state"]): void {
  const { id, name } = addTemplate(state, "template");
  const owner = state.addUser({ username: "ann", roles: [] });
  for (let index = 0; index < WORKSPACES; index++) {
    addWorkspace(state, owner, `workspace-${index}`, {
      template_id: id,
      template_name: name,
      ttl_ms: 28_800_000,
    });
  }
}

/** Owners who change their workspaces: what informers and watches have to tell. */
function changeWorkspaces({ state: { workspaces } }: FakeCoder): AsyncDisposable {
  const stop = new AbortController();
  const running = (async () => {
    for (let turn = 1; !stop.signal.aborted; turn++) {
      workspaces[turn * 7 % workspaces.length]!["ttl_ms"] = turn * 60_000;
      await sleep(500, stop.signal).catch(() => {});
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("enough was changed"));
      await running;
    },
  };
}

async function informed(cluster: Cluster, informers: Informers): Promise<readonly string[]> {
  const facts = (objects: readonly KubeObject[]) =>
    objects.map(({ metadata: { name, uid }, ...object }) => {
      const { spec, status } = object as { spec?: unknown; status?: unknown };
      return `${name} ${uid} ${canonicalJson({ spec, status })}`;
    }).sort();
  let differing = ["nothing was compared"];
  await waitFor(async () => {
    const [report] = await informers.report();
    const listed = facts((await cluster.request("GET", LISTED)).items);
    const known = new Set(facts(report?.objects ?? []));
    differing = listed.filter((fact) => !known.has(fact)).map((fact) => `the informer does not have ${fact}`);
    return differing.length === 0 && known.size === listed.length;
  }, { what: "the informer to have what a list says", timeoutMs: PATIENCE_MS }).catch(() => {});
  const [report] = await informers.report();
  return [...differing, ...report?.mistakes ?? []];
}

/** Why an answer is not one of so many items; undefined where it is. */
function otherThan(count: number): (answer: CallAnswer) => string | undefined {
  return ({ structured, text, isError }) => {
    const items = structured?.["items"];
    const isWhole = !isError && Array.isArray(items) && items.length === count;
    return isWhole ? undefined : text.slice(0, 600);
  };
}
