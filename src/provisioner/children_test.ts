import assert from "node:assert/strict";
import {
  childLabels,
  childName,
  desiredDeployment,
  desiredServiceAccount,
  keySecretName,
  keySecretRef,
  serviceAccountName,
} from "./children.ts";
import { LABELS, provisioner } from "./testing.ts";

const longName = provisioner({}, { name: "a".repeat(180) });

Deno.test("children are named and labelled as those of the Go operator", () => {
  assert.equal(childName(provisioner()), "provisioner-prov");
  assert.equal(serviceAccountName(provisioner()), "prov-provisioner");
  assert.equal(keySecretName(provisioner()), "prov-provisioner-key");
  assert.deepEqual(childLabels(provisioner()), LABELS);
});

Deno.test("names that are too long are cut as the Go operator cuts them", () => {
  assert.equal(childName(longName), `provisioner-${"a".repeat(42)}-b11ccea9`);
  assert.equal(serviceAccountName(longName), `${"a".repeat(42)}-b11ccea9-provisioner`);
  assert.equal(childLabels(longName)["app.kubernetes.io/instance"], `${"a".repeat(54)}-b11ccea9`);
});

Deno.test("the ServiceAccount of a bare provisioner has labels alone", () => {
  assert.deepEqual(desiredServiceAccount(provisioner()), {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "prov-provisioner", namespace: "a", labels: LABELS },
  });
});

Deno.test("the ServiceAccount has the name, the labels and the annotations that the user gives", () => {
  const serviceAccount = {
    name: "builds",
    annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/builds" },
    labels: { team: "a", "app.kubernetes.io/managed-by": "us" },
  };
  assert.deepEqual(desiredServiceAccount(provisioner({ serviceAccount }))?.metadata, {
    name: "builds",
    namespace: "a",
    labels: { ...LABELS, team: "a", "app.kubernetes.io/managed-by": "us" },
    annotations: serviceAccount.annotations,
  });
});

Deno.test("a ServiceAccount that the user made is used, and none is made", () => {
  const given = provisioner({ serviceAccount: { disableCreate: true, name: "builds" } });
  assert.equal(desiredServiceAccount(given), undefined);
  assert.equal(serviceAccountName(given), "builds");
  const unnamed = provisioner({ serviceAccount: { disableCreate: true, name: "" } });
  assert.equal(serviceAccountName(unnamed), "prov-provisioner");
});

Deno.test("the key is in a Secret of the operator's, wherever the spec puts it", () => {
  const key = { secretName: "keys", secretKey: "prov" };
  assert.deepEqual(keySecretRef(provisioner()), { name: "prov-provisioner-key", key: "key" });
  assert.deepEqual(keySecretRef(provisioner({ key })), { name: "keys", key: "prov" });
  const empty = { secretName: "", secretKey: "", existingSecret: "" };
  assert.deepEqual(keySecretRef(provisioner({ key: empty })), { name: "prov-provisioner-key", key: "key" });
});

Deno.test("a Secret that the user brings is the one that is used", () => {
  const key = { existingSecret: "mine", secretName: "keys", secretKey: "prov" };
  assert.deepEqual(keySecretRef(provisioner({ key })), { name: "mine", key: "prov" });
});

Deno.test("the Deployment has the Go operator's name, selects its own pods, and says what the spec wants", () => {
  const { metadata, spec } = desiredDeployment(provisioner({ replicas: 3 }), {
    template: undefined,
    replicas: undefined,
    inputs: "i",
    rendering: "r",
    recorded: {},
    strategy: undefined,
  });
  assert.deepEqual([metadata.namespace, metadata.name, metadata.labels], ["a", "provisioner-prov", LABELS]);
  assert.equal(metadata.annotations?.["coder.com/replicas"], "3");
  assert.deepEqual(spec, { selector: { matchLabels: LABELS } });
});
