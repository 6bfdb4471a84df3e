import assert from "node:assert/strict";
import type { KubeObject } from "../api/object.ts";
import { allOf, anyOf, contentChanged, type Predicate, specOrMetadataChanged } from "./predicate.ts";
import { sameData } from "./same_data.ts";
import { changed, controlledBy, make, WIDGET } from "./testing/fakes.ts";

const widget = make(WIDGET, "a", { labels: { x: "1" }, annotations: { y: "1" }, finalizers: ["z"] });

/** Whether a predicate lets the change from `widget` through. */
function wakes(predicate: Predicate, after: KubeObject): boolean {
  return predicate.updated?.(widget, after) ?? true;
}

Deno.test("a status write does not wake the reconciler of its kind", () => {
  assert.equal(wakes(specOrMetadataChanged, changed(widget, {}, { status: { phase: "Ready" } })), false);
  assert.equal(wakes(specOrMetadataChanged, changed(widget, { managedFields: [] })), false);
});

const WAKING: [string, KubeObject][] = [
  ["a change of spec", changed(widget, { generation: 2 })],
  ["a label", changed(widget, { labels: { x: "2" } })],
  ["a label that is gone", changed(widget, { labels: {} })],
  ["an annotation", changed(widget, { annotations: { y: "1", z: "2" } })],
  ["a finalizer", changed(widget, { finalizers: ["z", "w"] })],
  ["the mark of deletion", changed(widget, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
  ["an owner", changed(widget, { ownerReferences: controlledBy(make(WIDGET, "owner")) })],
  ["another object of the same name", changed(widget, { uid: "other" })],
];
for (const [what, after] of WAKING) {
  Deno.test(`${what} wakes the reconciler of the kind`, () => {
    assert.equal(wakes(specOrMetadataChanged, after), true);
    assert.equal(wakes(contentChanged, after), true);
  });
}

Deno.test("children wake on any change of content, and not on a new version or bookkeeping alone", () => {
  assert.equal(wakes(contentChanged, changed(widget, {}, { status: { readyReplicas: 1 } })), true);
  assert.equal(wakes(contentChanged, widget), false);
  assert.equal(wakes(contentChanged, structuredClone(widget)), false);
  assert.equal(wakes(contentChanged, changed(widget, {})), false);
  assert.equal(wakes(contentChanged, changed(widget, { managedFields: [] })), false);
});

Deno.test("additions and deletions pass where a predicate speaks about changes alone", () => {
  for (const predicate of [specOrMetadataChanged, allOf(specOrMetadataChanged, contentChanged)]) {
    assert.equal(predicate.added!(widget, false), true);
    assert.equal(predicate.deleted!(widget), true);
  }
});

Deno.test("predicates combine with and and or", () => {
  const never: Predicate = { added: () => false, updated: () => false, deleted: () => false };
  const always: Predicate = {};
  for (const [combined, expected] of [[anyOf(never, always), true], [allOf(never, always), false]] as const) {
    assert.equal(combined.added!(widget, true), expected);
    assert.equal(combined.updated!(widget, widget), expected);
    assert.equal(combined.deleted!(widget), expected);
  }
});

const SAME: [unknown, unknown][] = [
  [1, 1],
  [NaN, NaN],
  [{ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }],
  [{ a: undefined }, {}],
  [{}, { a: undefined }],
  [undefined, undefined],
];
const DIFFERENT: [unknown, unknown][] = [
  [1, "1"],
  [null, {}],
  [undefined, null],
  [[], {}],
  [{}, []],
  [[1, 2], [2, 1]],
  [[1], [1, 2]],
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: 1, b: 2 }, { a: 1 }],
  [{ toString: 1 }, {}],
];
for (const [a, b] of SAME) {
  Deno.test(`${Deno.inspect(a)} and ${Deno.inspect(b)} are the same data`, () =>
    assert.equal(sameData(a, b), true));
}
for (const [a, b] of DIFFERENT) {
  Deno.test(`${Deno.inspect(a)} and ${Deno.inspect(b)} are different data`, () =>
    assert.equal(sameData(a, b), false));
}
