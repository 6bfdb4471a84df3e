import assert from "node:assert/strict";
import {
  absent,
  ago,
  assertCareful,
  causes,
  condition,
  controlPlane,
  deployment,
  factsOf,
  findings,
  seen,
} from "../platform/testing.ts";
import { deploymentUnavailable } from "./deployment_unavailable.ts";
import { finalizerStuck } from "./finalizer_stuck.ts";
import { rolloutStuck } from "./rollout_stuck.ts";
import { upgradeStopped } from "./upgrade_stopped.ts";

const NO_MINIMUM = "Deployment does not have minimum availability.";
const unavailable = (since: number, wanted = 2) =>
  factsOf("controlplane", {
    deployment: seen(deployment({
      wanted,
      ready: 0,
      conditions: [condition("Available", "False", "MinimumReplicasUnavailable", NO_MINIMUM, ago(since))],
    })),
  });

Deno.test("pods that are not ready for long are the last thing that is said", () => {
  const [found] = findings(deploymentUnavailable, unavailable(200));
  assert.equal(found?.cause, "Of Deployment lab/coder, 0 of 2 pods are ready since 2026-11-22T07:56:40Z.");
  assert.deepEqual([found?.confidence, found?.evidence[0]?.quote], [
    "likely",
    `MinimumReplicasUnavailable: ${NO_MINIMUM}`,
  ]);
  assert.deepEqual(causes(deploymentUnavailable, unavailable(60)), [], "they are starting");
  assert.deepEqual(causes(deploymentUnavailable, unavailable(200, 0)), [], "none is wanted");
  assert.ok(deploymentUnavailable.depth < 10);
  assertCareful(deploymentUnavailable, unavailable(200), "deployment", "controlPlane");
});

Deno.test("a Deployment that is not there is told with what the operator says", () => {
  const ready = condition(
    "Ready",
    "False",
    "DeploymentMissing",
    "There is no Deployment of this control plane yet",
  );
  const facts = factsOf("controlplane", {
    deployment: absent,
    controlPlane: seen(controlPlane({ conditions: [ready] })),
  });
  assert.deepEqual(causes(deploymentUnavailable, facts), [
    "There is no Deployment of control plane lab/coder: There is no Deployment of this control plane yet",
  ]);
  const young = factsOf("controlplane", {
    deployment: absent,
    controlPlane: seen(controlPlane({ metadata: { creationTimestamp: ago(20) } })),
  });
  assert.deepEqual(causes(deploymentUnavailable, young), []);
});

Deno.test("a rollout past its deadline is stuck", () => {
  const words = 'ReplicaSet "coder-5f" has timed out progressing.';
  const facts = factsOf("controlplane", {
    deployment: seen(
      deployment({ conditions: [condition("Progressing", "False", "ProgressDeadlineExceeded", words)] }),
    ),
  });
  const [found] = findings(rolloutStuck, facts);
  assert.equal(
    found?.cause,
    "The rollout of Deployment lab/coder is stuck: its new pods did not become ready in time.",
  );
  assert.deepEqual(found?.evidence[0], {
    source: "condition Progressing of Deployment lab/coder",
    at: ago(300),
    quote: `ProgressDeadlineExceeded: ${words}`,
  });
  assertCareful(rolloutStuck, facts, "deployment");
});

const upgrading = (reason: string, status = "False", more: object = {}) =>
  factsOf("controlplane", {
    controlPlane: seen(controlPlane({
      conditions: [condition("Upgrading", status, reason, "the database says no")],
      status: { upgrade: { from: "v2.29.1", to: "v2.30.0", backupJob: "coder-backup-1", ...more } },
    })),
  });

Deno.test("an upgrade that is blocked or was stopped is told from where to where, with how to try again", () => {
  const [found] = findings(upgradeStopped, upgrading("RolloutStopped"));
  assert.equal(
    found?.cause,
    "The upgrade of control plane lab/coder from v2.29.1 to v2.30.0 was stopped: the database says no",
  );
  assert.equal(
    found?.next.at(-1)?.command,
    'kubectl -n lab annotate --overwrite codercontrolplane coder coder.com/retry-upgrade="$(date +%s)"',
  );
  const blocked = upgrading("UpgradeBlocked", "False", { from: undefined });
  assert.match(causes(upgradeStopped, blocked)[0] ?? "", /lab\/coder to v2\.30\.0 is blocked: /);
  assert.equal(
    findings(upgradeStopped, upgrading("BackupFailed"))[0]?.next[0]?.command,
    "kubectl -n lab logs job/coder-backup-1",
  );
  assert.deepEqual(causes(upgradeStopped, upgrading("BackingUp", "True")), []);
  assertCareful(upgradeStopped, upgrading("RolloutStopped"), "controlPlane");
});

const ending = (
  seconds: number,
  finalizers: readonly string[],
  more: object = {},
  events: readonly object[] = [],
) =>
  factsOf("controlplane", {
    controlPlane: seen(controlPlane({ metadata: { deletionTimestamp: ago(seconds), finalizers }, ...more })),
    events: seen(events),
  });
const OWN = ["coder.com/workspace-rbac-cleanup"];

Deno.test("a deletion that does not end is told with what it waits for", () => {
  const contents = condition("ContentsDeletion", "True", "CoderAway", "Coder does not answer");
  const facts = ending(400, OWN, { conditions: [contents] });
  const [found] = findings(finalizerStuck, facts);
  assert.equal(
    found?.cause,
    "The deletion of control plane lab/coder, begun at 2026-11-22T07:53:20Z, waits for " +
      "coder.com/workspace-rbac-cleanup: Coder does not answer",
  );
  assert.deepEqual([found?.confidence, found?.evidence.length], ["certain", 2]);
  assert.deepEqual(causes(finalizerStuck, ending(60, OWN)), [], "it may take a while");
  assert.deepEqual(causes(finalizerStuck, ending(400, [])), [], "nothing holds it");
  assertCareful(finalizerStuck, facts, "controlPlane");
});

Deno.test("another controller's finalizer is told as such, and an event says what fails", () => {
  const [foreign] = findings(finalizerStuck, ending(400, ["other.io/guard"]));
  assert.match(foreign?.cause ?? "", /waits for another controller, by other\.io\/guard$/);
  assert.equal(foreign?.confidence, "likely");
  const event = {
    involvedObject: { kind: "CoderControlPlane", name: "coder", namespace: "lab" },
    type: "Warning",
    reason: "CleanupFailed",
    message: "Workspace RBAC could not be removed",
    lastTimestamp: ago(30),
  };
  const [told] = findings(finalizerStuck, ending(400, OWN, {}, [event]));
  assert.equal(told?.evidence[0]?.quote, "CleanupFailed: Workspace RBAC could not be removed");
});
