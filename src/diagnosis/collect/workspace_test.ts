import assert from "node:assert/strict";
import { CoderConnectionError } from "../../coder/mod.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { diagnose } from "../engine.ts";
import { ago, ID, object, TAGS } from "../rules/builds/testing.ts";
import { isAbsent, isUnread, valueOf } from "../seen.ts";
import { fakeLooker, type FakeWorld, fakeWorld } from "../testing.ts";
import { collectWorkspace } from "./workspace.ts";

const SUBJECT = { kind: "workspace", namespace: "lab", name: "acme.ann.dev" } as const;
const PLANE = { metadata: { namespace: "lab", name: "coder" }, spec: {} };
const BUILD = "b0000000-0000-4000-8000-000000000004";
const VERSION = "c0000000-0000-4000-8000-000000000001";
const RECORD = `coder /api/v2/workspaces/${ID}`;
const OF_PODS = /^list (?:Event|Pod|ReplicaSet)$/;
const never = () => new Promise<never>(() => {});

/** Coder's record of the workspace. */
function record(build: Readonly<Record<string, unknown>>, job: Readonly<Record<string, unknown>> = {}) {
  return {
    id: ID,
    name: "dev",
    owner_name: "ann",
    owner_id: "ann-id",
    organization_id: "acme-id",
    organization_name: "acme",
    template_name: "docker",
    latest_build: {
      id: BUILD,
      build_number: 4,
      transition: "start",
      status: "running",
      created_at: ago(20),
      template_version_id: VERSION,
      job: { status: "succeeded", tags: TAGS, created_at: ago(20), started_at: ago(19), ...job },
      resources: [{
        agents: [{
          id: "main-id",
          name: "main",
          status: "connected",
          lifecycle_state: "ready",
          health: { healthy: true },
        }],
      }],
      ...build,
    },
  };
}

interface Answers extends Omit<FakeWorld, "coder"> {
  /** By path; absent ones are 404, as far as the fake has that. */
  readonly coder?: Readonly<Record<string, unknown>> | ((path: string) => unknown) | undefined;
}

/** What is asked of a world that has the workspace, its control plane, and these; and the facts. */
async function collected({ coder = {}, ...fake }: Answers, name: string = SUBJECT.name, patienceMs = 20) {
  const asked: string[] = [];
  const get = fake.get ?? ((kind: string) => kind === "CoderWorkspace" ? object() : undefined);
  const list = fake.list ?? ((kind: string) => kind === "CoderControlPlane" ? [PLANE] : []);
  const looker = fakeLooker({ ...SUBJECT, name }, {
    ...fake,
    get: (kind, key) => {
      asked.push(`get ${kind} ${key.name}`);
      return get(kind, key);
    },
    list: (kind, options) => {
      asked.push(`list ${kind}`);
      return list(kind, options);
    },
    coder: (path) => {
      asked.push(`coder ${path}`);
      return typeof coder === "function" ? coder(path) : coder[path] ?? away();
    },
  });
  await collectWorkspace(looker, { patienceMs });
  return { asked: asked.toSorted(), facts: looker.facts(), calls: looker.calls };
}

function away() {
  const call = { method: "GET", route: "/api/v2/workspaces/{workspace}" } as const;
  const text = "GET /api/v2/workspaces/{workspace}: nobody listens";
  return new CoderConnectionError(
    text,
    {
      kind: "unavailable",
      reason: "connectionRefused",
      call,
      maybeSent: false,
    } as ConstructorParameters<typeof CoderConnectionError>[1],
  );
}

function unavailable() {
  const request = { method: "GET", path: "/apis/aggregation.coder.com" };
  return new KubeApiError(503, "ServiceUnavailable", "the server is currently unable", request);
}

Deno.test("a workspace that runs is asked of Kubernetes and Coder, with its pods and their events", async () => {
  const { asked, facts, calls } = await collected({ coder: { [RECORD.slice(6)]: record({}) } });
  assert.deepEqual(asked.filter((one) => !OF_PODS.test(one)), [
    RECORD,
    "get CoderWorkspace acme.ann.dev",
    "list CoderControlPlane",
  ]);
  assert.equal(valueOf(facts.build)?.workspace.name, "dev");
  assert.deepEqual(valueOf(facts.pods), []);
  assert.equal(valueOf(facts.controlPlane)?.metadata.name, "coder");
  assert.ok(calls.coder === 1 && calls.kubernetes <= 8, JSON.stringify(calls));
});

Deno.test("for a build that waits, provisioners, daemons and jobs are looked at, and pods of before", async () => {
  const pending = record({ status: "pending", resources: [] }, { status: "pending" });
  const daemons = "/api/v2/organizations/acme-id/provisionerdaemons";
  const jobs = "/api/v2/organizations/acme-id/provisionerjobs";
  const { asked, facts } = await collected({
    coder: { [RECORD.slice(6)]: pending, [daemons]: [{ name: "prov-1", status: "idle" }], [jobs]: [] },
  });
  assert.deepEqual(asked.filter((one) => !OF_PODS.test(one)), [
    `coder ${daemons}`,
    `coder ${jobs}`,
    RECORD,
    "get CoderWorkspace acme.ann.dev",
    "list CoderControlPlane",
    "list CoderProvisioner",
  ]);
  assert.deepEqual(valueOf(facts.pods), []);
  assert.deepEqual(valueOf(facts.daemons)?.map(({ name }) => name), ["prov-1"]);
});

const LOG = `/api/v2/workspacebuilds/${BUILD}/logs`;
const VERSION_PATH = `/api/v2/templateversions/${VERSION}`;
const line = (output: string) => ({
  created_at: ago(5),
  log_level: "error",
  stage: "Starting workspace",
  output,
});

Deno.test("of a build that failed, log and version are read, and pods that it may have waited for", async () => {
  const failed = record({ status: "failed", resources: [] }, { status: "failed", error: "exit status 1" });
  const { asked, facts } = await collected({
    coder: { [RECORD.slice(6)]: failed, [LOG]: [line("Error: no")], [VERSION_PATH]: { name: "v2" } },
  });
  assert.ok(asked.includes("list Pod") && !asked.some((one) => /quota/.test(one)), asked.join("\n"));
  assert.deepEqual(valueOf(facts.buildLog)?.map(({ text }) => text), ["Error: no"]);
  assert.equal(valueOf(facts.templateVersion)?.name, "v2");
});

Deno.test("for want of Coder's quota, that is read", async () => {
  const failed = record({ status: "failed", resources: [] }, {
    status: "failed",
    error: "insufficient quota",
  });
  const quota = "/api/v2/organizations/acme-id/members/ann-id/workspace-quota";
  const { facts } = await collected({
    coder: {
      [RECORD.slice(6)]: failed,
      [LOG]: [],
      [VERSION_PATH]: {},
      [quota]: { credits_consumed: 12, budget: 15 },
    },
  });
  assert.deepEqual(valueOf(facts.quota), { consumed: 12, budget: 15 });
});

Deno.test("a build that takes long has its log read, and one that has just begun has not", async () => {
  for (const [started, reads] of [[ago(20), false], [ago(900), true]] as const) {
    const running = record({ status: "starting" }, { status: "running", started_at: started });
    const { asked } = await collected({ coder: { [RECORD.slice(6)]: running, [LOG]: [] } });
    assert.equal(asked.includes(`coder ${LOG}`), reads);
    assert.ok(asked.includes("list Pod"));
  }
});

Deno.test("a stopped workspace needs nothing more, and one that is stopping no pods", async () => {
  for (const status of ["stopped", "stopping"]) {
    const { asked } = await collected({
      coder: { [RECORD.slice(6)]: record({ status, transition: "stop", resources: [] }) },
    });
    assert.equal(asked.length, 3, asked.join("\n"));
  }
});

Deno.test("of an agent whose scripts failed, the log is read", async () => {
  const agents = [{ id: "main-id", name: "main", status: "connected", lifecycle_state: "start_error" }];
  const { facts } = await collected({
    coder: {
      [RECORD.slice(6)]: record({ resources: [{ agents }] }),
      "/api/v2/workspaceagents/main-id/logs": [{ output: "no such file", level: "error" }],
    },
  });
  assert.deepEqual(valueOf(facts.agentLog), [{
    at: undefined,
    level: "error",
    stage: "main",
    text: "no such file",
  }]);
});

Deno.test("where the aggregated API does not answer, Coder is asked by name", async () => {
  const get = (kind: string) => kind === "APIService" ? { metadata: { name: "x" } } : unavailable();
  const coder = { "/api/v2/users/ann/workspace/dev": record({ status: "stopped", transition: "stop" }) };
  const { facts, asked } = await collected({ get, coder });
  assert.equal(isUnread(facts.workspace, "unreachable"), true);
  assert.equal(facts.apiService?.state, "seen");
  assert.equal(valueOf(facts.build)?.workspace.ownerName, "ann");
  assert.equal(asked.length, 4, asked.join("\n"));
});

Deno.test("with the operator's access, nobody sees more than Kubernetes shows them", async () => {
  const failed = record({ status: "failed", resources: [] }, { status: "failed", error: "exit status 1" });
  const pending = record({ status: "pending", resources: [] }, { status: "pending" });
  const asOperator = async (answer: unknown, allowed: readonly string[]) => {
    const may = (verb: string, resource: string) => allowed.includes(`${verb} ${resource}`);
    return await collected({ as: "operator", may, coder: () => answer });
  };
  const LOGS = "get coderworkspaces/log";
  const withoutLog = await asOperator(failed, []);
  assert.equal(withoutLog.facts.build?.state, "seen");
  assert.equal(isUnread(withoutLog.facts.buildLog, "forbidden"), true);
  assert.equal(isUnread(withoutLog.facts.templateVersion, "forbidden"), true);
  assert.ok(!withoutLog.asked.some((one) => one.endsWith("/logs")), withoutLog.asked.join("\n"));
  assert.ok((await asOperator(failed, [LOGS])).asked.includes(`coder ${LOG}`));
  const withoutDaemons = await asOperator(pending, [LOGS]);
  assert.equal(isUnread(withoutDaemons.facts.daemons, "forbidden"), true);
  const { daemons } = withoutDaemons.facts;
  assert.equal(
    daemons?.state === "unread" ? daemons.why : "",
    "Coder has no user for you, and in Kubernetes you may not list coderprovisioners.coder.com in lab",
  );
  const withDaemons = await asOperator(pending, ["list coderprovisioners"]);
  assert.ok(withDaemons.asked.some((one) => one.endsWith("/provisionerdaemons")));
});

Deno.test("where the aggregated API is away, the operator's access is for who may see all workspaces", async () => {
  const ask = async (allowed: boolean) => {
    const may = (verb: string, resource: string) =>
      verb === "all" && resource === "coderworkspaces/others" && allowed;
    const coder = () => record({ status: "stopped", transition: "stop" });
    return await collected({ get: unavailable, as: "operator", may, coder });
  };
  assert.equal(isUnread((await ask(false)).facts.build, "forbidden"), true);
  assert.equal((await ask(true)).facts.build?.state, "seen");
});

Deno.test("a name that begins with a control plane's is looked for there", async () => {
  const planes = ["east", "west"].map((name) => ({ metadata: { namespace: "lab", name } }));
  const { facts, asked } = await collected({
    get: unavailable,
    list: (kind) => kind === "CoderControlPlane" ? planes : [],
    coder: { "/api/v2/users/ann/workspace/dev": record({ status: "stopped" }) },
  }, "west.acme.ann.dev");
  assert.equal(valueOf(facts.controlPlane)?.metadata.name, "west");
  assert.ok(asked.includes("coder /api/v2/users/ann/workspace/dev"));
});

Deno.test("a name that is none of a workspace is asked of nobody else", async () => {
  const { facts, asked } = await collected({ get: unavailable }, "dev");
  assert.equal(facts.build, undefined);
  assert.deepEqual(asked.filter((one) => one.startsWith("coder")), []);
});

Deno.test("a workspace that is not there is not looked for elsewhere, unless nothing is served there", async () => {
  const service = (kind: string) => kind === "APIService" ? { metadata: { name: "x" } } : undefined;
  const gone = await collected({ get: service });
  assert.equal(isAbsent(gone.facts.workspace), true);
  assert.deepEqual(gone.asked.filter((one) => one.startsWith("coder")), []);
  const unserved = await collected({
    get: () => undefined,
    coder: { "/api/v2/users/ann/workspace/dev": record({ status: "stopped" }) },
  });
  assert.equal(isUnread(unserved.facts.workspace, "notServed"), true);
  assert.equal(valueOf(unserved.facts.build)?.status, "stopped");
});

Deno.test("who may not see the workspace is told nothing of it", async () => {
  const request = { method: "GET", path: "/apis" };
  const { asked, facts } = await collected({
    get: () => new KubeApiError(403, "Forbidden", "you may not", request),
  });
  assert.equal(isUnread(facts.workspace, "forbidden"), true);
  assert.deepEqual(asked, ["get CoderWorkspace acme.ann.dev", "list CoderControlPlane"]);
});

Deno.test("where Coder does not answer, its own Deployment is looked at, and its pods if none is ready", async () => {
  const world = (readyReplicas: number): Answers => ({
    get: (kind) =>
      kind === "CoderWorkspace"
        ? object()
        : kind === "Deployment"
        ? { metadata: { namespace: "lab", name: "coder" }, status: { readyReplicas } }
        : undefined,
    list: (kind, { labelSelector = "" }) =>
      kind === "CoderControlPlane"
        ? [PLANE]
        : kind === "Pod" && labelSelector.includes("coder-control-plane")
        ? [{ metadata: { namespace: "lab", name: "coder-0" }, status: { phase: "Pending" } }]
        : [],
    coder: away,
  });
  const down = await collected(world(0));
  assert.equal(isUnread(down.facts.build, "unreachable"), true);
  assert.deepEqual(valueOf(down.facts.pods)?.map(({ metadata }) => metadata?.name), ["coder-0"]);
  const up = await collected(world(1));
  assert.equal(valueOf(up.facts.deployment)?.status?.readyReplicas, 1);
  assert.deepEqual(valueOf(up.facts.pods), []);
});

Deno.test("an API server that never answers keeps nobody from asking Coder", async () => {
  const coder = { "/api/v2/users/ann/workspace/dev": record({ status: "stopped", transition: "stop" }) };
  const world = fakeWorld({ get: never, list: never, coder: (path) => coder[path as keyof typeof coder] });
  const collector = (looker: Parameters<typeof collectWorkspace>[0]) =>
    collectWorkspace(looker, { patienceMs: 20 });
  const options = { signal: new AbortController().signal, deadlineMs: 300, collector };
  const { state, notSeen } = await diagnose(SUBJECT, world, options);
  assert.match(state, /^It was stopped/);
  assert.ok(
    notSeen.some(({ what }) => what === "get coderworkspace lab/acme.ann.dev"),
    JSON.stringify(notSeen),
  );
});

Deno.test("a Coder that never answers leaves what Kubernetes knows", async () => {
  const world = fakeWorld({
    get: (kind) => kind === "CoderWorkspace" ? object() : undefined,
    list: (kind) => kind === "CoderControlPlane" ? [PLANE] : [],
    coder: never,
  });
  const collector = (looker: Parameters<typeof collectWorkspace>[0]) =>
    collectWorkspace(looker, { patienceMs: 20 });
  const options = { signal: new AbortController().signal, deadlineMs: 300, collector };
  const { state, notSeen, healthy } = await diagnose(SUBJECT, world, options);
  assert.match(state, /^It runs.* Coder does not answer\.$/);
  assert.ok(notSeen.some(({ what }) => what === "get the workspace from Coder"));
  assert.equal(healthy, false);
});

Deno.test("no state of a workspace takes more than 15 requests, whatever else is wrong", async () => {
  const pod = {
    metadata: { namespace: "pods", name: "dev-0" },
    spec: {
      containers: [{ name: "dev" }],
      volumes: [{ name: "home", persistentVolumeClaim: { claimName: "home" } }],
    },
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }],
      containerStatuses: [{
        name: "dev",
        restartCount: 7,
        state: { waiting: { reason: "CrashLoopBackOff" } },
      }],
    },
  };
  const plane = { ...PLANE, spec: { rbac: { workspaceNamespaces: ["pods", "more"] } } };
  const agents = [{ id: "1", name: "main", status: "connected", lifecycle_state: "start_error" }];
  const statuses = [
    "pending",
    "starting",
    "running",
    "stopping",
    "failed",
    "canceled",
    "canceling",
    "deleting",
  ];
  for (const status of statuses) {
    for (const isServed of [true, false]) {
      for (const isCoderUp of [true, false]) {
        const job = {
          status: status === "failed" ? "failed" : "running",
          error: "insufficient quota",
          started_at: ago(900),
        };
        const coder = (path: string) =>
          !isCoderUp
            ? away()
            : /workspaces?\//.test(path) && !path.includes("builds")
            ? record({ status, resources: [{ agents }] }, job)
            : [];
        const { calls, asked } = await collected({
          coder,
          get: (kind) =>
            kind === "CoderWorkspace"
              ? isServed ? object({ latestBuildStatus: status }) : unavailable()
              : undefined,
          list: (kind) => kind === "CoderControlPlane" ? [plane] : kind === "Pod" ? [pod] : [],
          text: () => new KubeConnectionError("no log", { method: "GET", path: "/log" }),
        });
        const all = calls.kubernetes + calls.coder;
        assert.ok(all <= 15, `${status}: ${all}\n${asked.join("\n")}`);
      }
    }
  }
});
