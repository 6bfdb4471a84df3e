import assert from "node:assert/strict";
import { FieldSet } from "./field_set.ts";
import {
  isReset,
  type Owner,
  ownerId,
  readOwners,
  secondsOf,
  timeText,
  withOwner,
  writeOwners,
} from "./owners.ts";
import { API_VERSION, entry, NOW, NOW_TEXT } from "./testing.ts";

const TITLE = { "f:spec": { "f:title": {} } };

function owner(manager: string, more: Partial<Owner> = {}): Owner {
  return {
    manager,
    operation: "Update",
    apiVersion: API_VERSION,
    subresource: "",
    fields: FieldSet.ofNames(["spec", "title"]),
    ...more,
  };
}

Deno.test("owners are read and written", () => {
  const entries = [
    entry("one", "Apply", TITLE),
    entry("two", "Update", { "f:status": {} }, { subresource: "status" }),
  ];
  const owners = readOwners(entries);
  assert.deepEqual(
    [...owners.values()].map(({ manager, subresource, time }) => ({ manager, subresource, time })),
    [
      { manager: "one", subresource: "", time: NOW_TEXT },
      { manager: "two", subresource: "status", time: undefined },
    ],
  );
  assert.deepEqual(writeOwners(owners), entries);
});

Deno.test("no managed fields are no owners", () => {
  for (const none of [undefined, null, []]) assert.equal(readOwners(none).size, 0);
});

Deno.test("an entry may be without a manager, and without fields", () => {
  const { manager: _manager, fieldsV1: _fields, ...bare } = entry("", "Update", {});
  const [read] = [...readOwners([bare]).values()];
  assert.equal(read?.manager, "");
  assert.ok(read?.fields.isEmpty);
  assert.deepEqual(writeOwners(readOwners([bare])), [{ ...bare, fieldsV1: {} }]);
});

Deno.test("what cannot be understood is refused with the reason", () => {
  const good = entry("one", "Apply", TITLE);
  const cases: [unknown, RegExp][] = [
    [{}, /must be a list/],
    [[null], /entry 0 must be an object/],
    [[good, { ...good, operation: "Create" }], /operation must be/],
    [[{ ...good, apiVersion: "" }], /apiVersion must not be empty/],
    [[{ ...good, fieldsType: undefined }], /missing fieldsType in managed fields entry 0/],
    [[good, { ...good, fieldsType: "FieldsV2" }], /invalid fieldsType "FieldsV2" in managed fields entry 1/],
    [[{ ...good, fieldsV1: { spec: {} } }], /colon/],
    [[{ ...good, fieldsV1: "all" }], /set of fields/],
  ];
  for (const [entries, message] of cases) assert.throws(() => readOwners(entries), message);
});

Deno.test("one empty entry is a wish to forget, and nothing else is", () => {
  assert.ok(isReset([{}]));
  for (const other of [undefined, [], [{}, {}], [null], [{ manager: "a" }], {}]) assert.ok(!isReset(other));
});

Deno.test("who applies is one owner in all versions, who updates is one in each", () => {
  const v2 = { apiVersion: "test.coder.com/v2" };
  assert.equal(
    ownerId(owner("a", { operation: "Apply" })),
    ownerId(owner("a", { operation: "Apply", ...v2 })),
  );
  assert.notEqual(ownerId(owner("a")), ownerId(owner("a", v2)));
  assert.notEqual(ownerId(owner("a")), ownerId(owner("a", { operation: "Apply" })));
  assert.notEqual(ownerId(owner("a")), ownerId(owner("a", { subresource: "status" })));
  assert.notEqual(ownerId(owner("a")), ownerId(owner("b")));
  assert.equal(ownerId(owner("a")), `{"manager":"a","operation":"Update","apiVersion":"${API_VERSION}"}`);
});

Deno.test("entries come with appliers first, then by time, manager, version and subresource", () => {
  const old = { time: "2026-01-01T00:00:00Z" };
  const ordered = [
    owner("z", { operation: "Apply" }),
    owner("b", { operation: "Apply", ...old }),
    owner("c", { operation: "Apply", ...old }),
    owner("a", { operation: "Apply", time: NOW_TEXT }),
    owner("y"),
    owner("b", old),
    owner("b", { ...old, subresource: "status" }),
    owner("b", { ...old, apiVersion: "test.coder.com/v2" }),
    owner("a", { time: NOW_TEXT }),
  ];
  const shuffled = [5, 0, 7, 2, 8, 1, 6, 4, 3].map((at) => ordered[at]!);
  const written = writeOwners(new Map(shuffled.map((one) => [ownerId(one), one])));
  const expected = writeOwners(new Map()).concat(ordered.flatMap((one) => writeOwners(new Map([["", one]]))));
  assert.deepEqual(written, expected);
});

Deno.test("an owner of nothing is none", () => {
  const owners = withOwner(new Map(), owner("a"));
  assert.equal(owners.size, 1);
  assert.equal(withOwner(owners, owner("a", { fields: FieldSet.empty })).size, 0);
  assert.equal(owners.size, 1);
});

Deno.test("times are whole seconds", () => {
  assert.equal(timeText(NOW), NOW_TEXT);
  assert.equal(secondsOf(owner("a", { time: "1970-01-01T00:01:00.9Z" })), 60);
  assert.equal(secondsOf(owner("a")), 0);
  assert.equal(secondsOf(owner("a", { time: "yesterday" })), 0);
});
