import assert from "node:assert/strict";
import { serviceAccount } from "./service_account.ts";

const child = { name: "runner", namespace: "a", labels: { app: "x", by: "us" } };

Deno.test("a ServiceAccount that nothing is said of has labels alone", () => {
  const bare = { apiVersion: "v1", kind: "ServiceAccount", metadata: child };
  assert.deepEqual(serviceAccount(child), bare);
  assert.deepEqual(serviceAccount(child, { annotations: {}, labels: {} }), bare);
});

Deno.test("it has the annotations that the user gives, and the user's labels win", () => {
  const { metadata } = serviceAccount(child, { annotations: { role: "r" }, labels: { by: "me", team: "t" } });
  assert.deepEqual(metadata, {
    name: "runner",
    namespace: "a",
    labels: { app: "x", by: "me", team: "t" },
    annotations: { role: "r" },
  });
});
