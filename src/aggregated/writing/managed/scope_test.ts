import assert from "node:assert/strict";
import type { JsonMap } from "./json.ts";
import { NO_OWNERS, ownerId, readOwners } from "./owners.ts";
import { bareObject, ownerKey, rulesOf, withTime, written } from "./scope.ts";
import { API_VERSION, entry, LATER_TEXT, NOW_TEXT, scope, thing } from "./testing.ts";

const TITLE = { "f:spec": { "f:title": {} } };
const owners = readOwners([entry("one", "Apply", TITLE)]);
const bare = (object: unknown) => object as JsonMap;

Deno.test("an owner is the manager in the version and at the path of the write", () => {
  assert.deepEqual(ownerKey(scope, "one", "Apply"), {
    manager: "one",
    operation: "Apply",
    apiVersion: API_VERSION,
    subresource: "",
  });
  assert.equal(ownerKey({ ...scope, subresource: "status" }, "one", "Update").subresource, "status");
  assert.equal(ownerKey(scope, "", "Update").manager, "unknown");
});

Deno.test("what says which object it is belongs to nobody", () => {
  const { unowned, untouched } = rulesOf(scope);
  for (
    const name of [
      "name",
      "namespace",
      "uid",
      "resourceVersion",
      "generation",
      "creationTimestamp",
      "managedFields",
    ]
  ) {
    assert.ok(
      unowned.has([{ kind: "field", id: "f:metadata", name: "metadata" }, {
        kind: "field",
        id: `f:${name}`,
        name,
      }]),
    );
  }
  assert.ok(untouched.equals(rulesOf({ ...scope, untouched: [["status"]] }).untouched));
  assert.ok(rulesOf({ type: scope.type, schema: scope.schema }).untouched.isEmpty);
});

Deno.test("the engine sees an object without managed fields, and none as an empty one", () => {
  const object = thing({ title: "a" }, {
    labels: {},
    finalizers: [],
    annotations: { a: "" },
    managedFields: [entry("one", "Apply", TITLE)],
  });
  assert.deepEqual(bareObject(object, scope), thing({ title: "a" }, { annotations: { a: "" } }));
  assert.deepEqual(bareObject(undefined, scope), { apiVersion: API_VERSION, kind: "Thing" });
});

Deno.test("a new object is stored with its owners", () => {
  const { object, isChanged } = written(bare(thing({ title: "a" })), owners, undefined, scope);
  assert.deepEqual(object, thing({ title: "a" }, { managedFields: [entry("one", "Apply", TITLE)] }));
  assert.ok(isChanged);
});

Deno.test("without owners there are no managed fields", () => {
  const before = thing({ title: "a" }, { managedFields: [entry("one", "Apply", TITLE)] });
  const { object, isChanged } = written(bare(thing({ title: "a" })), NO_OWNERS, before, scope);
  assert.ok(isChanged);
  assert.ok(!Object.hasOwn(object.metadata, "managedFields"));
});

Deno.test("a write that changes only times stores nothing", () => {
  const before = thing({ title: "a" }, {
    managedFields: [entry("one", "Apply", TITLE)],
    uid: "1",
    generation: 3,
  });
  const later = withTime(owners, [...owners.keys()][0]!, LATER_TEXT);
  const { object, isChanged } = written(bare(thing({ title: "a" })), later, before, scope);
  assert.ok(!isChanged);
  assert.equal(object.metadata.managedFields?.[0]?.time, NOW_TEXT);
  const other = written(bare(thing({ title: "b" })), later, before, scope);
  assert.ok(other.isChanged);
  assert.equal(other.object.metadata.managedFields?.[0]?.time, LATER_TEXT);
});

Deno.test("what the scope does not touch stays as it was", () => {
  const before = thing({ title: "a" }, {}, { phase: "x" });
  const status = { ...scope, subresource: "status", untouched: [["metadata"], ["spec"]] };
  const sent = bare(thing({ title: "b" }, { labels: { a: "b" } }, { phase: "y" }));
  assert.deepEqual(
    written(sent, NO_OWNERS, before, scope).object,
    thing({ title: "b" }, { labels: { a: "b" } }, { phase: "x" }),
  );
  assert.deepEqual(
    written(sent, NO_OWNERS, before, status).object,
    thing({ title: "a" }, {}, { phase: "y" }),
  );
  assert.deepEqual(
    written(sent, NO_OWNERS, undefined, scope).object,
    thing({ title: "b" }, { labels: { a: "b" } }),
  );
});

Deno.test("fields inside of others can be left untouched, too", () => {
  const inner = { ...scope, untouched: [["spec", "limits"], ["spec", "deep", "er"]] };
  const before = thing({ title: "a", limits: { a: "1" } });
  const after = written(bare(thing({ title: "b", limits: { b: "2" } })), NO_OWNERS, before, inner);
  assert.deepEqual(after.object, thing({ title: "b", limits: { a: "1" } }));
  const gone = written(bare(thing()), NO_OWNERS, before, inner);
  assert.deepEqual(gone.object, thing({ limits: { a: "1" } }));
  assert.deepEqual(written(bare(thing()), NO_OWNERS, thing(), inner).object, thing());
  assert.deepEqual(
    written(bare(thing({ title: "a" })), NO_OWNERS, thing(), { ...scope, untouched: [[]] }).object,
    thing({ title: "a" }),
  );
});

Deno.test("a time is given to who is an owner", () => {
  const [id] = [...owners.keys()];
  assert.equal(withTime(owners, id!, LATER_TEXT).get(id!)?.time, LATER_TEXT);
  const stranger = ownerId(ownerKey(scope, "stranger", "Update"));
  assert.equal(withTime(owners, stranger, LATER_TEXT), owners);
});
