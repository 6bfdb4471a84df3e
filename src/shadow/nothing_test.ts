import { equal } from "node:assert/strict";
import { hasNothing } from "./nothing.ts";
import { shadowOf } from "./testing.ts";
import type { ShadowMetadata, ShadowRecord } from "./types.ts";

const bare: ShadowRecord = { ...shadowOf("a"), metadata: {} };

Deno.test("a record with nothing in it is not worth a ConfigMap", () => {
  equal(hasNothing(bare), true);
  equal(
    hasNothing({ ...bare, metadata: { labels: {}, annotations: {}, finalizers: [], managedFields: [] } }),
    true,
  );
  equal(hasNothing({ ...bare, spec: {}, source: {} }), true);
  equal(
    hasNothing({ ...bare, metadata: { generation: 7 }, parametersOf: "build" }),
    true,
    "these say nothing alone",
  );
});

Deno.test("whatever is somebody's is kept", () => {
  const metadata: ShadowMetadata[] = [
    { labels: { a: "" } },
    { annotations: { a: "" } },
    { finalizers: ["example.com/a"] },
    { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "a" }] },
    { managedFields: [{ manager: "kubectl", operation: "Apply" }] },
    { deletionTimestamp: "2026-01-01T00:00:00Z" },
  ];
  for (const each of metadata) equal(hasNothing({ ...bare, metadata: each }), false, JSON.stringify(each));
  equal(hasNothing({ ...bare, spec: { parameters: [] } }), false);
  equal(hasNothing({ ...bare, source: { commit: "a" } }), false);
  equal(
    hasNothing({ ...bare, refusal: { reason: "Refused", message: "no", at: "2026-01-01T00:00:00Z" } }),
    false,
  );
});
