import assert from "node:assert/strict";
import { KubeApiError } from "../../kube/errors.ts";
import { daemon, pod, provisioner } from "../rules/provisioners/testing.ts";
import type { Facts } from "../facts.ts";
import { fakeLooker, type FakeWorld } from "../testing.ts";
import { diagnose } from "../engine.ts";
import { fakeWorld } from "../testing.ts";
import { collectProvisioner } from "./provisioner.ts";

const SUBJECT = { kind: "provisioner", namespace: "lab", name: "gpu" } as const;
const ORGANIZATION = "/api/v2/organizations/default";
const forbidden = (what: string) =>
  new KubeApiError(403, "Forbidden", `${what} is forbidden`, { method: "GET", path: "/x" });

const raw = (changes: Parameters<typeof daemon>[0] = {}) => {
  const { apiVersion, keyName, lastSeenAt, ...rest } = daemon(changes);
  return { ...rest, api_version: apiVersion, key_name: keyName, last_seen_at: lastSeenAt };
};

/** All that a provisioner has. */
function world(changes: {
  readonly get?: Readonly<Record<string, unknown>>;
  readonly list?: Readonly<Record<string, unknown>>;
  readonly coder?: Readonly<Record<string, unknown>>;
  readonly log?: string | Error;
} = {}): FakeWorld {
  const objects: Readonly<Record<string, unknown>> = {
    CoderProvisioner: provisioner(),
    CoderControlPlane: { metadata: { namespace: "lab", name: "coder" }, status: { version: "v2.30.0" } },
    Deployment: { metadata: { namespace: "lab", name: "provisioner-gpu" }, spec: { replicas: 1 } },
    Secret: { metadata: {}, data: { key: btoa("secret") } },
    ...changes.get,
  };
  const lists: Readonly<Record<string, unknown>> = { Pod: [pod()], ...changes.list };
  const coder: Readonly<Record<string, unknown>> = {
    [`${ORGANIZATION}/provisionerdaemons`]: [raw()],
    [`${ORGANIZATION}/provisionerjobs`]: [],
    [`${ORGANIZATION}/provisionerkeys`]: [{ name: "gpu-1a2b", tags: {} }],
    "/api/v2/entitlements": { has_license: true, features: {}, errors: [], warnings: [] },
    "/api/v2/licenses": [{ claims: { license_expires: 1_700_000_000 } }],
    ...changes.coder,
  };
  return {
    get: (kind) => objects[kind],
    list: (kind) => lists[kind],
    text: () => changes.log ?? "line one\n\nprovisioner daemon key invalid\n",
    coder: (route) => coder[route],
  };
}

async function collected(changes?: Parameters<typeof world>[0]) {
  const looker = fakeLooker(SUBJECT, world(changes));
  await collectProvisioner(looker);
  const facts = looker.facts();
  const names = Object.keys(facts).filter((name) => name !== "subject" && name !== "now").sort();
  return { facts, names, calls: looker.calls };
}

const WELL = ["controlPlane", "daemons", "deployment", "events", "jobs", "pods", "provisioner", "secrets"];

Deno.test("of a provisioner whose daemons wait for work, little is asked", async () => {
  const { calls, facts, names } = await collected();
  assert.deepEqual(names, WELL);
  assert.deepEqual(calls, { kubernetes: 6, coder: 2 });
  assert.deepEqual(facts.daemons, { state: "seen", value: [daemon()] });
  assert.ok(facts.secrets?.state === "seen");
  assert.deepEqual(facts.secrets.value[0]?.keys, { key: 6 }, "lengths alone");
  const busy = await collected({
    coder: { [`${ORGANIZATION}/provisionerdaemons`]: [raw({ status: "busy" })] },
  });
  assert.deepEqual(busy.names, WELL.filter((name) => name !== "jobs"));
});

Deno.test("where no daemon is connected, keys, the licence, the log and network policies tell why", async () => {
  const { calls, facts, names } = await collected({ coder: { [`${ORGANIZATION}/provisionerdaemons`]: [] } });
  const more = ["entitlements", "keys", "networkPolicies", "podLogs"];
  assert.deepEqual(names, [...WELL.filter((name) => name !== "jobs"), ...more].sort());
  assert.deepEqual(calls, { kubernetes: 8, coder: 3 });
  assert.deepEqual(facts.podLogs, {
    state: "seen",
    value: [{
      pod: "provisioner-gpu-0",
      namespace: "lab",
      container: "provisioner",
      previous: false,
      lines: ["line one", "provisioner daemon key invalid"],
    }],
  });
});

Deno.test("a licence that refuses is looked at to its end, and no keys are asked for", async () => {
  const refused = { ExternalProvisionersEntitled: ["NotEntitled", "no"] as const };
  const { facts, names } = await collected({
    get: { CoderProvisioner: provisioner({ refused, status: { readyReplicas: 0 } }), Deployment: undefined },
    list: { Pod: [] },
    coder: {
      [`${ORGANIZATION}/provisionerdaemons`]: [],
      "/api/v2/entitlements": { has_license: false, features: {}, errors: [], warnings: [] },
    },
  });
  assert.equal(names.includes("keys"), false);
  assert.equal(names.includes("operatorLease"), true);
  assert.ok(facts.entitlements?.state === "seen");
  assert.deepEqual(facts.entitlements.value.expiries, ["2023-11-14T22:13:20Z"]);
  assert.deepEqual(facts.deployment, { state: "absent" });
});

Deno.test("of empty lists of a caller's own nobody knows whether they are whole", async () => {
  const nothing = { [`${ORGANIZATION}/provisionerdaemons`]: [], [`${ORGANIZATION}/provisionerkeys`]: [] };
  const { facts } = await collected({ coder: nothing });
  assert.ok(facts.keys?.state === "unread" && facts.keys.kind === "forbidden");
  const own = {
    ...nothing,
    [`${ORGANIZATION}/provisionerdaemons`]: [raw({ name: "other", keyName: "built-in" })],
  };
  const { facts: proven } = await collected({ coder: own });
  assert.deepEqual(proven.keys, { state: "seen", value: [] });
});

Deno.test("keys are listed for one that was brought only where no daemon is shown", async () => {
  const brought = provisioner({
    spec: { key: { existingSecret: "mine" } },
    status: { provisionerKeyName: "" },
  });
  const other = [raw({ name: "other", keyName: "built-in" })];
  const of = (daemons: unknown[]) =>
    collected({
      get: { CoderProvisioner: brought },
      coder: { [`${ORGANIZATION}/provisionerdaemons`]: daemons },
    });
  assert.equal((await of([])).names.includes("keys"), true);
  assert.equal((await of(other)).names.includes("keys"), false);
});

Deno.test("of one that is scaled to zero no keys, logs and jobs are asked for", async () => {
  const { names } = await collected({
    get: { CoderProvisioner: provisioner({ spec: { replicas: 0 } }) },
    list: { Pod: [] },
    coder: { [`${ORGANIZATION}/provisionerdaemons`]: [] },
  });
  assert.deepEqual(names, WELL.filter((name) => name !== "jobs"));
});

Deno.test("what may not be read is kept as that, and the rest goes on", async () => {
  const no = forbidden("it");
  const { facts } = await collected({
    get: { CoderControlPlane: no, Deployment: no, Secret: no },
    list: { Pod: no, Event: no },
    coder: { [`${ORGANIZATION}/provisionerdaemons`]: [] },
    log: no,
  });
  const state = (name: keyof Facts) => (facts[name] as { state: string; kind?: string } | undefined)?.state;
  for (const name of ["controlPlane", "deployment", "pods", "events"] as const) {
    assert.equal(state(name), "unread");
  }
  for (const name of ["provisioner", "daemons", "keys"] as const) assert.equal(state(name), "seen");
  assert.ok(facts.secrets?.state === "seen");
  assert.equal(facts.secrets.missed?.length, 1);
});

Deno.test("one that is not there, and one that names no control plane, are not looked at further", async () => {
  const gone = await collected({ get: { CoderProvisioner: undefined } });
  assert.deepEqual(gone.names, ["provisioner"]);
  assert.deepEqual(gone.calls, { kubernetes: 1, coder: 0 });
  const nameless = await collected({
    get: { CoderProvisioner: provisioner({ spec: { controlPlaneRef: {} } }) },
  });
  assert.equal(nameless.names.includes("controlPlane"), false);
  assert.equal(nameless.names.includes("daemons"), false);
});

Deno.test("a Coder that cannot be opened, or hangs, keeps nobody waiting and is asked once", async () => {
  const { coder: _, ...without } = world();
  const closed = fakeLooker(SUBJECT, without);
  await collectProvisioner(closed);
  assert.equal(closed.facts().daemons?.state, "unread");
  assert.equal(closed.calls.coder, 0);
  const hanging = { ...world(), coder: () => new Promise(() => {}) };
  const { calls, notSeen, state } = await diagnose(SUBJECT, fakeWorld(hanging), {
    signal: new AbortController().signal,
    deadlineMs: 50,
    collector: collectProvisioner,
  });
  assert.equal(calls.coder, 1);
  assert.match(state, /whether daemons are connected was not seen/);
  assert.deepEqual(notSeen, [{
    what: "list provisioner daemons of the organization default",
    why: "no answer in time",
  }]);
});

Deno.test("however bad it is, no more than fifteen requests are made", async () => {
  const claims = ["a", "b"].map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  const crashed = (name: string, image: string) => ({
    metadata: { namespace: "lab", name },
    spec: { nodeName: name, containers: [{ name: "provisioner", image }], volumes: claims },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "False" }],
      containerStatuses: [{
        name: "provisioner",
        restartCount: 5,
        ready: false,
        lastState: { terminated: { exitCode: 1, finishedAt: "2026-11-22T07:59:00Z" } },
        state: { waiting: { reason: "CrashLoopBackOff" } },
      }],
    },
  });
  const pending = {
    metadata: { namespace: "lab", name: "p-2", creationTimestamp: "2026-11-22T07:00:00Z" },
    spec: { containers: [{ name: "provisioner" }], volumes: claims },
    status: {
      phase: "Pending",
      conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }],
    },
  };
  const event = {
    metadata: { name: "e" },
    type: "Warning",
    reason: "FailedCreate",
    message: "exceeded quota: q",
    involvedObject: { kind: "ReplicaSet", name: "provisioner-gpu-5d4f", namespace: "lab" },
  };
  const refused = { ExternalProvisionersEntitled: ["NotEntitled", "no"] as const };
  for (const object of [provisioner({ refused }), provisioner()]) {
    const { calls } = await collected({
      get: { CoderProvisioner: object },
      list: {
        Pod: [pod({ name: "ready" }), crashed("p-0", "a"), crashed("p-1", "b"), pending],
        Event: Array.from({ length: 500 }, () => event),
      },
      coder: {
        [`${ORGANIZATION}/provisionerdaemons`]: [],
        "/api/v2/entitlements": { has_license: false, features: {}, errors: [], warnings: [] },
      },
    });
    assert.ok(calls.kubernetes + calls.coder <= 15, JSON.stringify(calls));
    assert.ok(calls.kubernetes + calls.coder >= 13, JSON.stringify(calls));
  }
});
