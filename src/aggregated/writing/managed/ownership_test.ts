import assert from "node:assert/strict";
import { seededRandom } from "../../../telemetry/testing/random.ts";
import { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./fields_of.ts";
import { fromFieldsV1, toFieldsV1 } from "./fields_v1.ts";
import { isEqual, type JsonMap } from "./json.ts";
import { NO_OWNERS, type Operation, ownerId, type OwnerKey, type Owners } from "./owners.ts";
import { apply, currentOwners, type OwnershipRules, update } from "./ownership.ts";
import { pathText } from "./path.ts";
import { API_VERSION, forSeeds, randomSpec, specSchema } from "./testing.ts";

const RULES: OwnershipRules = { schema: specSchema, untouched: FieldSet.empty, unowned: FieldSet.empty };

function key(manager: string, operation: Operation = "Update"): OwnerKey {
  return { manager, operation, apiVersion: API_VERSION, subresource: "" };
}

function ownersOf(fields: Record<string, JsonMap>, operation: Operation = "Update"): Owners {
  return new Map(
    Object.entries(fields).map(([manager, owned]) => {
      const by = key(manager, operation);
      return [ownerId(by), { ...by, fields: fromFieldsV1(owned) }];
    }),
  );
}

/** What each has. */
function told(owners: Owners): Record<string, JsonMap> {
  return Object.fromEntries([...owners.values()].map(({ manager, fields }) => [manager, toFieldsV1(fields)]));
}

Deno.test("the writer owns what it changes, and all others lose it", () => {
  const owners = ownersOf({ one: { "f:title": {}, "f:size": {} }, two: { "f:title": {} } });
  const { owners: left, isWriter } = update({
    ...RULES,
    before: { title: "a", size: 1 },
    after: { title: "b", size: 1 },
    owners,
    by: key("three"),
  });
  assert.deepEqual(told(left), { one: { "f:size": {} }, three: { "f:title": {} } });
  assert.ok(isWriter);
});

Deno.test("the writer keeps what it had", () => {
  const owners = ownersOf({ one: { "f:size": {} } });
  const { owners: left } = update({
    ...RULES,
    before: { size: 1 },
    after: { size: 1, title: "a" },
    owners,
    by: key("one"),
  });
  assert.deepEqual(told(left), { one: { "f:size": {}, "f:title": {} } });
});

Deno.test("nobody owns what is gone, and who takes away owns nothing by it", () => {
  const owners = ownersOf({ one: { "f:title": {}, "f:size": {} }, two: { "f:title": {} } });
  const { owners: left, isWriter } = update({
    ...RULES,
    before: { title: "a", size: 1 },
    after: { size: 1 },
    owners,
    by: key("three"),
  });
  assert.deepEqual(told(left), { one: { "f:size": {} } });
  assert.ok(!isWriter);
});

Deno.test("fields that are not written here come to nobody", () => {
  const rules = { ...RULES, untouched: FieldSet.ofNames(["limits"]), unowned: FieldSet.ofNames(["groups"]) };
  const after = { limits: { a: "1" }, title: "a", groups: { g: { a: "1" } } };
  const { owners } = update({ ...rules, before: {}, after, owners: NO_OWNERS, by: key("one") });
  assert.deepEqual(told(owners), { one: { "f:title": {}, "f:groups": { "f:g": { ".": {}, "f:a": {} } } } });
  const applied = apply({ ...rules, live: {}, config: after, owners: NO_OWNERS, by: key("two", "Apply") });
  assert.deepEqual(told(applied.owners), { two: told(owners)["one"] });
});

Deno.test("who applies owns all that it says, and no more", () => {
  const owners = ownersOf({ one: { "f:title": {}, "f:size": {} } }, "Apply");
  const { object, owners: left, conflicts, isChanged } = apply({
    ...RULES,
    live: { title: "a", size: 1 },
    config: { title: "a", on: true },
    owners,
    by: key("one", "Apply"),
  });
  assert.deepEqual(object, { title: "a", on: true });
  assert.deepEqual(told(left), { one: { "f:on": {}, "f:title": {} } });
  assert.ok(isChanged);
  assert.deepEqual(conflicts, []);
});

Deno.test("two may own a field while they agree", () => {
  const owners = ownersOf({ one: { "f:title": {} } }, "Apply");
  const config = { title: "a" };
  const { owners: left, isChanged, conflicts } = apply({
    ...RULES,
    live: config,
    config,
    owners,
    by: key("two", "Apply"),
  });
  assert.deepEqual(told(left), { one: { "f:title": {} }, two: { "f:title": {} } });
  assert.ok(!isChanged);
  assert.deepEqual(conflicts, []);
});

Deno.test("what others own and would be otherwise is a conflict, and lost to them if nobody minds", () => {
  const owners = ownersOf({
    one: { "f:title": {}, "f:size": {} },
    two: { "f:title": {}, "f:limits": { "f:a": {} } },
  });
  const { owners: left, conflicts } = apply({
    ...RULES,
    live: { title: "a", size: 1, limits: { a: "1" } },
    config: { title: "b", limits: { a: "1", b: "2" } },
    owners,
    by: key("three", "Apply"),
  });
  assert.deepEqual(
    conflicts.map(({ owner, fields }) => [owner.manager, fields.paths().map(pathText)]),
    [["one", [".title"]], ["two", [".title"]]],
  );
  assert.deepEqual(told(left), {
    one: { "f:size": {} },
    two: { "f:limits": { "f:a": {} } },
    three: { "f:limits": { "f:a": {}, "f:b": {} }, "f:title": {} },
  });
});

Deno.test("owners of other versions and of fields that are no more so are brought up to date", () => {
  const owners = new Map([
    ...ownersOf({ one: { "f:files": { "f:a": {} } } }),
    ["old", { ...key("old"), apiVersion: "test.coder.com/v0", fields: FieldSet.ofNames(["title"]) }],
  ]);
  assert.deepEqual(told(currentOwners(owners, specSchema, API_VERSION)), { one: { "f:files": {} } });
});

Deno.test("applying the same again changes nothing", () => {
  forSeeds(200, seededRandom, (random) => {
    const config = randomSpec(random);
    const once = apply({
      ...RULES,
      live: randomSpec(random),
      config,
      owners: NO_OWNERS,
      by: key("one", "Apply"),
    });
    const twice = apply({
      ...RULES,
      live: once.object,
      config,
      owners: once.owners,
      by: key("one", "Apply"),
    });
    assert.ok(!twice.isChanged && isEqual(twice.object, once.object));
    assert.deepEqual(told(twice.owners), told(once.owners));
  });
});

Deno.test("whoever comes, nobody owns what is not there, and everybody what they said last", () => {
  forSeeds(150, seededRandom, (random) => {
    let object: JsonMap = {};
    let owners: Owners = NO_OWNERS;
    for (let step = 0; step < 8; step++) {
      const manager = `m${Math.floor(random() * 3)}`;
      const spec = randomSpec(random);
      if (random() < 0.5) {
        owners = update({ ...RULES, before: object, after: spec, owners, by: key(manager) }).owners;
        object = spec;
        continue;
      }
      const applied = apply({ ...RULES, live: object, config: spec, owners, by: key(manager, "Apply") });
      object = applied.object as JsonMap;
      owners = applied.owners;
      const mine = owners.get(ownerId(key(manager, "Apply")))?.fields ?? FieldSet.empty;
      assert.ok(mine.equals(fieldsOf(specSchema, spec)), "who applied owns what it said");
    }
    const all = [...owners.values()].reduce((sum, { fields }) => sum.union(fields), FieldSet.empty);
    assert.ok([...owners.values()].every(({ fields }) => !fields.isEmpty));
    const single = FieldSet.ofNames(["title"], ["size"], ["on"], ["args"], ["files"]);
    const [there, owned] = [fieldsOf(specSchema, object), all].map((fields) => fields.intersection(single));
    assert.ok(
      there!.equals(owned!),
      `${there!.paths().map(pathText)} are there, ${owned!.paths().map(pathText)} owned`,
    );
  });
});
