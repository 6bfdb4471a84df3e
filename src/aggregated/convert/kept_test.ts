import assert from "node:assert/strict";
import { keptMetadata, keptSource, keptTemplateSpec, keptWorkspaceSpec } from "./kept.ts";
import { shadowRecord } from "./testing.ts";

Deno.test("what is kept is given as it is, without what is empty", () => {
  const metadata = {
    labels: { a: "b" },
    annotations: {},
    finalizers: ["example.com/wait"],
    ownerReferences: [],
    managedFields: [{ manager: "kubectl", operation: "Apply", fieldsV1: { "f:spec": {} } }],
    generation: 2,
    deletionTimestamp: "2026-05-01T10:00:00Z",
    deletionGracePeriodSeconds: 0,
  };
  const { annotations: _, ownerReferences: __, ...some } = metadata;
  assert.deepEqual(keptMetadata(shadowRecord({ metadata })), some);
});

Deno.test("one part that is not of its form hides no other", () => {
  const wrong = {
    labels: { a: 7 },
    annotations: "none",
    finalizers: ["example.com/wait"],
    managedFields: [1],
    deletionTimestamp: "soon",
    generation: 1.5,
  };
  const record = shadowRecord({
    metadata: wrong as never,
    spec: { parameters: { region: 7 }, presetID: "p", variables: "none", provisionerTags: { a: "b" } },
  });
  assert.deepEqual(keptMetadata(record), { finalizers: ["example.com/wait"] });
  assert.deepEqual(keptWorkspaceSpec(record), { presetID: "p" });
  assert.deepEqual(keptTemplateSpec(record), { provisionerTags: { a: "b" } });
  assert.deepEqual(keptMetadata(shadowRecord({ metadata: [] as never })), {});
});

Deno.test("of what a source is known by, fields that nobody knows are left out", () => {
  const record = shadowRecord({ source: { revision: "abc", secret: "x" } });
  assert.deepEqual(keptSource(record), { source: { revision: "abc" } });
  assert.deepEqual(keptSource(shadowRecord({ source: { revision: 7 } })), {});
  assert.deepEqual(keptSource(shadowRecord()), {});
});

Deno.test("nothing kept is nothing, and what is made of a record is made once", () => {
  assert.deepEqual([keptMetadata(undefined), keptWorkspaceSpec(), keptTemplateSpec(), keptSource()], [
    {},
    {},
    {},
    {},
  ]);
  const record = shadowRecord({ spec: { parameters: { a: "b" } } });
  assert.equal(keptWorkspaceSpec(record), keptWorkspaceSpec(record));
});
