import assert from "node:assert/strict";
import { gadget } from "../testing/gadgets.ts";
import { metadataText, objectText } from "./object_text.ts";

Deno.test("an object is written once, and as it is", () => {
  const item = gadget("n", "a", { labels: { "é": "\u2028" } });
  assert.deepEqual(JSON.parse(objectText(item)), item);
  let reads = 0;
  const counted = { ...gadget("n", "b"), toJSON: () => ++reads };
  assert.equal(objectText(counted), objectText(counted));
  assert.equal(reads, 1);
});

Deno.test("its metadata is written apart, under a kind of its own", () => {
  const item = gadget("n", "a", { size: 3 });
  assert.deepEqual(JSON.parse(metadataText(item)), {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: item.metadata,
  });
  assert.equal(metadataText(item), metadataText(item));
});
