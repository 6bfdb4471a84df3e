import assert from "node:assert/strict";
import type { PersistentVolumeClaim } from "../../../api/kubernetes/types.ts";
import {
  ago,
  commands,
  event,
  factsOf,
  only,
  pod,
  quotes,
  unreadFacts,
  waiting,
} from "../../pods/testing.ts";
import type { Rule } from "../../types.ts";
import { pvcPending } from "./pvc_pending.ts";
import { sandboxFailing } from "./sandbox_failing.ts";
import { volumeMountFailing } from "./volume_mount_failing.ts";

const creating = waiting("ContainerCreating", "", {
  spec: { volumes: [{ name: "home", persistentVolumeClaim: { claimName: "home" } }] },
});

/** Words of kubelets and of the attach controller. */
const MOUNTS: readonly (readonly [reason: string, message: string, says: string])[] = [
  [
    "FailedMount",
    'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found',
    "the Secret lab/web-tls does not exist.",
  ],
  [
    "FailedMount",
    'MountVolume.SetUp failed for volume "cfg" : configmap "settings" not found',
    "the ConfigMap lab/settings does not exist.",
  ],
  [
    "FailedMount",
    'MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.crt',
    "the Secret of the volume tls has no key tls.crt.",
  ],
  [
    "FailedMount",
    'MountVolume.SetUp failed for volume "cfg" : references non-existent config key: a.yaml',
    "the ConfigMap of the volume cfg has no key a.yaml.",
  ],
  [
    "FailedAttachVolume",
    'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node and can\'t be attached to another',
    "the volume pvc-1 is still attached to another node.",
  ],
  [
    "FailedMount",
    "Unable to attach or mount volumes: unmounted volumes=[home], unattached volumes=[home kube-api-access-x]: timed out waiting for the condition",
    "the volumes home did not come in time.",
  ],
  [
    "FailedMount",
    'MountVolume.MountDevice failed for volume "pvc-1" : rpc error: code = Internal desc = mount failed: exit status 32',
    "the volume pvc-1 fails, see the node's words.",
  ],
];
for (const [reason, message, says] of MOUNTS) {
  Deno.test(`a volume that does not come: ${message.slice(0, 90)}`, () => {
    const found = only(volumeMountFailing, { pods: [creating], events: [event(reason, message)] });
    assert.equal(found.cause, `The volumes of pod lab/dev-0 cannot be mounted: ${says}`);
    assert.deepEqual(quotes(found), [`event of pod lab/dev-0 at ${ago(30)}: ${reason}: ${message} (×4)`]);
  });
}

Deno.test("what is the matter is told before that it took too long", () => {
  const events = [
    event("FailedMount", "Unable to attach or mount volumes: timed out waiting for the condition", {
      lastTimestamp: ago(5),
    }),
    event("FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found'),
  ];
  const found = only(volumeMountFailing, { pods: [creating], events });
  assert.match(found.cause, /Secret lab\/web-tls/);
  assert.equal(commands(found)[0], "kubectl -n lab get secret");
  const multi = [event("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" …')];
  assert.equal(
    commands(only(volumeMountFailing, { pods: [creating], events: multi }))[0],
    "kubectl -n lab describe pvc home",
  );
});

Deno.test("mounts that failed before the pod ran are over", () => {
  const events = [event("FailedMount", "MountVolume failed")];
  assert.deepEqual(volumeMountFailing.find(factsOf({ pods: [pod()], events })), []);
  const older = [
    event("FailedMount", "MountVolume failed", {
      involvedObject: { kind: "Pod", namespace: "lab", name: "dev-0", uid: "older" },
    }),
  ];
  assert.deepEqual(volumeMountFailing.find(factsOf({ pods: [creating], events: older })), []);
});

const SANDBOXES: readonly (readonly [message: string, says: RegExp])[] = [
  [
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "3fe": plugin ' +
    'type="calico" failed (add): error getting ClusterInformation: connection is unauthorized',
    /^Node node-1 cannot start pod lab\/dev-0: its network plugin fails\.$/,
  ],
  [
    "Failed create pod sandbox: rpc error: code = Unknown desc = NetworkPlugin cni failed to set up pod",
    /its network plugin fails/,
  ],
  [
    'failed to setup network for sandbox "1": plugin type="aws-cni" failed (add): add cmd: failed to assign an IP address to container',
    /has no address left for it/,
  ],
  [
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "kata" is configured',
    /does not have the pod's runtime class/,
  ],
  ["Failed to create pod sandbox: rpc error: code = DeadlineExceeded", /its container runtime fails/],
];
for (const [message, says] of SANDBOXES) {
  Deno.test(`a node that cannot start a pod: ${message.slice(-70)}`, () => {
    const found = only(sandboxFailing, {
      pods: [creating],
      events: [event("FailedCreatePodSandBox", message)],
    });
    assert.match(found.cause, says);
    assert.equal(
      commands(found)[0],
      "kubectl -n kube-system get pods -o wide --field-selector=spec.nodeName=node-1",
    );
  });
}

Deno.test("one failure of a sandbox just now is tried again", () => {
  const once = event("FailedCreatePodSandBox", "cni", { count: 1, lastTimestamp: ago(5) });
  assert.deepEqual(sandboxFailing.find(factsOf({ pods: [creating], events: [once] })), []);
  const long = event("FailedCreatePodSandBox", "cni", { count: 1, lastTimestamp: ago(60) });
  assert.equal(sandboxFailing.find(factsOf({ pods: [creating], events: [long] })).length, 1);
});

const claim = (
  phase: string,
  spec: object = { storageClassName: "fast" },
  seconds = 120,
): PersistentVolumeClaim => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "home", namespace: "lab", creationTimestamp: ago(seconds) },
  spec,
  status: { phase },
});
const about = (reason: string, message: string) =>
  event(reason, message, { kind: "PersistentVolumeClaim", name: "home" });

const CLAIMS: readonly (readonly [reason: string, message: string, says: string, confidence: string])[] = [
  [
    "ProvisioningFailed",
    'storageclass.storage.k8s.io "fast" not found',
    "there is no storage class fast",
    "certain",
  ],
  [
    "FailedBinding",
    "no persistent volumes available for this claim and no storage class is set",
    "it names no storage class, and there is no default one",
    "certain",
  ],
  [
    "ProvisioningFailed",
    'failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = out of space',
    "the storage does not make it, see its words",
    "certain",
  ],
  [
    "VolumeMismatch",
    'Cannot bind to requested volume "pv-1": requested PV is too small',
    "no volume fits it",
    "certain",
  ],
  [
    "ExternalProvisioning",
    "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually by the system administrator.",
    "the provisioner ebs.csi.aws.com has not made it yet, and may not run",
    "likely",
  ],
];
for (const [reason, message, says, confidence] of CLAIMS) {
  Deno.test(`a claim that gets no volume: ${message.slice(0, 80)}`, () => {
    const found = only(pvcPending, { claims: [claim("Pending")], events: [about(reason, message)] });
    assert.equal(found.cause, `The volume claim lab/home gets no volume: ${says}.`);
    assert.equal(found.confidence, confidence);
    assert.deepEqual(quotes(found), [
      `event of volume claim lab/home at ${ago(30)}: ${reason}: ${message} (×4)`,
      "volume claim lab/home at 2026-11-22T08:00:00Z: phase Pending, storage class fast",
    ]);
    assert.deepEqual(commands(found), ["kubectl get storageclass", "kubectl -n lab describe pvc home"]);
  });
}

Deno.test("a claim without a class is named once it is not young; one that waits for its pod is not", () => {
  const bare = (seconds: number) => factsOf({ claims: [claim("Pending", {}, seconds)], events: [] });
  assert.match(
    pvcPending.find(bare(60))[0]!.cause,
    /it names no storage class, and none was set by default\.$/,
  );
  assert.deepEqual(pvcPending.find(bare(5)), []);
  const first = about("WaitForFirstConsumer", "waiting for first consumer to be created before binding");
  assert.deepEqual(pvcPending.find(factsOf({ claims: [claim("Pending")], events: [first] })), []);
  assert.deepEqual(pvcPending.find(factsOf({ claims: [claim("Pending")], events: [] })), []);
  const soon = about("ExternalProvisioning", "Waiting for a volume to be created");
  assert.deepEqual(
    pvcPending.find(factsOf({ claims: [claim("Pending", {}, 20)], events: [soon] })).length,
    1,
  );
  const young = claim("Pending", { storageClassName: "fast" }, 20);
  assert.deepEqual(pvcPending.find(factsOf({ claims: [young], events: [soon] })), []);
});

Deno.test("a claim whose volume was deleted has lost it", () => {
  const found = only(pvcPending, { claims: [claim("Lost")], events: [] });
  assert.equal(found.cause, "The volume claim lab/home has lost its volume: the volume was deleted.");
  assert.equal(commands(found)[0], "kubectl get pv");
});

for (const rule of [pvcPending, sandboxFailing, volumeMountFailing] as Rule[]) {
  Deno.test(`${rule.id} is silent where all is well and where nothing was read`, () => {
    assert.deepEqual(rule.find(factsOf({ pods: [pod()], events: [], claims: [claim("Bound")] })), []);
    assert.deepEqual(rule.find(unreadFacts(rule)), []);
  });
}
