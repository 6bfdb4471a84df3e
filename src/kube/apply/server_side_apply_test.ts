import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { Services } from "../../api/kubernetes/resources.ts";
import type { Service } from "../../api/kubernetes/types.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import type { Labels, Metrics } from "../../telemetry/metrics.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import type { KubeClient, PatchBody, WriteOptions } from "../client.ts";
import { KubeApiError, KubeConnectionError } from "../errors.ts";
import type { Informer, SharedCache } from "../informer.ts";
import { controllerReference } from "./owner_references.ts";
import { prepare } from "./desired_object.ts";
import { createApplier } from "./server_side_apply.ts";

/**
 * The ways through failures and races that a real server does not show on demand; everything that is the server's own
 * behaviour is tested on one, in tests/kube.
 */
const owner: KubeObject = {
  apiVersion: "v1",
  kind: "Owner",
  metadata: { namespace: "a", name: "o", uid: "u-o" },
};
const call = { method: "PATCH", path: "/s" };
const conflict = new KubeApiError(409, "Conflict", "modified", call);
const invalid = new KubeApiError(422, "Invalid", "not like this", call);
const notFound = new KubeApiError(404, "NotFound", "gone", call);

const desired: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "a", name: "s" },
  spec: {},
};

/** Ours, at a version. */
function stored(resourceVersion: string, change: Partial<Service["metadata"]> = {}): Service {
  const { body } = prepare(Services, desired, owner);
  return { ...body, metadata: { ...body.metadata, uid: "u-s", resourceVersion, ...change } };
}

type Step = Error | Service;
interface Script {
  cached?: Service;
  /** Answers to reads, in order. */
  gets?: Step[];
  /** Answers to patches, in order; the last one repeats. */
  patches?: Step[];
}

function setUp({ cached, gets = [], patches = [] }: Script) {
  const sent: { patch: PatchBody; options: WriteOptions | undefined }[] = [];
  const observed: string[] = [];
  const counted: string[] = [];
  const answer = (step: Step | undefined) => {
    assert.ok(step !== undefined, "an answer is prepared for each request");
    return step instanceof Error ? Promise.reject(step) : Promise.resolve(structuredClone(step));
  };
  const client = {
    get: () => answer(gets.shift()),
    patch: (_type: unknown, _key: unknown, patch: PatchBody, options: WriteOptions) => {
      sent.push({ patch, options });
      return answer(patches.length > 1 ? patches.shift() : patches[0]);
    },
  } as unknown as KubeClient;
  const informer = {
    get: () => cached,
    observe: (object: Service) => void observed.push(object.metadata.resourceVersion ?? ""),
  } as unknown as Informer;
  const cache = { informer: () => informer } as unknown as SharedCache;
  const metrics: Metrics = {
    ...noMetrics,
    counter: (name) => ({
      inc: (labels: Labels = {}) => void counted.push(`${name} ${Object.values(labels).join(" ")}`),
    }),
  };
  const applier = createApplier({ client, cache, log: silentLogger, metrics });
  return { applier, sent, observed, counted, remaining: () => gets.length };
}

function preconditions(patch: PatchBody | undefined): unknown {
  assert.ok(patch?.type === "apply");
  const { metadata } = patch.body as KubeObject;
  return [metadata.uid, metadata.resourceVersion];
}

Deno.test("a create is forced, under our name, with the signal, and may only create", async () => {
  const { applier, sent, observed, counted } = setUp({ patches: [stored("5")] });
  const { signal } = new AbortController();
  const { outcome } = await applier.apply(Services, desired, { owner, signal });
  assert.equal(outcome, "created");
  assert.deepEqual(sent[0]?.options, { fieldManager: "coder-k8s", signal });
  assert.equal(sent[0]?.patch.type === "apply" && sent[0].patch.force, true);
  assert.deepEqual(preconditions(sent[0]?.patch), [undefined, "1"]);
  assert.deepEqual(observed, ["5"]);
  assert.deepEqual(counted, ["coder_k8s_applies_total services created"]);
});

Deno.test("a change names the uid that was judged, and no version, so that status writers cannot get in the way", async () => {
  const { applier, sent } = setUp({
    cached: stored("5", { labels: {}, annotations: { "coder.com/applied": "old" } }),
    patches: [stored("6")],
  });
  assert.equal((await applier.apply(Services, desired, { owner })).outcome, "configured");
  assert.deepEqual(preconditions(sent[0]?.patch), ["u-s", undefined]);
});

Deno.test("an apply that changed nothing counts as unchanged", async () => {
  const cached = stored("5", { annotations: { "coder.com/applied": "old" } });
  const { applier, counted } = setUp({ cached, patches: [stored("5")] });
  assert.equal((await applier.apply(Services, desired, { owner })).outcome, "unchanged");
  assert.deepEqual(counted, ["coder_k8s_applies_total services unchanged"]);
});

Deno.test("giving way has an end, and says so", async () => {
  let version = 10;
  const gets = Array.from(
    { length: 20 },
    () => stored(String(version++), { annotations: { "coder.com/applied": "x" } }),
  );
  const { applier, sent, counted } = setUp({ gets, patches: [conflict] });
  await assert.rejects(
    applier.apply(Services, desired, { owner }),
    /Applying services a\/s gave way to other writers 8 times/,
  );
  assert.equal(sent.length, 8);
  assert.deepEqual(counted, ["coder_k8s_applies_total services failed"]);
});

Deno.test("a conflict about nothing new is an error, not a loop", async () => {
  const cached = stored("5", { annotations: { "coder.com/applied": "old" } });
  const { applier, sent } = setUp({ cached, gets: [cached], patches: [conflict] });
  await assert.rejects(applier.apply(Services, desired, { owner }), conflict);
  assert.equal(sent.length, 1);
});

Deno.test("what the server refuses although others wrote meanwhile is refused for good", async () => {
  const old = { annotations: { "coder.com/applied": "old" } };
  const { applier, sent } = setUp({ cached: stored("5", old), gets: [stored("6", old)], patches: [invalid] });
  await assert.rejects(applier.apply(Services, desired, { owner }), invalid);
  assert.equal(sent.length, 1);
});

Deno.test("broken connections and other refusals go to the caller as they are", async () => {
  const broken = new KubeConnectionError("no answer", call);
  for (
    const script of [
      { patches: [broken] },
      { cached: stored("5", { annotations: { "coder.com/applied": "old" } }), patches: [broken] },
      { cached: stored("5", { annotations: {} }), gets: [broken] },
      { patches: [conflict], gets: [broken] },
    ]
  ) {
    await assert.rejects(setUp(script).applier.apply(Services, desired, { owner }), broken);
  }
});

/** Written by the Go operator: no fingerprint, and an `Update` entry with our reference. */
function goMade(resourceVersion: string): Service {
  const fieldsV1 = { "f:metadata": { "f:ownerReferences": { 'k:{"uid":"u-o"}': {} } } };
  return stored(resourceVersion, {
    annotations: {},
    ownerReferences: [controllerReference(owner)],
    managedFields: [{
      manager: "manager",
      operation: "Update",
      apiVersion: "v1",
      fieldsType: "FieldsV1",
      fieldsV1,
    }],
  });
}

Deno.test("a takeover is counted, and completed by an apply even where all is there that we want", async () => {
  const moved = stored("7", { managedFields: [] });
  const { applier, sent, counted } = setUp({
    cached: goMade("6"),
    gets: [goMade("6")],
    patches: [moved, stored("7")],
  });
  await applier.apply(Services, desired, { owner });
  assert.deepEqual(sent.map(({ patch }) => patch.type), ["json", "apply"]);
  assert.deepEqual(counted, [
    "coder_k8s_takeovers_total services",
    "coder_k8s_applies_total services unchanged",
  ]);
});

Deno.test("a takeover that the server refuses for a reason of its own is an error, not a loop", async () => {
  for (const refusal of [invalid, conflict]) {
    const { applier, sent } = setUp({
      cached: goMade("6"),
      gets: [goMade("6"), goMade("6")],
      patches: [refusal],
    });
    await assert.rejects(applier.apply(Services, desired, { owner }), refusal);
    assert.equal(sent.length, 1);
  }
  const broken = new KubeConnectionError("no answer", call);
  const { applier } = setUp({ cached: goMade("6"), gets: [goMade("6")], patches: [broken] });
  await assert.rejects(applier.apply(Services, desired, { owner }), broken);
});

Deno.test("an object that vanishes during the takeover is created", async () => {
  const script = { cached: goMade("6"), gets: [goMade("6"), notFound], patches: [notFound, stored("9")] };
  const { applier, sent } = setUp(script);
  assert.equal((await applier.apply(Services, desired, { owner })).outcome, "created");
  assert.deepEqual(preconditions(sent[1]?.patch), [undefined, "1"]);
});

Deno.test("refusals are counted apart from failures", async () => {
  const foreign = stored("5", { ownerReferences: [], annotations: {} });
  const { applier, sent, counted } = setUp({ cached: foreign });
  await assert.rejects(applier.apply(Services, desired, { owner }), /made by somebody else/);
  assert.deepEqual(sent, []);
  assert.deepEqual(counted, ["coder_k8s_applies_total services refused"]);
});
