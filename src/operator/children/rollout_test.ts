import assert from "node:assert/strict";
import type { Deployment, DeploymentCondition, DeploymentStatus } from "../../api/kubernetes/types.ts";
import { rolloutOf } from "./rollout.ts";

function deployment(status: DeploymentStatus | undefined, replicas = 2): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 3 },
    spec: { replicas, selector: {}, template: {} },
    ...(status && { status: { observedGeneration: 3, ...status } }),
  };
}

const condition = (type: string, status: string, reason: string, message: string): DeploymentCondition => ({
  type,
  status,
  reason,
  message,
});
const done = { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

Deno.test("a Deployment that nobody has looked at yet waits for the cluster", () => {
  const rollout = rolloutOf(deployment(undefined));
  assert.equal(rollout.complete, false);
  assert.match(rollout.waitingFor, /yet to see the latest change/);
  assert.equal(rollout.available, false);
  assert.match(rollout.unavailableBecause, /no pod has become ready/);
  assert.equal(rolloutOf(deployment({ ...done, observedGeneration: 2 })).complete, false);
});

Deno.test("each stage of a rollout says what it waits for", () => {
  const rows: [DeploymentStatus, string][] = [
    [{ replicas: 2, updatedReplicas: 1 }, "1 of 2 pods have the current template"],
    [{ replicas: 3, updatedReplicas: 2, availableReplicas: 3 }, "1 older pods are still to end"],
    [{ replicas: 2, updatedReplicas: 2, availableReplicas: 1 }, "1 of 2 pods are available"],
    [done, ""],
  ];
  for (const [status, waitingFor] of rows) {
    const rollout = rolloutOf(deployment(status));
    assert.equal(rollout.waitingFor, waitingFor);
    assert.equal(rollout.complete, waitingFor === "");
  }
});

Deno.test("availability is the cluster's judgement, and nothing is available at zero replicas", () => {
  const conditions = [condition("Available", "True", "MinimumReplicasAvailable", "fine")];
  assert.equal(rolloutOf(deployment({ ...done, conditions })).available, true);
  const none = rolloutOf(deployment({ conditions }, 0));
  assert.equal(none.available, false);
  assert.equal(none.complete, true);
  const lacking = [condition("Available", "False", "MinimumReplicasUnavailable", "lacks pods")];
  assert.equal(rolloutOf(deployment({ conditions: lacking })).unavailableBecause, "lacks pods");
});

Deno.test("a rollout past its deadline is stuck, unless a newer change came", () => {
  const conditions = [condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")];
  assert.equal(rolloutOf(deployment({ conditions })).stuck, "timed out");
  assert.equal(rolloutOf(deployment({ conditions, observedGeneration: 2 })).stuck, undefined);
  assert.equal(rolloutOf(deployment({ ...done })).stuck, undefined);
});

Deno.test("pods that cannot be made are a failure with the cluster's words", () => {
  const failing = condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota");
  assert.equal(rolloutOf(deployment({ conditions: [failing] })).replicaFailure, "exceeded quota");
  const over = { ...failing, status: "False" };
  assert.equal(rolloutOf(deployment({ conditions: [over] })).replicaFailure, undefined);
});

Deno.test("replicas default to one, and a pause is told", () => {
  const bare: Deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: {} };
  assert.equal(rolloutOf(bare).wanted, 1);
  assert.equal(rolloutOf(bare).paused, false);
  const paused = deployment(done);
  paused.spec!.paused = true;
  assert.equal(rolloutOf(paused).paused, true);
});
