import assert from "node:assert/strict";
import { gadget, gadgetDefinition } from "../testing/gadgets.ts";
import type { Form } from "./accept.ts";
import { createWriter, frameOf } from "./writer.ts";

const OBJECT: Form = { as: "object" };
const METADATA: Form = { as: "metadata" };
const TABLE: Form = { as: "table", includeObject: "Metadata" };

let now = Date.parse("2026-01-01T00:00:05Z");
const writer = createWriter(gadgetDefinition, () => now);
const read = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
const page = { items: [gadget("n", "a"), gadget("n", "b")], head: { resourceVersion: "5" } };

Deno.test("an object is written whole, as metadata alone, or as a table of one row", () => {
  const item = { ...gadget("n", "a"), metadata: { name: "a", resourceVersion: "3" } };
  assert.deepEqual(JSON.parse(String(writer.object(item, OBJECT))), item);
  assert.deepEqual(JSON.parse(String(writer.object(item, METADATA))).metadata, item.metadata);
  const table = JSON.parse(String(writer.object(item, TABLE)));
  assert.deepEqual([table.kind, table.metadata, table.rows.length], ["Table", { resourceVersion: "3" }, 1]);
  assert.ok(String(writer.object(item, OBJECT)).endsWith("}\n"));
});

Deno.test("a list has the kind of its form, and is never without items", () => {
  const list = read(writer.list(page, OBJECT));
  assert.deepEqual([list.kind, list.apiVersion, list.metadata], [
    "GadgetList",
    "gadgets.coder.test/v1alpha1",
    page.head,
  ]);
  assert.deepEqual(list.items, page.items);
  const metadata = read(writer.list(page, METADATA));
  assert.deepEqual([metadata.kind, metadata.apiVersion], ["PartialObjectMetadataList", "meta.k8s.io/v1"]);
  assert.deepEqual(metadata.items[0], {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: page.items[0]!.metadata,
  });
  assert.deepEqual(read(writer.list({ items: [], head: { resourceVersion: "5" } }, OBJECT)).items, []);
});

Deno.test("a list is written once for all who ask, as long as it is the same", () => {
  const first = writer.list(page, OBJECT);
  assert.equal(writer.list({ ...page }, OBJECT), first);
  assert.notEqual(writer.list(page, METADATA), first);
  const newer = writer.list({ ...page, head: { resourceVersion: "6" } }, OBJECT);
  assert.equal(read(newer).metadata.resourceVersion, "6");
  assert.notEqual(writer.list({ items: [...page.items], head: page.head }, OBJECT), newer);
  const part = { ...page, head: { resourceVersion: "6", continue: "x" } };
  assert.equal(read(writer.list(part, OBJECT)).metadata.continue, "x");
});

Deno.test("a list of very many bytes is not kept: it would take as much memory as all of its objects", () => {
  const large = { items: [gadget("n", "a", { color: "x".repeat(5_000_000) })], head: page.head };
  const first = writer.list(large, OBJECT);
  assert.notEqual(writer.list(large, OBJECT), first);
  assert.deepEqual(writer.list(large, OBJECT), first);
});

Deno.test("ages in tables are those of the moment", () => {
  assert.equal(read(writer.list(page, TABLE)).rows[0].cells.at(-1), "5s");
  now += 60_000;
  assert.equal(read(writer.list(page, TABLE)).rows[0].cells.at(-1), "65s");
});

Deno.test("a frame is a line, written once for all watchers", () => {
  const item = gadget("n", "a");
  const frame = writer.frame("MODIFIED", item, OBJECT, true);
  assert.equal(new TextDecoder().decode(frame), `{"type":"MODIFIED","object":${JSON.stringify(item)}}\n`);
  assert.equal(writer.frame("MODIFIED", item, OBJECT, false), frame);
  assert.equal(read(writer.frame("DELETED", item, OBJECT, false)).type, "DELETED");
  assert.equal(read(writer.frame("MODIFIED", item, METADATA, false)).object.kind, "PartialObjectMetadata");
});

Deno.test("the frames of a table say what the columns are once", () => {
  const columns = (isFirst: boolean) =>
    read(writer.frame("ADDED", gadget("n", "a"), TABLE, isFirst)).object.columnDefinitions;
  assert.equal(columns(true).length, 5);
  assert.equal(columns(false), null);
  const lines = new TextDecoder().decode(writer.state(page.items, TABLE, true)).trimEnd().split("\n").map((
    line,
  ) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ type, object }) => [type, object.rows.length, object.columnDefinitions?.length]),
    [["ADDED", 1, 5], ["ADDED", 1, undefined]],
  );
});

Deno.test("a bookmark carries a version, and what it marks", () => {
  const annotations = { "k8s.io/initial-events-end": "true" };
  assert.deepEqual(read(writer.bookmark("8", OBJECT, false, annotations)), {
    type: "BOOKMARK",
    object: {
      kind: "Gadget",
      apiVersion: "gadgets.coder.test/v1alpha1",
      metadata: { resourceVersion: "8", annotations },
    },
  });
  assert.deepEqual(read(writer.bookmark("8", METADATA, false)).object, {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: "8" },
  });
  assert.equal(
    read(writer.bookmark("8", TABLE, false, annotations)).object.rows[0].object.metadata
      .annotations["k8s.io/initial-events-end"],
    "true",
  );
  assert.deepEqual(read(frameOf("ERROR", "{}")), { type: "ERROR", object: {} });
});

Deno.test("the bytes of a large object are the same each time, so that they are compressed once", () => {
  const small = gadget("n", "a");
  const large = { ...small, metadata: { ...small.metadata, annotations: { a: "ö".repeat(200_000) } } };
  const bytes = writer.object(large, OBJECT);
  assert.ok(bytes instanceof Uint8Array);
  assert.equal(writer.object(large, OBJECT), bytes);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), large);
  assert.equal(typeof writer.object(large, METADATA), "string");
});
