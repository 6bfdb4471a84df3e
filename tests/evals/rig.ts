/** The whole product for the evaluations: one cluster, one process, as many Coders as there are tasks. */
import { startIssuer, type TestIssuer } from "../../src/identity/testing/issuer.ts";
import { type AppRig, startAppRig } from "../aggregated/app_rig.ts";
import { type Cluster, startCluster, waitFor, WaitTimeoutError } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { type FakeCoder, startFakeCoder } from "../fake-coder/mod.ts";
import { FakeKubelet } from "../mcp/fake_kubelet.ts";
import { holdLease } from "../mcp/product_rig.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import type { Task } from "./task.ts";
import { isAtRest, startBuilder } from "./world/builder.ts";
import {
  addControlPlane,
  type ClusterWorld,
  CONTROL_PLANE,
  fillNamespace,
  namespaceSnapshot,
  USER_PREFIX,
} from "./world/cluster_world.ts";
import { fillCoder } from "./world/coder_world.ts";
import { coderSnapshot, type Snapshot } from "./world/snapshot.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const AUDIENCE = "https://mcp.test/mcp";
const TOKEN_SECONDS = 4 * 3_600;
const TOOLSETS = ["core", "workspaces", "templates", "platform", "tasks", "kubernetes"];
/** A restart is a stop and a start, one after the other. */
const SETTLE_MS = 40_000;
/** Who may look after the platform, beside `admin`. */
const PLATFORM_ROLE = "evals-platform";

/** A record of the product's own. */
export interface AuditLine {
  readonly method: string;
  readonly tool: string;
  readonly caller: string;
  readonly success: boolean;
  readonly changed: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** What one task is about, set up. */
export interface LivingWorld extends AsyncDisposable {
  readonly namespace: string;
  readonly fake: FakeCoder;
  /** A bearer token of somebody. */
  token(person: string): Promise<string>;
  snapshot(): Promise<Snapshot>;
  /** As `snapshot`, as soon as nothing is under way and it is as wanted, or when that takes too long. */
  settled(isWanted: (snapshot: Snapshot) => boolean): Promise<Snapshot>;
}

export interface EvalRig extends AsyncDisposable {
  readonly mcpUrl: string;
  readonly cluster: Cluster;
  /** Sets up what a task is about, anew with each call. */
  open(task: Task): Promise<LivingWorld>;
  /** What the product has written down so far. */
  audit(): AuditLine[];
}

/** @param worlds how many can be opened */
export async function startEvalRig(worlds: number, args: readonly string[] = []): Promise<EvalRig> {
  const stack = new AsyncDisposableStack();
  try {
    const issuer = stack.use(await startIssuer());
    const cluster = stack.use(await startCluster({ name: "evals" }));
    await holdLease(cluster);
    const kubelet = stack.use(await FakeKubelet.start(cluster));
    const fakes: FakeCoder[] = [];
    for (let index = 0; index < worlds; index++) {
      fakes.push(stack.use(await startFakeCoder({ rateLimit: -1 })));
    }
    const names = fakes.map((_, index) => `team-${index + 100}`);
    const rig = stack.use(await startProduct(cluster, issuer, fakes, names, args));
    await allow(cluster);
    const rooms = fakes.map((fake, index) => ({ fake, namespace: names[index]! })).reverse();
    return {
      mcpUrl: rig.replica.mcpUrl,
      cluster,
      open: (task) => {
        const room = rooms.pop();
        if (room === undefined) throw new Error(`there is room for ${worlds} worlds`);
        return openWorld({ cluster, kubelet, namespace: room.namespace }, room.fake, issuer, rig, task);
      },
      audit: () => rig.replica.process.lines.flatMap(auditLine),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startProduct(
  cluster: Cluster,
  issuer: TestIssuer,
  fakes: readonly FakeCoder[],
  names: readonly string[],
  args: readonly string[],
): Promise<AppRig> {
  const coders = fakes.map((
    fake,
    index,
  ) => [`${names[index]}/${CONTROL_PLANE}`, { url: fake.url, token: "" }]);
  return await startAppRig({
    cluster,
    coders: Object.fromEntries(coders),
    present: [],
    mode: "all",
    mcp: true,
    args: [
      "--coder-poll-interval=1s",
      "--leader-election-namespace=held",
      "--mcp-auth=oidc",
      `--mcp-url=${AUDIENCE}`,
      `--mcp-oidc-issuer=${issuer.url}`,
      `--mcp-oidc-username-prefix=${USER_PREFIX}`,
      "--mcp-impersonate=true",
      "--mcp-legacy-elicitation=true",
      "--coder-user-mapping=username",
      `--coder-user-prefix=${USER_PREFIX}`,
      `--mcp-toolsets=${TOOLSETS.join(",")}`,
      ...args,
    ],
  });
}

async function allow(cluster: Cluster): Promise<void> {
  for (const file of ["coder-resources-view", "mcp-impersonation"]) {
    await cluster.kubectl(["apply", "-f", `${root}/deploy/components/${file}/rbac.yaml`]);
  }
  await cluster.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: PLATFORM_ROLE },
    rules: [{
      apiGroups: ["coder.com"],
      resources: ["codercontrolplanes", "coderprovisioners", "coderworkspaceproxies"],
      verbs: ["get", "list", "watch", "patch", "update"],
    }],
  });
  await untilAllowed(cluster, OPERATOR_USER, [{ verb: "impersonate", resource: "users" }]);
}

async function openWorld(
  place: ClusterWorld,
  fake: FakeCoder,
  issuer: TestIssuer,
  rig: AppRig,
  { world }: Task,
): Promise<LivingWorld> {
  const { namespace, cluster } = place;
  const startedAt = Date.now();
  const { state } = fake;
  const coderToken = fillCoder(state, world);
  const idOf = (name: string) => {
    const found = state.workspaces.find((one) => `${one["owner_name"]}/${one["name"]}` === name);
    if (found === undefined) throw new Error(`there is no workspace ${name}`);
    return String(found["id"]);
  };
  await fillNamespace(place, world, idOf);
  await addControlPlane(place, coderToken, world.controlPlane);
  const wanted = { coderworkspaces: state.workspaces.length, codertemplates: state.templates.length };
  for (const [kind, count] of Object.entries(wanted)) {
    let names: string[] = [];
    await waitFor(async () => (names = await rig.names(kind, namespace)).length === count, {
      what: `${count} ${kind} in ${namespace}`,
      timeoutMs: 120_000,
      intervalMs: 50,
    }).catch((error) => {
      throw new Error(`${error.message}; there are: ${names.join(", ")}`);
    });
  }
  if (world.coder === "down") await fake.stop();
  const builder = world.builds === "succeed" ? startBuilder(state) : undefined;
  const snapshot = async () => ({
    ...coderSnapshot(state, startedAt),
    ...await namespaceSnapshot(place),
  });
  return {
    namespace,
    fake,
    token: (person) => {
      const now = Math.floor(Date.now() / 1_000);
      return issuer.token({ sub: person, exp: now + TOKEN_SECONDS });
    },
    snapshot,
    async settled(isWanted) {
      const isOver = () => world.builds === "wait" || isAtRest(state);
      const waiting = { what: "what was asked for", timeoutMs: SETTLE_MS, intervalMs: 50 };
      await waitFor(async () => isOver() && isWanted(await snapshot()), waiting).catch((error) => {
        if (!(error instanceof WaitTimeoutError)) throw error;
      });
      return await snapshot();
    },
    async [Symbol.asyncDispose]() {
      builder?.[Symbol.dispose]();
      const path = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes/${CONTROL_PLANE}`;
      if (await cluster.find(path) !== undefined) await cluster.request("DELETE", path);
    },
  };
}

function auditLine(line: string): AuditLine[] {
  if (!line.startsWith("{") || !line.includes('"caller"')) return [];
  try {
    const record = JSON.parse(line);
    return typeof record.caller_method === "string" ? [record] : [];
  } catch {
    return [];
  }
}
