import assert from "node:assert/strict";
import type { ControlPlaneStatus } from "../api/control_plane.ts";
import type { Deployment, DeploymentStatus } from "../api/kubernetes/types.ts";
import { ForeignObjectError } from "../kube/applier.ts";
import { KubeApiError } from "../kube/errors.ts";
import { conditionOf } from "../workload/conditions.ts";
import { SpecError } from "../workload/spec_error.ts";
import type { ReportData } from "./report.ts";
import { EMPTY_REPORT } from "../operator/pass/report.ts";
import { type StepFailure, stepFailure } from "../operator/pass/failure.ts";
import { nextStatus, type PassFacts } from "./status.ts";
import { controlPlane } from "./testing.ts";

function deployment(status: DeploymentStatus = {}, replicas = 1): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 1, annotations: { "coder.com/template-inputs": "i" } },
    spec: { replicas, selector: {}, template: {} },
    status: { observedGeneration: 1, ...status },
  };
}
const running = deployment({
  replicas: 1,
  updatedReplicas: 1,
  readyReplicas: 1,
  availableReplicas: 1,
  conditions: [{ type: "Available", status: "True" }],
});

const facts: PassFacts = {
  key: { namespace: "a", name: "coder" },
  generation: 1,
  controlPlane: controlPlane(),
  deployment: running,
  failures: [],
  pendingUpgrade: [],
  databaseKnown: true,
  visited: true,
  reports: [],
  now: new Date("2026-01-01T00:00:00Z"),
};
const failure = (step: string, error: unknown): StepFailure => stepFailure(step, error, (text) => text);
const foreign = failure("Service", new ForeignObjectError("not ours", "services", facts.key, "uncontrolled"));
const unavailable = failure("Deployment", new KubeApiError(503, "", "away", { method: "PATCH", path: "/" }));
const lostRace = failure(
  "Deployment",
  new KubeApiError(409, "Conflict", "c", { method: "PATCH", path: "/" }),
);

function says(status: ControlPlaneStatus, type: string): string {
  const condition = conditionOf(status.conditions, type);
  return condition === undefined ? "absent" : `${condition.status}/${condition.reason}`;
}

Deno.test("the fields of the Go operator's status are written as it wrote them", () => {
  const { conditions: _, ...ready } = nextStatus(undefined, facts);
  assert.deepEqual(ready, {
    observedGeneration: 1,
    readyReplicas: 1,
    phase: "Ready",
    url: "http://coder.a.svc.cluster.local:80",
  });
  const { conditions: __, ...pending } = nextStatus(undefined, { ...facts, deployment: undefined });
  assert.deepEqual(pending, {
    observedGeneration: 1,
    phase: "Pending",
    url: "http://coder.a.svc.cluster.local:80",
  }, "no zero is written");
});

Deno.test("with TLS the address is the secure one", () => {
  const secure = controlPlane({ tls: { secretNames: ["t"] }, service: { port: 8080 } });
  assert.equal(
    nextStatus(undefined, { ...facts, controlPlane: secure }).url,
    "https://coder.a.svc.cluster.local:443",
  );
});

Deno.test("what the Go operator and others wrote stays", () => {
  const before: ControlPlaneStatus = {
    observedGeneration: 1,
    readyReplicas: 3,
    operatorTokenSecretRef: { name: "coder-operator-token", key: "token" },
    operatorAccessReady: true,
    licenseLastApplied: "2025-01-01T00:00:00Z",
    licenseLastAppliedHash: "h",
    licenseTier: "premium",
    entitlementsLastChecked: "2025-01-01T00:00:00Z",
    externalProvisionerDaemonsEntitlement: "entitled",
    conditions: [{
      type: "LicenseApplied",
      status: "True",
      reason: "Applied",
      message: "m",
      lastTransitionTime: "2025-01-01T00:00:00Z",
    }],
  };
  const { conditions, readyReplicas, phase, url, ...rest } = nextStatus(before, {
    ...facts,
    deployment: deployment(),
  });
  const { conditions: license, readyReplicas: _, ...kept } = before;
  assert.deepEqual(rest, kept);
  assert.deepEqual(conditions?.[0], license?.[0]);
  assert.deepEqual([readyReplicas, phase, url], [
    undefined,
    "Pending",
    "http://coder.a.svc.cluster.local:80",
  ]);
});

Deno.test("the same facts give the same status", () => {
  const first = nextStatus(undefined, facts);
  assert.deepEqual(nextStatus(first, { ...facts, now: new Date("2026-02-01T00:00:00Z") }), first);
});

Deno.test("a running control plane is ready and nothing else", () => {
  const status = nextStatus(undefined, facts);
  assert.deepEqual(status.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`), [
    "Ready=True/Ready",
    "Available=True/PodsAvailable",
    "Progressing=False/RolloutComplete",
    "Degraded=False/AsExpected",
  ]);
});

Deno.test("a control plane that starts is being reconciled", () => {
  const none = nextStatus(undefined, { ...facts, deployment: undefined });
  assert.equal(says(none, "Ready"), "False/DeploymentMissing");
  assert.equal(says(none, "Progressing"), "True/Creating");
  assert.equal(says(none, "Reconciling"), "True/Creating");
  const starting = nextStatus(none, { ...facts, deployment: deployment() });
  assert.equal(says(starting, "Ready"), "False/PodsUnavailable");
  assert.equal(says(starting, "Reconciling"), "True/RollingOut");
  assert.equal(says(nextStatus(starting, facts), "Reconciling"), "absent");
});

Deno.test("a rollout with pods that serve stays ready", () => {
  const rolling = structuredClone(running);
  rolling.metadata.generation = 2;
  const status = nextStatus(undefined, { ...facts, deployment: rolling });
  assert.equal(says(status, "Ready"), "True/Ready");
  assert.equal(says(status, "Progressing"), "True/RollingOut");
});

Deno.test("zero replicas are not ready, and nothing is wrong", () => {
  const status = nextStatus(undefined, {
    ...facts,
    deployment: deployment({ conditions: [{ type: "Available", status: "True" }] }, 0),
  });
  assert.equal(says(status, "Ready"), "False/ScaledToZero");
  assert.equal(says(status, "Degraded"), "False/AsExpected");
  assert.equal(status.phase, "Pending");
});

Deno.test("an object of somebody else degrades and stalls, while the pods run on", () => {
  const status = nextStatus(undefined, { ...facts, failures: [foreign] });
  assert.equal(says(status, "Ready"), "False/ForeignObject");
  assert.equal(says(status, "Degraded"), "True/ForeignObject");
  assert.equal(says(status, "Stalled"), "True/ForeignObject");
  assert.equal(says(status, "Reconciling"), "absent");
  assert.equal(says(status, "Available"), "True/PodsAvailable");
  assert.equal(conditionOf(status.conditions, "Degraded")?.message, "Service: not ours");
  assert.equal(status.phase, "Ready", "the phase only counts pods");
});

Deno.test("what is tried again is reconciling, not stalled; the foreign object is named first", () => {
  const status = nextStatus(undefined, { ...facts, failures: [unavailable, foreign] });
  assert.equal(says(status, "Degraded"), "True/ForeignObject");
  assert.equal(says(status, "Reconciling"), "True/Retrying");
  assert.equal(says(status, "Stalled"), "absent");
  assert.equal(conditionOf(status.conditions, "Degraded")?.message, "Service: not ours; Deployment: away");
});

Deno.test("a lost race is not worth a word", () => {
  assert.deepEqual(nextStatus(undefined, { ...facts, failures: [lostRace] }), nextStatus(undefined, facts));
});

Deno.test("the cluster's own failures come through with its words", () => {
  const quota = deployment({
    conditions: [{ type: "ReplicaFailure", status: "True", message: "exceeded quota" }],
  });
  const failing = nextStatus(undefined, { ...facts, deployment: quota });
  assert.equal(says(failing, "Degraded"), "True/ReplicaFailure");
  assert.match(conditionOf(failing.conditions, "Degraded")?.message ?? "", /exceeded quota/);
  const late = deployment({
    conditions: [{
      type: "Progressing",
      status: "False",
      reason: "ProgressDeadlineExceeded",
      message: "timed out",
    }],
  });
  const stuck = nextStatus(undefined, { ...facts, deployment: late });
  assert.equal(says(stuck, "Progressing"), "False/ProgressDeadlineExceeded");
  assert.equal(says(stuck, "Degraded"), "True/ProgressDeadlineExceeded");
  assert.equal(says(stuck, "Stalled"), "True/ProgressDeadlineExceeded");
  assert.equal(says(stuck, "Reconciling"), "absent");
});

Deno.test("a paused rollout says how to go on", () => {
  const paused = deployment();
  paused.spec!.paused = true;
  const status = nextStatus(undefined, { ...facts, deployment: paused });
  assert.equal(says(status, "Progressing"), "False/RolloutPaused");
  assert.match(conditionOf(status.conditions, "Progressing")?.message ?? "", /rollout resume/);
});

Deno.test("pending changes of the template are listed with the command that asks for them", () => {
  const status = nextStatus(undefined, { ...facts, pendingUpgrade: ["adds a", "removes b"] });
  const message = conditionOf(status.conditions, "UpgradePending")?.message ?? "";
  assert.match(message, /adds a; removes b/);
  assert.match(message, /kubectl annotate codercontrolplane coder --namespace a coder.com\/upgrade-now=true/);
  assert.equal(says(nextStatus(status, facts), "UpgradePending"), "absent");
  const unknown = nextStatus(status, { ...facts, pendingUpgrade: undefined });
  assert.equal(says(unknown, "UpgradePending"), "True/TemplateKept", "not known is not over");
  const many = Array.from({ length: 30 }, (_, i) => `adds ${i}`);
  const long = nextStatus(undefined, { ...facts, pendingUpgrade: many });
  assert.match(conditionOf(long.conditions, "UpgradePending")?.message ?? "", /adds 19; and 10 more/);
});

Deno.test("an object that cannot be read gets a status, and keeps its address", () => {
  const unreadable = failure("Spec", new SpecError("spec", "replicas: expected number"));
  const before = nextStatus(undefined, facts);
  const status = nextStatus(before, {
    ...facts,
    generation: 2,
    controlPlane: undefined,
    failures: [unreadable],
  });
  assert.equal(says(status, "Stalled"), "True/InvalidSpec");
  assert.equal(status.url, before.url);
  assert.equal(status.observedGeneration, 2);
});

Deno.test("the observed generation never goes back", () => {
  const before = nextStatus(undefined, { ...facts, generation: 5 });
  assert.equal(nextStatus(before, { ...facts, generation: 4 }).observedGeneration, 5);
});

Deno.test("while a takeover has not succeeded the observed generation stays the other operator's", () => {
  const theirs = structuredClone(running);
  delete theirs.metadata.annotations;
  const pending = { ...facts, generation: 2, deployment: theirs, failures: [unavailable] };
  assert.equal(nextStatus({ observedGeneration: 1 }, pending).observedGeneration, 1);
  assert.equal(nextStatus(undefined, pending).observedGeneration, undefined);
});

Deno.test("configurations that will not work well are named", () => {
  const shared = { ...facts, deployment: deployment({}, 3), databaseKnown: false };
  const status = nextStatus(undefined, shared);
  assert.equal(says(status, "ConfigurationWarning"), "True/BuiltInDatabaseShared");
  assert.equal(says(nextStatus(status, facts), "ConfigurationWarning"), "absent");
});

const reported = (data: Partial<ReportData>): PassFacts => ({
  ...facts,
  reports: [{ ...EMPTY_REPORT, ...data, generation: 1 }],
});

Deno.test("what steps and visits report is in the status, and the last word counts", () => {
  const status = nextStatus({ version: "v1", licenseTier: "none" }, {
    ...facts,
    reports: [
      { ...EMPTY_REPORT, status: { version: "v2", licenseTier: "premium" }, generation: 1 },
      {
        ...EMPTY_REPORT,
        conditions: [{ type: "OperatorAccess", status: "True", reason: "Ready", message: "m" }],
        status: { version: "v3", licenseTier: undefined },
        generation: 1,
      },
    ],
  });
  assert.equal(status.version, "v3");
  assert.equal("licenseTier" in status, false, "undefined removes a field");
  assert.equal(says(status, "OperatorAccess"), "True/Ready");
});

Deno.test("a trouble degrades and does not make unready", () => {
  const status = nextStatus(
    undefined,
    reported({ troubles: [{ reason: "DatabaseUnreachable", message: "m" }] }),
  );
  assert.equal(says(status, "Degraded"), "True/DatabaseUnreachable");
  assert.equal(says(status, "Ready"), "True/Ready");
});

Deno.test("a stopped upgrade explains a rollout that is stuck; other troubles come after what the cluster says", () => {
  const message = "timed out";
  const late = deployment({
    conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message }],
  });
  const degraded = (...reasons: string[]) => {
    const troubles = reasons.map((reason) => ({ reason, message: `about ${reason}` }));
    const { conditions } = nextStatus(undefined, { ...reported({ troubles }), deployment: late });
    const found = conditionOf(conditions, "Degraded");
    return [found?.reason, found?.message];
  };
  const [reason, text] = degraded("TokenRefused", "RolloutStopped");
  assert.deepEqual([reason, text], ["RolloutStopped", "about RolloutStopped; about TokenRefused"]);
  assert.equal(degraded("TokenRefused")[0], "ProgressDeadlineExceeded");
  assert.equal(degraded("UpgradeBlocked")[0], "ProgressDeadlineExceeded", "another image's trouble");
});

Deno.test("warnings of reports join those of the spec", () => {
  const warned = nextStatus(undefined, reported({ warnings: [{ reason: "OldVersion", message: "m" }] }));
  assert.equal(says(warned, "ConfigurationWarning"), "True/OldVersion");
  assert.equal(says(nextStatus(warned, facts), "ConfigurationWarning"), "absent");
});

Deno.test("a condition that a report takes away goes", () => {
  const before = nextStatus(
    undefined,
    reported({
      conditions: [{ type: "Exposed", status: "True", reason: "Exposed", message: "m" }],
    }),
  );
  assert.equal(says(before, "Exposed"), "True/Exposed");
  assert.equal(says(nextStatus(before, reported({ absent: ["Exposed"] })), "Exposed"), "absent");
  assert.equal(says(nextStatus(before, facts), "Exposed"), "True/Exposed", "silence changes nothing");
});

Deno.test("before the first visit of a process, what an earlier one found wrong is not called right", () => {
  const before = nextStatus(
    undefined,
    reported({
      troubles: [{ reason: "DatabaseUnreachable", message: "m" }],
      warnings: [{ reason: "OldVersion", message: "m" }],
    }),
  );
  const restarted = nextStatus(before, { ...facts, visited: false });
  assert.deepEqual(restarted, before);
  const visited = nextStatus(restarted, facts);
  assert.equal(says(visited, "Degraded"), "False/AsExpected");
  assert.equal(says(visited, "ConfigurationWarning"), "absent");
});
