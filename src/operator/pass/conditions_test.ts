import assert from "node:assert/strict";
import type { Deployment } from "../../api/kubernetes/types.ts";
import type { ConditionUpdate } from "../../workload/conditions.ts";
import { rolloutOf } from "../children/rollout.ts";
import { deployment, FAILURES, KEY, RUNNING, WORDS } from "../testing.ts";
import { type ConditionFacts, conditionsOf, TRANSIENT_CONDITIONS } from "./conditions.ts";

const { foreign, unavailable, lostRace } = FAILURES;

/** What is said of a widget whose pod runs, unless something else is known. */
function said(
  known: Partial<ConditionFacts> & { deployment?: Deployment | undefined } = {},
): ConditionUpdate[] {
  const { deployment: live, ...facts } = { deployment: RUNNING, ...known };
  return conditionsOf({
    key: KEY,
    words: WORDS,
    rollout: live === undefined ? undefined : rolloutOf(live),
    failures: [],
    pendingUpgrade: [],
    warnings: [],
    troubles: [],
    ...facts,
  });
}

function says(all: readonly ConditionUpdate[], type: string): string {
  const found = all.find((each) => each.type === type);
  return found === undefined ? "absent" : `${found.status}/${found.reason}`;
}

function textOf(all: readonly ConditionUpdate[], type: string): string {
  return all.find((each) => each.type === type)?.message ?? "";
}

Deno.test("what runs is ready and nothing else, in the words of its kind", () => {
  const all = said();
  assert.deepEqual(all.map(({ type, status, reason }) => `${type}=${status}/${reason}`), [
    "Ready=True/Ready",
    "Available=True/PodsAvailable",
    "Progressing=False/RolloutComplete",
    "Degraded=False/AsExpected",
  ]);
  assert.equal(textOf(all, "Ready"), "The widget works: 1 of 1 pods are ready");
  assert.equal(textOf(all, "Available"), "Enough pods are available to do what widgets do");
});

Deno.test("without a Deployment there is one to come, and it is said whose", () => {
  const none = said({ deployment: undefined });
  assert.equal(says(none, "Ready"), "False/DeploymentMissing");
  assert.equal(textOf(none, "Available"), "There is no Deployment of this widget yet");
  assert.equal(says(none, "Progressing"), "True/Creating");
  assert.equal(says(none, "Reconciling"), "True/Creating");
});

Deno.test("what pods wait for is why there are none, and why it is not ready with those of before", () => {
  const unready = { reason: "KeyAwaited", message: "a key is awaited" };
  const none = said({ deployment: undefined, unready });
  assert.deepEqual(["Ready", "Available", "Progressing", "Reconciling"].map((type) => says(none, type)), [
    "False/KeyAwaited",
    "False/DeploymentMissing",
    "False/KeyAwaited",
    "absent",
  ]);
  assert.match(textOf(none, "Progressing"), /no pods yet: a key is awaited$/);
  const running = said({ unready });
  assert.deepEqual(["Ready", "Available", "Progressing"].map((type) => says(running, type)), [
    "False/KeyAwaited",
    "True/PodsAvailable",
    "False/RolloutComplete",
  ]);
  assert.equal(says(said({ unready, failures: [foreign] }), "Ready"), "False/ForeignObject");
});

Deno.test("a rollout with pods that serve stays ready", () => {
  const rolling = structuredClone(RUNNING);
  rolling.metadata.generation = 2;
  const status = said({ deployment: rolling });
  assert.equal(says(status, "Ready"), "True/Ready");
  assert.equal(says(status, "Progressing"), "True/RollingOut");
});

Deno.test("more pods that are on their way make unready only where one is not enough", () => {
  const scaling = deployment({
    availableReplicas: 1,
    conditions: [{ type: "Available", status: "False", message: "too few" }],
  }, 3);
  assert.equal(says(said({ deployment: scaling }), "Available"), "False/PodsUnavailable");
  const words = { ...WORDS, oneIsEnough: true };
  assert.equal(says(said({ deployment: scaling, words }), "Ready"), "True/Ready");
  const none = deployment({ availableReplicas: 0, conditions: [] }, 3);
  assert.equal(says(said({ deployment: none, words }), "Ready"), "False/PodsUnavailable");
});

Deno.test("what is stalled before there are pods is not progressing", () => {
  const status = said({ deployment: undefined, failures: [foreign] });
  assert.equal(says(status, "Progressing"), "False/ForeignObject");
  assert.equal(textOf(status, "Progressing"), "There are no pods yet: Service: not ours");
  const retried = said({ deployment: undefined, failures: [unavailable] });
  assert.equal(says(retried, "Progressing"), "True/Creating");
});

Deno.test("zero replicas are not ready, and nothing is wrong", () => {
  const status = said({
    deployment: deployment({ conditions: [{ type: "Available", status: "True" }] }, 0),
  });
  assert.equal(says(status, "Ready"), "False/ScaledToZero");
  assert.equal(says(status, "Degraded"), "False/AsExpected");
});

Deno.test("an object of somebody else degrades and stalls, while the pods run on", () => {
  const status = said({ failures: [foreign] });
  assert.equal(says(status, "Ready"), "False/ForeignObject");
  assert.equal(says(status, "Degraded"), "True/ForeignObject");
  assert.equal(says(status, "Stalled"), "True/ForeignObject");
  assert.equal(says(status, "Reconciling"), "absent");
  assert.equal(says(status, "Available"), "True/PodsAvailable");
  assert.equal(textOf(status, "Degraded"), "Service: not ours");
});

Deno.test("what is tried again is reconciling, not stalled; the foreign object is named first", () => {
  const status = said({ failures: [unavailable, foreign] });
  assert.equal(says(status, "Degraded"), "True/ForeignObject");
  assert.equal(says(status, "Reconciling"), "True/Retrying");
  assert.equal(says(status, "Stalled"), "absent");
  assert.equal(textOf(status, "Degraded"), "Service: not ours; Deployment: away");
});

Deno.test("a lost race is not worth a word", () => {
  assert.deepEqual(said({ failures: [lostRace] }), said());
});

Deno.test("the cluster's own failures come through with its words", () => {
  const quota = deployment({
    conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }],
  });
  const failing = said({ deployment: quota });
  assert.equal(says(failing, "Degraded"), "True/ReplicaFailure");
  assert.match(textOf(failing, "Degraded"), /exceeded quota/);
  const late = deployment({
    conditions: [{
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: "timed out",
    }],
  });
  const stuck = said({ deployment: late });
  assert.equal(says(stuck, "Progressing"), "False/ProgressDeadlineExceeded");
  assert.equal(says(stuck, "Degraded"), "True/ProgressDeadlineExceeded");
  assert.equal(says(stuck, "Stalled"), "True/ProgressDeadlineExceeded");
  assert.equal(says(stuck, "Reconciling"), "absent");
});

Deno.test("a paused rollout says how to go on", () => {
  const paused = deployment();
  paused.spec!.paused = true;
  const status = said({ deployment: paused });
  assert.equal(says(status, "Progressing"), "False/RolloutPaused");
  assert.match(textOf(status, "Progressing"), /rollout resume/);
});

Deno.test("a trouble degrades and does not make unready", () => {
  const status = said({ troubles: [{ reason: "Unreachable", message: "m" }] });
  assert.equal(says(status, "Degraded"), "True/Unreachable");
  assert.equal(says(status, "Ready"), "True/Ready");
});

Deno.test("it is said who may want no pods", () => {
  const none = { deployment: deployment({}, 0) };
  assert.match(textOf(said(none), "Available"), /spec\.replicas, or an autoscaler, says 0$/);
  const words = { ...WORDS, replicas: "spec.autoscale" };
  assert.match(textOf(said({ ...none, words }), "Available"), /: spec\.autoscale, or an autoscaler/);
});

Deno.test("what explains a rollout that is stuck goes before the cluster's words, and other troubles after", () => {
  const late = deployment({
    conditions: [{
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: "timed out",
    }],
  });
  const degraded = (...reasons: string[]) => {
    const troubles = reasons.map((reason) => ({ reason, message: `about ${reason}` }));
    const all = said({ deployment: late, troubles });
    return [says(all, "Degraded"), textOf(all, "Degraded")];
  };
  assert.deepEqual(degraded("Other", "KnownReason"), ["True/KnownReason", "about KnownReason; about Other"]);
  assert.equal(degraded("Other")[0], "True/ProgressDeadlineExceeded");
});

Deno.test("changes that wait are listed up to a number, with the command that asks for them", () => {
  const some = textOf(said({ pendingUpgrade: ["adds a", "removes b"] }), "UpgradePending");
  assert.match(some, /adds a; removes b/);
  assert.match(some, /kubectl annotate widgets\.example\.com w --namespace a coder\.com\/upgrade-now=true$/);
  const many = Array.from({ length: 30 }, (_, i) => `adds ${i}`);
  assert.match(textOf(said({ pendingUpgrade: many }), "UpgradePending"), /adds 19; and 10 more/);
});

Deno.test("warnings are one condition with the first one's reason", () => {
  const all = said({ warnings: [{ reason: "A", message: "about a" }, { reason: "B", message: "about b" }] });
  assert.equal(says(all, "ConfigurationWarning"), "True/A");
  assert.equal(textOf(all, "ConfigurationWarning"), "about a. about b");
});

Deno.test("whatever is known, work and standstill exclude each other, and passing conditions are only ever true", () => {
  const deployments = [
    undefined,
    RUNNING,
    deployment(),
    deployment({}, 0),
    deployment({
      conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
    }),
  ];
  const failures = [[], [foreign], [unavailable], [lostRace], [foreign, unavailable], [lostRace, foreign]];
  const unready = [undefined, { reason: "Awaited", message: "m" }];
  for (const given of deployments) {
    for (const failed of failures) {
      for (const waiting of unready) {
        const all = said({ deployment: given, failures: failed, unready: waiting });
        const types = all.map(({ type }) => type);
        assert.equal(new Set(types).size, types.length);
        assert.ok(!(types.includes("Reconciling") && types.includes("Stalled")), types.join());
        for (const { type, status } of all) {
          if (TRANSIENT_CONDITIONS.some((each) => each === type)) assert.equal(status, "True", type);
        }
        const ready = says(all, "Ready").startsWith("True");
        assert.ok(!ready || says(all, "Available").startsWith("True"), "who is ready is available");
      }
    }
  }
});

Deno.test("what is still to be done beside pods that run is reconciling, and unready it is not", () => {
  const pending = { reason: "TagsChanged", message: "a key with the new tags is made" };
  const running = said({ pending });
  assert.deepEqual(["Ready", "Reconciling"].map((type) => says(running, type)), [
    "True/Ready",
    "True/TagsChanged",
  ]);
  assert.equal(says(said({ pending, failures: [foreign] }), "Reconciling"), "absent", "it is stalled");
  assert.equal(says(said({ pending, deployment: undefined }), "Reconciling"), "True/Creating");
});
