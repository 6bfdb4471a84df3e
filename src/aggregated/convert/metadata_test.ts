import assert from "node:assert/strict";
import { later, metadataOf, timeOf, unlessEmpty } from "./metadata.ts";
import { PLACE, shadowRecord, workspace } from "./testing.ts";

Deno.test("what is kept is shown in the order of the API server, and our labels win", () => {
  const kept = {
    labels: { team: "x", "aggregation.coder.com/control-plane-name": "mine" },
    annotations: { note: "y" },
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "u" }],
    finalizers: ["example.com/wait"],
    managedFields: [{ manager: "kubectl", operation: "Apply", fieldsV1: {} }],
    generation: 3,
  };
  const metadata = metadataOf(PLACE, workspace(), shadowRecord({ metadata: kept }), "2026-05-01T10:00:00Z");
  assert.deepEqual(metadata, {
    name: "acme.alice.dev",
    namespace: "team-a",
    uid: workspace().id,
    creationTimestamp: "2026-04-01T09:00:00Z",
    deletionTimestamp: "2026-05-01T10:00:00Z",
    deletionGracePeriodSeconds: 0,
    ...kept,
    labels: {
      team: "x",
      "aggregation.coder.com/control-plane-name": "coder",
      "aggregation.coder.com/control-plane-namespace": "team-a",
    },
  });
  assert.deepEqual(Object.keys(metadata).slice(3, 7), [
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ]);
});

Deno.test("where flags name the deployment, the labels are those that are kept", () => {
  const { controlPlane: _, ...place } = PLACE;
  const shadow = shadowRecord({ metadata: { labels: { team: "x" }, deletionGracePeriodSeconds: 30 } });
  assert.deepEqual(metadataOf(place, workspace(), shadow).labels, { team: "x" });
  assert.equal(metadataOf(place, workspace(), shadow, "2026-05-01T10:00:00Z").deletionGracePeriodSeconds, 30);
});

Deno.test("times become UTC with whole seconds", () => {
  assert.equal(timeOf("2026-05-01T12:00:00.999+02:00"), "2026-05-01T10:00:00Z");
  assert.equal(timeOf("2026-05-01T10:00:00Z"), "2026-05-01T10:00:00Z");
});

Deno.test("no time, Go's zero time and nonsense are none", () => {
  for (const text of [null, undefined, "", "0001-01-01T00:00:00Z", "0001-12-31T23:59:59Z", "soon"]) {
    assert.equal(timeOf(text), undefined, String(text));
  }
});

Deno.test("the later of two times is found where there is one", () => {
  assert.equal(later("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "2026-01-02T00:00:00Z");
  assert.equal(later("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"), "2026-01-03T00:00:00Z");
  assert.equal(later(undefined, "2026-01-02T00:00:00Z"), "2026-01-02T00:00:00Z");
  assert.equal(later(undefined, undefined), undefined);
});

Deno.test("an empty value is no field", () => {
  assert.deepEqual(unlessEmpty("a", ""), {});
  assert.deepEqual(unlessEmpty("a", undefined), {});
  assert.deepEqual(unlessEmpty("a", "b"), { a: "b" });
});
