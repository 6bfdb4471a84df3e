import assert from "node:assert/strict";
import { parseFieldSelector } from "../query/field_selector.ts";
import { allFields, selectionOf } from "../query/selection.ts";
import type { Change } from "../storage.ts";
import { type Gadget, gadget } from "../testing/gadgets.ts";
import { tellingOf } from "./transition.ts";

const isRed = ({ spec }: Gadget) => spec.color === "red";
const at = (color: string, resourceVersion: string): Gadget => {
  const made = gadget("n", "a", { color });
  return { ...made, metadata: { ...made.metadata, resourceVersion } };
};
const modified = (from: string, to: string): Change<Gadget> => ({
  type: "MODIFIED",
  object: at(to, "2"),
  before: at(from, "1"),
});

Deno.test("without a selector every change is told as it is", () => {
  const change = modified("red", "blue");
  assert.equal(tellingOf(change, undefined), change);
});

Deno.test("what never matched is not told", () => {
  assert.equal(tellingOf({ type: "ADDED", object: at("blue", "1") }, isRed), undefined);
  assert.equal(tellingOf(modified("blue", "green"), isRed), undefined);
  assert.equal(
    tellingOf({ type: "DELETED", object: at("blue", "2"), before: at("blue", "1") }, isRed),
    undefined,
  );
});

Deno.test("what goes on matching is told as it is", () => {
  for (
    const change of [{ type: "ADDED", object: at("red", "1") }, modified("red", "red"), {
      type: "DELETED",
      object: at("red", "2"),
      before: at("red", "1"),
    }] as const
  ) {
    assert.equal(tellingOf<Gadget>(change, isRed), change);
  }
});

Deno.test("what begins to match is added", () => {
  const change = modified("blue", "red");
  assert.deepEqual(tellingOf(change, isRed), { type: "ADDED", object: change.object });
});

Deno.test("what no longer matches is deleted, as it last matched, with the version of the change", () => {
  const change = modified("red", "blue");
  const told = tellingOf(change, isRed)!;
  assert.equal(told.type, "DELETED");
  assert.deepEqual([told.object.spec.color, told.object.metadata.resourceVersion], ["red", "2"]);
  assert.equal(tellingOf(change, (object) => isRed(object))!.object, told.object);
});

Deno.test("what is deleted having left the selection before is not told again", () => {
  assert.equal(
    tellingOf({ type: "DELETED", object: at("blue", "3"), before: at("blue", "2") }, isRed),
    undefined,
  );
});

Deno.test("a change without a version leaves the version that was", () => {
  const { resourceVersion: _, ...metadata } = at("blue", "2").metadata;
  const change: Change<Gadget> = {
    type: "MODIFIED",
    object: { ...at("blue", "2"), metadata },
    before: at("red", "1"),
  };
  assert.equal(tellingOf(change, isRed)!.object.metadata.resourceVersion, "1");
});

Deno.test("who may know another state of an object is told that it has left the selection, whatever was before", () => {
  const change = { ...modified("blue", "green"), isUnsure: true } as const;
  const told = tellingOf<Gadget>(change, isRed)!;
  assert.deepEqual([told.type, told.object.metadata.resourceVersion], ["DELETED", "2"]);
  const gone = { type: "DELETED", object: at("blue", "3"), before: at("blue", "2"), isUnsure: true } as const;
  assert.equal(tellingOf<Gadget>(gone, isRed), gone);
  const come = { type: "ADDED", object: at("blue", "3"), isUnsure: true } as const;
  assert.deepEqual(tellingOf<Gadget>(come, isRed), { type: "DELETED", object: come.object });
  const back = { ...modified("blue", "red"), isUnsure: true } as const;
  assert.equal(tellingOf<Gadget>(back, isRed)!.object, back.object);
});

Deno.test("of an object that can never have been selected nobody is told", () => {
  const terms = (text: string) => ({ labels: [], fields: parseFieldSelector(text) });
  const readers = allFields<Gadget>({ "spec.color": ({ spec }) => spec.color ?? "" });
  const change = { ...modified("blue", "green"), isUnsure: true } as const;
  const telling = (text: string) => tellingOf<Gadget>(change, selectionOf(terms(text), readers))?.type;
  assert.equal(telling("metadata.name=a,spec.color=red"), "DELETED");
  assert.equal(telling("metadata.name=b,spec.color=red"), undefined);
  assert.equal(telling("metadata.namespace!=n"), undefined);
  const come = { type: "ADDED", object: at("green", "2"), isUnsure: true } as const;
  assert.equal(tellingOf<Gadget>(come, selectionOf(terms("metadata.name=b"), readers)), undefined);
  assert.equal(telling("spec.color=red"), "DELETED");
});
