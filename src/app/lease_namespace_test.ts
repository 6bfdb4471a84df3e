import assert from "node:assert/strict";
import { leaseNamespace } from "./lease_namespace.ts";

const none = () => undefined;

Deno.test("the flag comes first", () => {
  const environment = { POD_NAMESPACE: "pod" };
  assert.equal(
    leaseNamespace({ configured: "flag", environment, serviceAccountNamespace: () => "sa" }),
    "flag",
  );
});

Deno.test("then the pod's namespace, trimmed", () => {
  const environment = { POD_NAMESPACE: " pod\n" };
  assert.equal(leaseNamespace({ environment, serviceAccountNamespace: () => "sa" }), "pod");
});

Deno.test("then that of the service account, and a blank variable is no namespace", () => {
  assert.equal(leaseNamespace({ environment: {}, serviceAccountNamespace: () => "sa" }), "sa");
  assert.equal(
    leaseNamespace({ environment: { POD_NAMESPACE: "  " }, serviceAccountNamespace: () => "sa" }),
    "sa",
  );
});

Deno.test("and kube-system where nothing else is known", () => {
  assert.equal(leaseNamespace({ environment: {}, serviceAccountNamespace: none }), "kube-system");
});

Deno.test("outside a pod the service account's file is not there", () => {
  assert.equal(leaseNamespace({ environment: {} }), "kube-system");
});
