import assert from "node:assert/strict";
import { ANCIENT, capUpdaters, MAX_UPDATERS } from "./cap.ts";
import { FieldSet } from "./field_set.ts";
import { type Owner, ownerId, type Owners } from "./owners.ts";
import { pathText } from "./path.ts";
import { API_VERSION } from "./testing.ts";

function owner(name: string, second: number, more: Partial<Owner> = {}): Owner {
  return {
    manager: name,
    operation: "Update",
    apiVersion: API_VERSION,
    subresource: "",
    fields: FieldSet.ofNames([name]),
    time: new Date(second * 1_000).toISOString(),
    ...more,
  };
}

function owners(...all: Owner[]): Owners {
  return new Map(all.map((one) => [ownerId(one), one]));
}

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => owner(`m${String(at).padStart(2, "0")}`, at));
const names = (all: Owners) => [...all.values()].map(({ manager }) => manager).sort();
const find = (all: Owners, manager: string) => [...all.values()].filter((one) => one.manager === manager);
const texts = (found: Owner | undefined) => found?.fields.paths().map(pathText);

Deno.test("up to ten are kept apart", () => {
  const ten = owners(...many(MAX_UPDATERS));
  assert.equal(capUpdaters(ten), ten);
});

Deno.test("the two oldest become one when there is one too many", () => {
  const capped = capUpdaters(owners(...many(11)));
  assert.equal(capped.size, 10);
  const [ancient] = find(capped, ANCIENT);
  assert.deepEqual(texts(ancient), [".m00", ".m01"]);
  assert.equal(ancient?.time, new Date(1_000).toISOString());
  assert.ok(!names(capped).includes("m01") && names(capped).includes("m02"));
});

Deno.test("as many are merged as it takes", () => {
  const capped = capUpdaters(owners(...many(14)));
  assert.equal(capped.size, 10);
  assert.deepEqual(texts(find(capped, ANCIENT)[0]), [".m00", ".m01", ".m02", ".m03", ".m04"]);
});

Deno.test("the next merges into what was merged before", () => {
  let all = owners(...many(11));
  for (let at = 11; at < 20; at++) {
    const next = owner(`n${at}`, at);
    all = capUpdaters(new Map(all).set(ownerId(next), next));
    assert.equal(all.size, 10);
    assert.equal(find(all, ANCIENT).length, 1);
  }
  assert.equal(texts(find(all, ANCIENT)[0])?.length, 11);
});

Deno.test("no field is lost, and nobody who applies", () => {
  const applier = owner("applier", 0, { operation: "Apply" });
  const capped = capUpdaters(owners(applier, ...many(30)));
  const all = [...capped.values()].reduce((sum, { fields }) => sum.union(fields), FieldSet.empty);
  assert.equal(all.paths().length, 31);
  assert.deepEqual(find(capped, "applier"), [applier]);
  assert.equal(capped.size, 11);
});

Deno.test("those of one version are merged, and subresources forgotten", () => {
  const [v1, v2] = [API_VERSION, "test.coder.com/v2"];
  const capped = capUpdaters(
    owners(
      owner("a", 0, { apiVersion: v2 }),
      owner("b", 1, { subresource: "status" }),
      owner("c", 2, { apiVersion: v1 }),
      ...many(9).map((one, at) => ({ ...one, time: owner("", 100 + at).time! })),
    ),
    11,
  );
  assert.equal(capped.size, 11);
  assert.equal(find(capped, "a").length, 1);
  const [ancient] = find(capped, ANCIENT);
  assert.deepEqual(texts(ancient), [".b", ".c"]);
  assert.equal(ancient?.subresource, "");
});

Deno.test("of those of one second the first by name are merged; none is lost even where it comes before the bucket", () => {
  const bucket = owner(ANCIENT, 5);
  const capped = capUpdaters(
    owners(owner("aaa", 5), bucket, ...many(9).map((one) => ({ ...one, time: owner("", 5).time! }))),
  );
  assert.equal(capped.size, 10);
  assert.deepEqual(texts(find(capped, ANCIENT)[0]), [".aaa", ".ancient-changes"]);
});

Deno.test("who has no time is the oldest", () => {
  const { time: _time, ...timeless } = owner("z", 0);
  const capped = capUpdaters(owners(...many(10).map((one, at) => owner(one.manager, at + 1)), timeless));
  assert.deepEqual(texts(find(capped, ANCIENT)[0]), [".m00", ".z"]);
});
