import assert from "node:assert/strict";
import { newAuthority } from "../testing_authority.ts";
import { NOW, told, verdicts } from "../testing.ts";
import { apiService, services } from "./api_service.ts";

const PATH = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com";
const service = { namespace: "coder-system", name: "coder-k8s-apiserver" };
const DAY = 86_400_000;

function registered(spec: object, available = "True", message = "") {
  const conditions = [{ type: "Available", status: available, message }];
  return { answers: { [PATH]: { spec: { service, ...spec }, status: { conditions } } } };
}

Deno.test("what is registered has to be available, and its authority valid", async () => {
  const caBundle = btoa(await newAuthority(NOW + 365 * DAY));
  assert.deepEqual(await told(apiService, registered({ caBundle })), [
    "ok: APIService v1alpha1.aggregation.coder.com is available.",
    "ok: The API server verifies the certificate; its authority is valid until 2027-01-02.",
  ]);
  const away = await told(apiService, registered({ caBundle }, "False", "no endpoints"));
  assert.equal(away[0], "failed: APIService v1alpha1.aggregation.coder.com is not available: no endpoints");
  const soon = btoa(await newAuthority(NOW + 2 * DAY));
  assert.deepEqual(await verdicts(apiService, registered({ caBundle: soon })), ["ok", "warning"]);
  const expired = btoa(await newAuthority(NOW - DAY));
  assert.deepEqual(await verdicts(apiService, registered({ caBundle: expired })), ["ok", "failed"]);
});

Deno.test("no bundle, a broken one, no verification, and another Service are told", async () => {
  assert.deepEqual(await verdicts(apiService, registered({})), ["ok", "failed"]);
  assert.deepEqual(await verdicts(apiService, registered({ caBundle: "%%%" })), ["ok", "failed"]);
  assert.deepEqual(await verdicts(apiService, registered({ insecureSkipTLSVerify: true })), [
    "ok",
    "warning",
  ]);
  const other = { insecureSkipTLSVerify: true, service: { namespace: "x", name: "y" } };
  assert.deepEqual(await verdicts(apiService, registered(other)), ["ok", "warning", "failed"]);
});

Deno.test("before an installation it is only in the way where nobody answers", async () => {
  assert.deepEqual(await verdicts(apiService, { phase: "before" }), []);
  assert.deepEqual(await verdicts(apiService, { ...registered({}), phase: "before" }), []);
  assert.deepEqual(await verdicts(apiService, { ...registered({}, "False"), phase: "before" }), ["warning"]);
  assert.deepEqual(await verdicts(apiService, {}), ["failed"]);
  assert.deepEqual(await verdicts(apiService, { answers: { [PATH]: "refused" } }), ["unknown"]);
});

Deno.test("Services need a ready address", async () => {
  const objects = [
    { apiVersion: "v1", kind: "Service", metadata: { name: "coder-k8s" } },
    { apiVersion: "v1", kind: "Service", metadata: { name: "coder-k8s-apiserver" } },
  ];
  const path = (name: string) =>
    "/apis/discovery.k8s.io/v1/namespaces/coder-system/endpointslices?labelSelector=" +
    encodeURIComponent(`kubernetes.io/service-name=${name}`);
  const ready = { items: [{ endpoints: [{ addresses: ["10.0.0.1"] }] }] };
  assert.deepEqual(await told(services, { objects, answers: { [path("coder-k8s")]: ready } }), [
    "ok: Service coder-k8s has 1 ready address.",
    "failed: Service coder-k8s-apiserver has no ready address.",
  ]);
});
