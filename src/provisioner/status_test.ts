import assert from "node:assert/strict";
import type { Deployment } from "../api/kubernetes/types.ts";
import type { ProvisionerStatus } from "../api/provisioner.ts";
import { EMPTY_REPORT } from "../operator/pass/report.ts";
import { conditionOf, type ConditionUpdate } from "../workload/conditions.ts";
import type { Key, KeyRecord } from "./keys/mod.ts";
import { nextStatus, type PassFacts } from "./status.ts";
import { provisioner } from "./testing.ts";

const now = new Date("2026-01-01T00:00:00Z");
const lastTransitionTime = "2025-01-01T00:00:00Z";

function deployment(ready: number, replicas = 1): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { generation: 1, annotations: { "coder.com/template-inputs": "x" } },
    spec: {
      replicas,
      selector: {},
      template: { spec: { containers: [{ name: "provisioner", image: "coder:v2" }] } },
    },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      ...(ready > 0 && { readyReplicas: ready }),
      availableReplicas: ready,
      conditions: [{
        type: "Available",
        status: ready > 0 ? "True" : "False",
        message: "no pods",
        lastTransitionTime,
        lastUpdateTime: lastTransitionTime,
      }],
    },
  };
}

function facts(more: Partial<PassFacts> = {}): PassFacts {
  return {
    key: { namespace: "a", name: "prov" },
    generation: 1,
    provisioner: provisioner(),
    deployment: deployment(1),
    failures: [],
    pendingUpgrade: [],
    waiting: undefined,
    keys: undefined,
    visited: true,
    reports: [],
    now,
    ...more,
  };
}

const said = (...conditions: ConditionUpdate[]) => [{ ...EMPTY_REPORT, conditions, generation: 1 }];
const no = (type: string, reason: string): ConditionUpdate => ({
  type,
  status: "False",
  reason,
  message: `${reason}!`,
});
const yes = (type: string): ConditionUpdate => ({ type, status: "True", reason: "Fine", message: "" });

function ready(status: ProvisionerStatus): string {
  const { status: is, reason } = conditionOf(status.conditions, "Ready") ?? {};
  return `${is}/${reason}`;
}

const secret = "ProvisionerKeySecretReady";

Deno.test("pods that are added make nothing unready as long as one takes builds", () => {
  const adding = deployment(0, 4);
  Object.assign(adding.status ?? {}, { readyReplicas: 1, availableReplicas: 1, updatedReplicas: 4 });
  const { conditions } = nextStatus(undefined, facts({ deployment: adding }));
  assert.equal(conditionOf(conditions, "Ready")?.status, "True");
  assert.match(conditionOf(conditions, "Ready")?.message ?? "", /1 of 4 pods are ready/);
  assert.equal(conditionOf(conditions, "Progressing")?.status, "True");
});

Deno.test("without a usable key no provisioner is ready, whatever its pods do", () => {
  const status = nextStatus(undefined, facts({ reports: said(no(secret, "KeyGone")) }));
  assert.equal(ready(status), "False/KeyGone");
  assert.equal(conditionOf(status.conditions, "Available")?.status, "True", "the pods run");
  assert.equal(status.phase, "Ready");
  const both = said(no("ProvisionerKeyReady", "RateLimited"), no(secret, "KeyGone"));
  assert.equal(ready(nextStatus(undefined, facts({ reports: both }))), "False/RateLimited", "why it lasts");
  assert.equal(
    ready(nextStatus(undefined, facts({ reports: said(yes("ProvisionerKeyReady")) }))),
    "True/Ready",
  );
});

Deno.test("while the key for a changed spec is being made, pods with a good one are ready", () => {
  const reports = said(no("ProvisionerKeyReady", "TagsChanged"), yes(secret));
  const status = nextStatus(undefined, facts({ reports }));
  assert.equal(ready(status), "True/Ready");
  const reconciling = conditionOf(status.conditions, "Reconciling");
  assert.deepEqual([reconciling?.status, reconciling?.reason], ["True", "TagsChanged"]);
  const none = nextStatus(undefined, facts({ reports, deployment: undefined }));
  assert.equal(ready(none), "False/TagsChanged");
});

Deno.test("a lost licence with pods that run is told as it is: degraded, and ready", () => {
  const trouble = { reason: "NotEntitled", message: "the licence does not allow it" };
  const reports = [{
    ...EMPTY_REPORT,
    conditions: [no("ExternalProvisionersEntitled", "NotEntitled"), yes("ProvisionerKeyReady")],
    troubles: [trouble],
    generation: 1,
  }];
  const status = nextStatus(undefined, facts({ reports }));
  assert.equal(ready(status), "True/Ready");
  const degraded = conditionOf(status.conditions, "Degraded");
  assert.deepEqual([degraded?.status, degraded?.reason], ["True", "NotEntitled"]);
});

Deno.test("what an earlier process said of the key counts until the first visit", () => {
  const before = nextStatus(undefined, facts({ reports: said(no(secret, "SecretMissing")) }));
  assert.equal(ready(nextStatus(before, facts({ visited: false }))), "False/SecretMissing");
  assert.equal(ready(nextStatus(before, facts({ reports: said(yes(secret)) }))), "True/Ready");
});

Deno.test("what pods wait for is the reason why there are none", () => {
  const waiting = { reason: "KeyAwaited", message: "no key" };
  const status = nextStatus(undefined, facts({ deployment: undefined, waiting }));
  assert.equal(ready(status), "False/KeyAwaited");
  const progressing = conditionOf(status.conditions, "Progressing");
  assert.deepEqual([progressing?.status, progressing?.reason], ["False", "KeyAwaited"]);
  assert.equal(conditionOf(status.conditions, "Available")?.reason, "DeploymentMissing");
  assert.equal(ready(nextStatus(undefined, facts({ waiting }))), "True/Ready", "there are pods");
});

Deno.test("zero values are left out, and what the scale subresource shows is there", () => {
  const none = nextStatus({ readyReplicas: 2, replicas: 2, image: "old" }, facts({ deployment: undefined }));
  assert.deepEqual([none.readyReplicas, none.replicas, none.image, none.phase], [
    undefined,
    undefined,
    undefined,
    "Pending",
  ]);
  assert.ok(!("replicas" in none) && !("image" in none));
  const some = nextStatus(undefined, facts({ deployment: deployment(1, 2) }));
  assert.deepEqual([some.readyReplicas, some.replicas, some.image], [1, 2, "coder:v2"]);
  assert.match(some.selector ?? "", /app.kubernetes.io\/name=coder-provisioner/);
});

const keyNamed = (name: string): Key => ({
  name,
  organization: { name: "default", id: "o-1" },
  home: { namespace: "a", name: "coder" },
});
const record = (name?: string): KeyRecord => ({
  ...(name !== undefined && { present: keyNamed(name) }),
  intents: [],
  holds: [],
});

Deno.test("the record of keys is stored as the visit left it, and storing it again changes nothing", () => {
  const keys = { base: record(), mine: record("k-1") };
  const first = nextStatus(undefined, facts({ keys }));
  assert.deepEqual([first.provisionerKeyName, first.organizationID, first.controlPlaneRefName], [
    "k-1",
    "o-1",
    "coder",
  ]);
  assert.deepEqual(nextStatus(first, facts({ keys })), first);
  const rotated = nextStatus(first, facts({ keys: { base: record("k-1"), mine: record("k-2") } }));
  assert.equal(rotated.provisionerKeyName, "k-2");
});

Deno.test("a name of a key that another writer stored meanwhile is not lost, nor is the visit's", () => {
  const theirs = nextStatus(undefined, facts({ keys: { base: record(), mine: record("theirs") } }));
  const merged = nextStatus(theirs, facts({ keys: { base: record(), mine: record("mine") } }));
  assert.equal(merged.provisionerKeyName, "theirs");
  assert.deepEqual(merged.keyIntents?.map(({ name, step }) => [name, step]), [["mine", "Retiring"]]);
});

Deno.test("a record that is empty by now takes its fields away, and without a visit all stays", () => {
  const stored = nextStatus(undefined, facts({ keys: { base: record(), mine: record("k-1") } }));
  assert.equal(nextStatus(stored, facts()).provisionerKeyName, "k-1");
  const emptied = nextStatus(stored, facts({ keys: { base: record("k-1"), mine: record() } }));
  assert.ok(!("provisionerKeyName" in emptied));
});

Deno.test("an object that cannot be read keeps what the scale subresource showed", () => {
  const failure = { step: "Spec", reason: "InvalidSpec" as const, message: "no", error: new Error("no") };
  const status = nextStatus(undefined, facts({ provisioner: undefined, failures: [failure] }));
  assert.equal(ready(status), "False/InvalidSpec");
});
