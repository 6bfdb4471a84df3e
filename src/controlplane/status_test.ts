import assert from "node:assert/strict";
import type { ControlPlaneStatus } from "../api/control_plane.ts";
import { conditionOf } from "../workload/conditions.ts";
import { SpecError } from "../workload/spec_error.ts";
import type { ReportData } from "./report.ts";
import { deployment, RUNNING } from "../operator/testing.ts";
import { EMPTY_REPORT } from "../operator/pass/report.ts";
import { type StepFailure, stepFailure } from "../operator/pass/failure.ts";
import { nextStatus, type PassFacts } from "./status.ts";
import { controlPlane } from "./testing.ts";

const facts: PassFacts = {
  key: { namespace: "a", name: "coder" },
  generation: 1,
  controlPlane: controlPlane(),
  deployment: RUNNING,
  failures: [],
  pendingUpgrade: [],
  databaseKnown: true,
  visited: true,
  reports: [],
  now: new Date("2026-01-01T00:00:00Z"),
};
const failure = (step: string, error: unknown): StepFailure => stepFailure(step, error, (text) => text);
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

Deno.test("a running control plane is ready and nothing else", () => {
  const status = nextStatus(undefined, facts);
  assert.deepEqual(status.conditions?.map(({ type, status, reason }) => `${type}=${status}/${reason}`), [
    "Ready=True/Ready",
    "Available=True/PodsAvailable",
    "Progressing=False/RolloutComplete",
    "Degraded=False/AsExpected",
  ]);
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

Deno.test("configurations that will not work well are named", () => {
  const shared = { ...facts, deployment: deployment({}, 3), databaseKnown: false };
  const status = nextStatus(undefined, shared);
  assert.equal(says(status, "ConfigurationWarning"), "True/BuiltInDatabaseShared");
  assert.equal(says(nextStatus(status, facts), "ConfigurationWarning"), "absent");
});

Deno.test("a warning about how things are shown makes nothing unready, and holds no kstatus up", () => {
  const aggregation = [{ reason: "NameHasDot", message: "a dot" }];
  const status = nextStatus(undefined, { ...facts, aggregation });
  assert.equal(says(status, "ConfigurationWarning"), "True/NameHasDot");
  assert.deepEqual(["Ready", "Degraded", "Reconciling", "Stalled"].map((type) => says(status, type)), [
    "True/Ready",
    "False/AsExpected",
    "absent",
    "absent",
  ]);
  assert.equal(says(nextStatus(status, facts), "ConfigurationWarning"), "absent");
});

const reported = (data: Partial<ReportData>): PassFacts => ({
  ...facts,
  reports: [{ ...EMPTY_REPORT, ...data, generation: 1 }],
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
