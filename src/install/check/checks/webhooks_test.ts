import assert from "node:assert/strict";
import { told, verdicts } from "../testing.ts";
import { webhooks } from "./webhooks.ts";

const VALIDATING = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/guard/endpointslices?labelSelector=" +
  encodeURIComponent("kubernetes.io/service-name=gate");
const objects = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "coder-system", labels: { tier: "platform" } } },
  { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "coder-k8s", namespace: "coder-system" } },
];

function configured(changes: object = {}, slices?: object) {
  const one = {
    name: "gate.example.com",
    failurePolicy: "Fail",
    clientConfig: { service: { namespace: "guard", name: "gate" } },
    rules: [{ apiGroups: ["apps"], resources: ["deployments"], operations: ["CREATE"] }],
    ...changes,
  };
  return {
    objects,
    answers: {
      [VALIDATING]: { items: [{ metadata: { name: "guard" }, webhooks: [one] }] },
      ...(slices === undefined ? {} : { [SLICES]: slices }),
    },
  };
}

Deno.test("a webhook that is asked for our objects and that nobody serves is in the way", async () => {
  assert.deepEqual(await told(webhooks, configured()), [
    "failed: Webhook gate.example.com (validatingwebhookconfiguration guard) is asked before deployments are made, and " +
    "its Service guard/gate has no ready address.",
  ]);
});

Deno.test("one that is served, may be missed, or is asked for something else is not", async () => {
  const ready = { items: [{ endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }] }] };
  for (
    const given of [
      configured({}, ready),
      configured({ failurePolicy: "Ignore" }),
      configured({ rules: [{ apiGroups: ["apps"], resources: ["daemonsets"], operations: ["CREATE"] }] }),
      configured({ rules: [{ apiGroups: ["apps"], resources: ["deployments"], operations: ["DELETE"] }] }),
      configured({ namespaceSelector: { matchLabels: { tier: "apps" } } }),
      configured({
        namespaceSelector: {
          matchExpressions: [{
            key: "kubernetes.io/metadata.name",
            operator: "NotIn",
            values: ["coder-system"],
          }],
        },
      }),
      configured({ clientConfig: { url: "https://gate.example.com" } }),
      { objects },
    ]
  ) assert.deepEqual(await verdicts(webhooks, given), ["ok"]);
});

Deno.test("addresses that are not ready do not serve; a selector that selects our namespace counts", async () => {
  const away = { items: [{ endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: false } }] }] };
  assert.deepEqual(await verdicts(webhooks, configured({}, away)), ["failed"]);
  assert.deepEqual(
    await verdicts(webhooks, configured({ namespaceSelector: { matchLabels: { tier: "platform" } } })),
    ["failed"],
  );
});

Deno.test("wildcards concern everything; what cluster-wide objects need no namespace decides", async () => {
  const rules = [{ apiGroups: ["*"], resources: ["*"], operations: ["*"] }];
  assert.deepEqual(await verdicts(webhooks, configured({ rules })), ["failed"]);
  const elsewhere = { namespaceSelector: { matchLabels: { tier: "apps" } } };
  assert.deepEqual(await verdicts(webhooks, configured({ rules, ...elsewhere })), ["failed"]);
});

Deno.test("where webhooks may not be listed it is said", async () => {
  assert.deepEqual(await verdicts(webhooks, { objects, answers: { [VALIDATING]: "Forbidden (403)" } }), [
    "unknown",
  ]);
});
