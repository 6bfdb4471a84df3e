import assert from "node:assert/strict";
import type { ListOptions } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { BuildFacts } from "../coder_facts.ts";
import { ago, event, looping, pod, unplaced, waiting, WORKSPACE } from "../pods/testing.ts";
import { valueOf } from "../seen.ts";
import { fakeLooker, type FakeWorld, NOW } from "../testing.ts";
import { collectQuotas } from "./pod_details.ts";
import { collectDeploymentPods, collectWorkspacePods } from "./pods.ts";

const ID = "0e2c1b2a-1111-4222-8333-444455556666";
const MOUNTS = { spec: { volumes: [{ name: "home", persistentVolumeClaim: { claimName: "home" } }] } };
const forbidden = () => new KubeApiError(403, "Forbidden", "no", { method: "GET", path: "/" });

interface Asked {
  readonly kind: string;
  readonly options: ListOptions;
}

/** A world whose lists are noted. */
function noted(
  answers: Record<string, unknown | ((options: ListOptions) => unknown)>,
  more: Partial<FakeWorld> = {},
) {
  const asked: Asked[] = [];
  const world: FakeWorld = {
    ...more,
    list(kind, options) {
      asked.push({ kind, options });
      const answer = answers[kind];
      return typeof answer === "function" ? answer(options) : answer;
    },
  };
  const looker = fakeLooker(WORKSPACE, world);
  return { looker, asked, kinds: () => asked.map(({ kind }) => kind).sort() };
}

Deno.test("pods that are well take two requests", async () => {
  const { looker, asked } = noted({ Pod: [pod()] });
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(
    asked.map((
      { kind, options },
    ) => [kind, options.namespace, options.labelSelector ?? options.fieldSelector]),
    [
      ["Event", "lab", "type!=Normal"],
      ["Pod", "lab", `com.coder.workspace.id=${ID}`],
    ],
  );
  assert.equal(looker.calls.kubernetes, 2);
  assert.equal(valueOf(looker.facts().pods)!.length, 1);
  assert.deepEqual(valueOf(looker.facts().events), []);
});

Deno.test("events are of the pods, what made them and their claims, newest first", async () => {
  const owned = pod({
    ...MOUNTS,
    metadata: {
      ownerReferences: [{
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "dev-7f",
        uid: "1",
        controller: true,
      }],
    },
  });
  const events = [
    event("Unhealthy", "older", { lastTimestamp: ago(90) }),
    event("Failed", "of another pod", { name: "web-0" }),
    event("Failed", "of an earlier pod of that name", {
      involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0", uid: "older" },
    }),
    event("FailedCreate", "of its replica set", { kind: "ReplicaSet", name: "dev-7f" }),
    event("ProvisioningFailed", "of its claim", {
      kind: "PersistentVolumeClaim",
      name: "home",
      lastTimestamp: ago(10),
    }),
    event("Odd", "asked for", { kind: "Ingress", name: "web" }),
    null,
  ];
  const { looker } = noted({ Pod: [owned], Event: events });
  await collectWorkspacePods(looker, ID, ["lab"], { also: [{ kind: "Ingress", name: "web" }] });
  assert.deepEqual(valueOf(looker.facts().events)!.map(({ message }) => message), [
    "of its claim",
    "of its replica set",
    "asked for",
    "older",
  ]);
});

Deno.test("pods are looked for by the other label, and elsewhere", async () => {
  const there = noted({
    Pod: ({ labelSelector }: ListOptions) => labelSelector!.startsWith("app.") ? [pod()] : [],
  });
  await collectWorkspacePods(there.looker, ID, ["lab"]);
  assert.equal(valueOf(there.looker.facts().pods)!.length, 1);
  const elsewhere = noted({
    Pod: ({ namespace }: ListOptions) =>
      namespace === undefined ? [pod({ metadata: { namespace: "far" } })] : [],
    Event: ({ namespace }: ListOptions) =>
      namespace === "far"
        ? [event("Failed", "x", { involvedObject: { kind: "Pod", namespace: "far", name: "dev-0" } })]
        : [],
  });
  await collectWorkspacePods(elsewhere.looker, ID, ["lab"]);
  assert.deepEqual(valueOf(elsewhere.looker.facts().events)!.map(({ message }) => message), ["x"]);
  const many = noted({ Pod: [pod()] });
  await collectWorkspacePods(many.looker, ID, ["lab", "far", "away"]);
  assert.deepEqual(many.kinds(), ["Event", "Pod"]);
});

Deno.test("who may not look into all namespaces is shown what they may", async () => {
  const answers = {
    Pod: ({ namespace }: ListOptions) =>
      namespace === undefined ? forbidden() : namespace === "far" ? [pod({ metadata: { namespace } })] : [],
  };
  const one = noted(answers);
  await collectWorkspacePods(one.looker, ID, ["lab"]);
  assert.deepEqual(valueOf(one.looker.facts().pods), []);
  const many = noted(answers);
  await collectWorkspacePods(many.looker, ID, ["lab", "far"]);
  assert.equal(valueOf(many.looker.facts().pods)!.length, 1);
  const none = noted({ Pod: forbidden() });
  await collectWorkspacePods(none.looker, ID, ["lab", "far"]);
  assert.equal(none.looker.facts().pods?.state, "unread");
});

Deno.test("a workspace that may only be seen in some of its namespaces, and one whose id is not known", async () => {
  const some = noted({
    Pod: ({ namespace }: ListOptions) => namespace === "lab" ? [pod()] : forbidden(),
  });
  await collectWorkspacePods(some.looker, ID, ["lab", "far"]);
  const { pods } = some.looker.facts();
  assert.equal(valueOf(pods)!.length, 1);
  assert.deepEqual(pods?.state === "seen" ? pods.missed?.map(({ what }) => what) : [], ["list pods in far"]);
  for (const id of ["", "a=b"]) {
    const { looker } = noted({ Pod: [pod()] });
    await collectWorkspacePods(looker, id, ["lab"]);
    assert.deepEqual([looker.facts().pods, looker.calls.kubernetes], [undefined, 0]);
  }
});

Deno.test("where there is no pod, what should make it is looked at", async () => {
  const sets = [{ metadata: { name: "dev-7f" } }, { metadata: {} }, null];
  const refused = event("FailedCreate", "exceeded quota: team", { kind: "ReplicaSet", name: "dev-7f" });
  const { looker, kinds } = noted({
    ReplicaSet: sets,
    Event: [refused],
    ResourceQuota: [{ metadata: { name: "team" } }],
  });
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(valueOf(looker.facts().events)!.length, 1);
  assert.equal(valueOf(looker.facts().quotas)!.length, 1);
  assert.deepEqual(kinds(), ["Event", "Pod", "Pod", "Pod", "ReplicaSet", "ResourceQuota"]);
});

Deno.test("quotas are asked for where the build says so, once", async () => {
  const { looker, kinds } = noted({});
  const job = { error: "pods is forbidden: exceeded quota: team" };
  looker.set("build", { state: "seen", value: { job, agents: [] } as unknown as BuildFacts });
  await collectWorkspacePods(looker, ID, ["lab"]);
  await collectQuotas(looker, "lab");
  assert.equal(kinds().filter((kind) => kind === "ResourceQuota").length, 1);
});

Deno.test("logs are read of what ends, one of each kind, and no more than two", async () => {
  const texts: string[] = [];
  const more: Partial<FakeWorld> = {
    text(_, { name }) {
      texts.push(name);
      return "one\ntwo  \n\n";
    },
  };
  const pods = ["a", "b", "c"].map((name) => looping({ exitCode: 1 }, { name }));
  const { looker } = noted({ Pod: pods }, more);
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(texts, ["c"]);
  assert.deepEqual(valueOf(looker.facts().podLogs), [
    { pod: "c", namespace: "lab", container: "dev", previous: true, lines: ["one", "two"] },
  ]);
  const kinds = ["a", "b", "c"].map((name) => looping({ exitCode: 1 }, { name, container: { image: name } }));
  const many = noted({ Pod: kinds }, more);
  await collectWorkspacePods(many.looker, ID, ["lab"]);
  assert.equal(valueOf(many.looker.facts().podLogs)!.length, 2);
});

Deno.test("the run that is read is the one that ended", async () => {
  const asked = async (one: ReturnType<typeof pod>) => {
    const { looker } = noted({ Pod: [one] }, { text: () => "line" });
    await collectWorkspacePods(looker, ID, ["lab"]);
    return valueOf(looker.facts().podLogs)?.map(({ previous }) => previous);
  };
  const end = { exitCode: 1, finishedAt: ago(30), startedAt: ago(40) };
  assert.deepEqual(await asked(pod({ state: { terminated: end } })), [false]);
  assert.deepEqual(await asked(pod({ state: { terminated: { ...end, exitCode: 0 } } })), undefined);
  const running = (seconds: number, restartCount = 0) =>
    pod({
      state: { running: { startedAt: ago(seconds) } },
      dev: { ready: false, restartCount, ...(restartCount > 0 ? { lastState: { terminated: end } } : {}) },
    });
  assert.deepEqual(await asked(running(60)), [false]);
  assert.deepEqual(await asked(running(5)), undefined);
  assert.deepEqual(await asked(running(5, 2)), [true]);
  // Between two ends it looks ready.
  assert.deepEqual(
    await asked(pod({ dev: { ready: true, restartCount: 5, lastState: { terminated: end } } })),
    [true],
  );
  assert.deepEqual(await asked(waiting("ContainerCreating", "")), undefined);
});

Deno.test("a log that is gone is empty, and one that may not be read is told", async () => {
  const gone = noted({ Pod: [looping({ exitCode: 1 })] }, {
    text: () =>
      new KubeApiError(400, "BadRequest", "previous terminated container not found", {
        method: "GET",
        path: "/",
      }),
  });
  await collectWorkspacePods(gone.looker, ID, ["lab"]);
  assert.deepEqual(valueOf(gone.looker.facts().podLogs)![0]!.lines, []);
  const closed = noted({ Pod: [looping({ exitCode: 1 })] }, { text: forbidden });
  await collectWorkspacePods(closed.looker, ID, ["lab"]);
  const log = closed.looker.facts().podLogs;
  assert.equal(log?.state === "unread" && log.what, "read logs of lab/dev-0 (dev)");
});

const WORDS = "0/1 nodes are available: 1 Insufficient cpu.";

Deno.test("nodes are looked at where a pod has none", async () => {
  const { looker, kinds } = noted({ Pod: [unplaced(WORDS)], Node: [{ metadata: { name: "n" } }] });
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(kinds(), ["Event", "Node", "Pod"]);
  assert.equal(valueOf(looker.facts().nodes)!.length, 1);
});

Deno.test("one node is looked at where a pod on it is not well and does not say why", async () => {
  const got: string[] = [];
  const get = (kind: string, { name }: { name: string }) => {
    got.push(`${kind}/${name}`);
    return { metadata: { name } };
  };
  const evicted = pod({
    dev: { ready: false },
    status: { phase: "Failed", reason: "Evicted", containerStatuses: [], conditions: [] },
  });
  const { looker } = noted({ Pod: [evicted] }, { get });
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(got, ["Node/node-1"]);
  const gone = noted({ Pod: [evicted] });
  await collectWorkspacePods(gone.looker, ID, ["lab"]);
  assert.equal(gone.looker.facts().nodes?.state, "absent");
});

Deno.test("claims are looked at where a pod waits for them", async () => {
  const claim = (phase: string, name = "home") => ({
    metadata: { name, namespace: "lab" },
    status: { phase },
  });
  const bound = noted({ Pod: [unplaced(WORDS, MOUNTS)] }, { get: () => claim("Bound") });
  await collectWorkspacePods(bound.looker, ID, ["lab"]);
  assert.deepEqual(valueOf(bound.looker.facts().claims), [claim("Bound")]);
  assert.deepEqual(valueOf(bound.looker.facts().missingClaims), []);
  const missing = noted({ Pod: [unplaced(WORDS, MOUNTS)] });
  await collectWorkspacePods(missing.looker, ID, ["lab"]);
  assert.deepEqual(valueOf(missing.looker.facts().missingClaims), ["home"]);
  const two = { spec: { volumes: [...MOUNTS.spec.volumes, { name: "scratch", ephemeral: {} }] } };
  const listed = noted({
    Pod: [unplaced(WORDS, two)],
    PersistentVolumeClaim: [claim("Bound"), claim("Bound", "others")],
  });
  await collectWorkspacePods(listed.looker, ID, ["lab"]);
  assert.equal(valueOf(listed.looker.facts().claims)!.length, 1);
  assert.deepEqual(valueOf(listed.looker.facts().missingClaims), ["dev-0-scratch"]);
  const closed = noted({ Pod: [unplaced(WORDS, MOUNTS)] }, { get: forbidden });
  await collectWorkspacePods(closed.looker, ID, ["lab"]);
  assert.equal(closed.looker.facts().missingClaims, undefined);
});

Deno.test("what is said of a claim that is pending is no warning for the most part", async () => {
  const normal = event("FailedBinding", "no storage class is set", {
    kind: "PersistentVolumeClaim",
    name: "home",
    type: "Normal",
  });
  const answers = {
    Pod: [unplaced(WORDS, MOUNTS)],
    Event: ({ fieldSelector = "" }: ListOptions) => fieldSelector.includes("type=Normal") ? [normal] : [],
  };
  const { looker } = noted(answers, {
    get: () => ({ metadata: { name: "home" }, status: { phase: "Pending" } }),
  });
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(valueOf(looker.facts().events)!.map(({ reason }) => reason), ["FailedBinding"]);
});

Deno.test("network policies are looked at where an agent is away and a pod runs", async () => {
  const of = async (status: string, pods = [pod()]) => {
    const { looker, kinds } = noted({ Pod: pods });
    looker.set("build", {
      state: "seen",
      value: { agents: [{ name: "main", status }], job: {} } as unknown as BuildFacts,
    });
    await collectWorkspacePods(looker, ID, ["lab"]);
    return kinds().includes("NetworkPolicy");
  };
  assert.deepEqual([await of("timeout"), await of("connected"), await of("timeout", [])], [
    true,
    false,
    false,
  ]);
});

Deno.test("in a namespace with many warnings, those of the pod are asked for by name", async () => {
  const many = Array.from({ length: 500 }, (_, index) => event("Failed", "x", { name: `web-${index}` }));
  const own = event("Failed", "its own");
  const { looker, asked } = noted({
    Pod: [waiting("ErrImagePull", "")],
    Event: ({ fieldSelector = "" }: ListOptions) =>
      fieldSelector.includes("involvedObject.name=dev-0") ? [own] : many,
  });
  await collectWorkspacePods(looker, ID, ["lab"]);
  assert.deepEqual(valueOf(looker.facts().events)!.map(({ message }) => message), ["its own"]);
  assert.equal(asked.filter(({ kind }) => kind === "Event").length, 2);
});

Deno.test("pods of a Deployment come with its own events and those of its replica sets", async () => {
  const events = [
    event("FailedCreate", "of its replica set", { kind: "ReplicaSet", name: "coder-7f5d9c" }),
    event("FailedCreate", "of another one", { kind: "ReplicaSet", name: "coder-proxy-7f5d9c" }),
    event("Odd", "its own", { kind: "Deployment", name: "coder" }),
  ];
  const { looker, asked } = noted({ Event: events });
  await collectDeploymentPods(looker, { namespace: "lab", deployment: "coder", labelSelector: "app=coder" });
  assert.deepEqual(valueOf(looker.facts().events)!.map(({ message }) => message), [
    "of its replica set",
    "its own",
  ]);
  assert.equal(asked.find(({ kind }) => kind === "Pod")!.options.labelSelector, "app=coder");
});

Deno.test("the most that pods can take is far from the limit of a diagnosis", async () => {
  const worst = [
    unplaced(WORDS, { ...MOUNTS, name: "a" }),
    looping({ exitCode: 1 }, { name: "b", container: { image: "b" } }),
    looping({ exitCode: 1 }, { name: "c", container: { image: "c" } }),
  ];
  const quota = event("FailedCreate", "exceeded quota: team", { kind: "ReplicaSet", name: "dev-7f" });
  const { looker } = noted(
    { Pod: worst, Event: [quota] },
    { get: () => ({ metadata: { name: "home" }, status: { phase: "Pending" } }), text: () => "x" },
  );
  await collectWorkspacePods(looker, ID, ["lab"], { also: [{ kind: "ReplicaSet", name: "dev-7f" }] });
  assert.ok(looker.calls.kubernetes <= 8, `${looker.calls.kubernetes} requests`);
});

Deno.test("nothing of the cluster answers, and the collectors come back all the same", async () => {
  const refuse = () => new KubeApiError(503, "ServiceUnavailable", "down", { method: "GET", path: "/" });
  const { looker } = noted({ Pod: refuse(), Event: refuse() });
  await collectWorkspacePods(looker, ID, ["lab"]);
  await collectDeploymentPods(looker, { namespace: "lab", deployment: "d", labelSelector: "a=b" });
  assert.deepEqual([looker.facts().pods?.state, looker.facts().events?.state], ["unread", "unread"]);
  assert.equal(looker.facts().now, NOW);
});
