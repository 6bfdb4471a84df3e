import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import { InstallError } from "./error.ts";
import { apiAvailable, definitionServed, isGone, namespaceEnded, rolledOut, until } from "./wait.ts";

const call = { method: "GET", path: "/" };
const notFound = () => new KubeApiError(404, "NotFound", "no", call);
const { signal } = new AbortController();

function reader(object: unknown, pods: unknown[] | Error = [], discovery: unknown = {}) {
  return {
    raw: () => Promise.resolve(discovery),
    get: () => object === undefined ? Promise.reject(notFound()) : Promise.resolve(object),
    list: () =>
      pods instanceof Error ? Promise.reject(pods) : Promise.resolve({ items: pods, resourceVersion: "" }),
  } as unknown as Pick<KubeClient, "get" | "list" | "raw">;
}

const conditions = (...all: [type: string, status: string, message?: string][]) => ({
  metadata: { name: "x" },
  status: { conditions: all.map(([type, status, message]) => ({ type, status, message })) },
});

function saying() {
  const said: (string | undefined)[] = [];
  return { say: { line: () => {}, waiting: (text: string | undefined) => void said.push(text) }, said };
}

Deno.test("it is looked until nothing is missing, and what is missing is said", async () => {
  const answers = ["one", "two", undefined];
  const { say, said } = saying();
  await until("thing", () => Promise.resolve(answers.shift()), { say, signal, intervalMs: 1 });
  assert.deepEqual(said, ["thing: one", "thing: two", undefined]);
});

Deno.test("an API server that does not answer for a moment is waited for; any other error is one", async () => {
  const { say } = saying();
  let looks = 0;
  await until("thing", () => {
    if (looks++ === 0) return Promise.reject(new KubeConnectionError("away", call));
    return Promise.resolve(undefined);
  }, { say, signal, intervalMs: 1 });
  assert.equal(looks, 2);
  const forbidden = () => Promise.reject(new KubeApiError(403, "Forbidden", "not you", call));
  await assert.rejects(until("thing", forbidden, { say, signal, intervalMs: 1 }), /not you/);
});

Deno.test("the end of the time, and whoever ends it, says what was missing last", async () => {
  const { say } = saying();
  const look = () => Promise.resolve("no pods");
  await assert.rejects(
    until("thing", look, { say, signal: AbortSignal.timeout(5), intervalMs: 1 }),
    (error) => error instanceof InstallError && error.message === "thing: no pods (the time for it is over)",
  );
  const stop = new AbortController();
  const waiting = until("thing", look, { say, signal: stop.signal, intervalMs: 60_000 });
  stop.abort(new Error("ended by SIGINT"));
  await assert.rejects(waiting, /thing: .* \(ended by SIGINT\)/);
});

Deno.test("a CRD is served when it is established, and never when its names are taken", async () => {
  assert.equal(await definitionServed(reader(undefined), "x", signal), "it is not there");
  assert.equal(await definitionServed(reader(conditions()), "x", signal), "it is not served yet");
  assert.equal(await definitionServed(reader(conditions(["Established", "True"])), "x", signal), undefined);
  await assert.rejects(
    definitionServed(reader(conditions(["NamesAccepted", "False", "taken by y"])), "x", signal),
    /x is not served: taken by y/,
  );
});

Deno.test("a namespace that is being deleted says what holds it up", async () => {
  assert.equal(await namespaceEnded(reader(undefined), "n", signal), undefined);
  assert.equal(await namespaceEnded(reader(conditions()), "n", signal), undefined);
  const ending = conditions(["NamespaceFinalizersRemaining", "True", "some pods"], [
    "NamespaceContentRemaining",
    "False",
  ]);
  const metadata = { name: "n", deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.equal(
    await namespaceEnded(reader({ ...ending, metadata }), "n", signal),
    "it is being deleted; some pods",
  );
});

const deployment = (status: object, more: object = {}) => ({
  metadata: { name: "d", namespace: "n", generation: 2 },
  spec: { replicas: 2, selector: { matchLabels: { app: "d" } } },
  status,
  ...more,
});
const key = { namespace: "n", name: "d" };

Deno.test("a Deployment is rolled out when all of its pods are new and available, and no other is left", async () => {
  const up = { observedGeneration: 2, updatedReplicas: 2, availableReplicas: 2, replicas: 2 };
  assert.equal(await rolledOut(reader(deployment(up)), key, signal), undefined);
  for (
    const lacking of [{ observedGeneration: 1 }, { updatedReplicas: 1 }, { availableReplicas: 1 }, {
      replicas: 3,
    }]
  ) {
    assert.match(
      (await rolledOut(reader(deployment({ ...up, ...lacking })), key, signal))!,
      /of 2 pods are available/,
    );
  }
  assert.equal(await rolledOut(reader(undefined), key, signal), "it is not there");
});

Deno.test("why pods do not run is told in Kubernetes' words, shortly, and not at all to who may not see pods", async () => {
  const waiting = (reason: string, message?: string) => ({
    status: {
      containerStatuses: [{
        state: { waiting: { reason, message } },
        lastState: { terminated: { exitCode: 2 } },
      }],
    },
  });
  const unscheduled = {
    status: { conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes" }] },
  };
  const failed = { conditions: [{ type: "ReplicaFailure", status: "True", message: "quota" }] };
  const pods = [waiting("ContainerCreating"), waiting("ImagePullBackOff", `${"x".repeat(400)}`), unscheduled];
  const told = (await rolledOut(reader(deployment(failed), pods), key, signal))!;
  assert.match(told, /^0 of 2 pods are available; quota; ImagePullBackOff: x{200,}\.\.\.; 0\/3 nodes$/);
  const blind = new KubeApiError(403, "Forbidden", "no", call);
  assert.equal(await rolledOut(reader(deployment({}), blind), key, signal), "0 of 2 pods are available");
});

Deno.test("an APIService says itself what is missing", async () => {
  assert.equal(await apiAvailable(reader(undefined), "x", signal), "it is not there");
  assert.match((await apiAvailable(reader(conditions()), "x", signal))!, /not looked yet/);
  assert.equal(
    await apiAvailable(reader(conditions(["Available", "False", "no endpoints"])), "x", signal),
    "no endpoints",
  );
});

Deno.test("an API is available when kubectl would find its resources: the API server tells of them", async () => {
  const apiService = {
    ...conditions(["Available", "True"]),
    spec: { group: "a.coder.com", version: "v1alpha1" },
  };
  const told = (freshness: string, resources: unknown[], version = "v1alpha1") => ({
    items: [
      { metadata: { name: "apps" }, versions: [{ version: "v1", freshness: "Current", resources: [{}] }] },
      { metadata: { name: "a.coder.com" }, versions: [{ version, freshness, resources }] },
    ],
  });
  const look = (discovery: unknown) => apiAvailable(reader(apiService, [], discovery), "x", signal);
  assert.equal(await look(told("Current", [{}])), undefined);
  const notYet = [
    told("Stale", [{}]),
    told("Current", []),
    told("Current", [{}], "v1"),
    { items: [] },
    "no JSON",
  ];
  for (const discovery of notYet) {
    assert.match((await look(discovery))!, /does not tell of its resources yet/);
  }
});

Deno.test("gone is what is not there, or another object of the name", async () => {
  const object = { metadata: { uid: "1" } } as KubeObject;
  assert.equal(await isGone(() => Promise.reject(notFound()), "1"), undefined);
  assert.equal(await isGone(() => Promise.resolve(object), "2"), undefined);
  assert.equal(await isGone(() => Promise.resolve(object), "1"), object);
});
