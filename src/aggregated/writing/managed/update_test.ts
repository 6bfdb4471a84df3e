import assert from "node:assert/strict";
import type { KubeObject } from "../../../api/object.ts";
import { ANCIENT } from "./cap.ts";
import type { JsonMap } from "./json.ts";
import { API_VERSION, entry, LATER, LATER_TEXT, NOW, NOW_TEXT, schema, scope, thing } from "./testing.ts";
import { managerName, storedOwners, trackUpdate } from "./update.ts";

function create(spec: JsonMap, manager = "one"): KubeObject {
  return trackUpdate({ scope, after: thing(spec), manager, now: NOW }).object;
}

function update(before: KubeObject, after: KubeObject, manager = "two", where = scope) {
  return trackUpdate({ scope: where, before, after, manager, now: LATER });
}

/** The object with another spec. */
function withSpec(object: KubeObject, spec: JsonMap): KubeObject {
  return { ...object, spec } as KubeObject;
}

const BASE = { "f:spec": { ".": {}, "f:title": {} } };

Deno.test("who creates an object owns all of it", () => {
  const labels = { a: "b" };
  const after = thing({ title: "a", limits: { x: "1" }, files: { y: "2" } }, {
    labels,
    namespace: "n",
    uid: "1",
  });
  const { object, isChanged } = trackUpdate({ scope, after, manager: "one", now: NOW });
  assert.ok(isChanged);
  assert.deepEqual(object, {
    ...after,
    metadata: {
      ...after.metadata,
      managedFields: [entry("one", "Update", {
        "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
        "f:spec": { ".": {}, "f:files": {}, "f:limits": { ".": {}, "f:x": {} }, "f:title": {} },
      })],
    },
  });
});

Deno.test("who changes a field owns it from then on", () => {
  const before = create({ title: "a", size: 1 });
  const { object } = update(before, withSpec(before, { title: "b", size: 1 }));
  assert.deepEqual(object.metadata.managedFields, [
    entry("one", "Update", { "f:spec": { ".": {}, "f:size": {} } }),
    entry("two", "Update", { "f:spec": { "f:title": {} } }, { time: LATER_TEXT }),
  ]);
});

Deno.test("a manager has one entry, with the time of its last change", () => {
  const before = create({ title: "a" });
  const { object } = update(before, withSpec(before, { title: "b", size: 1 }), "one");
  assert.deepEqual(object.metadata.managedFields, [
    entry("one", "Update", { "f:spec": { ".": {}, "f:size": {}, "f:title": {} } }, { time: LATER_TEXT }),
  ]);
});

Deno.test("who only takes away has no new time", () => {
  const before = create({ title: "a", size: 1 });
  const { object, isChanged } = update(before, withSpec(before, { title: "a" }), "one");
  assert.ok(isChanged);
  assert.deepEqual(object.metadata.managedFields, [entry("one", "Update", BASE)]);
});

Deno.test("a write that changes nothing changes no owner", () => {
  const before = create({ title: "a" });
  const { object, isChanged } = update(before, before);
  assert.ok(!isChanged);
  assert.deepEqual(object, before);
});

Deno.test("an object that is sent without managed fields keeps its owners", () => {
  const before = create({ title: "a" });
  const sent: unknown[] = [undefined, null, [], [{ manager: "a" }], [{
    ...entry("a", "Update", {}),
    operation: "X",
  }], "a"];
  for (const managedFields of sent) {
    const after = thing({ title: "a" }, { managedFields } as Partial<KubeObject["metadata"]>);
    const { object, isChanged } = update(before, after);
    assert.deepEqual(
      object.metadata.managedFields,
      [entry("one", "Update", BASE)],
      JSON.stringify(managedFields),
    );
    assert.ok(!isChanged);
  }
});

Deno.test("owners can be written as anything else can", () => {
  const before = create({ title: "a" });
  const mine = entry("me", "Apply", { "f:spec": { "f:title": {} } });
  const { object, isChanged } = update(before, thing({ title: "a" }, { managedFields: [mine] }));
  assert.deepEqual(object.metadata.managedFields, [mine]);
  assert.ok(isChanged);
});

Deno.test("one empty entry makes all forgotten, and nobody is recorded until somebody applies", () => {
  const before = create({ title: "a" });
  const forgotten = update(before, thing({ title: "a" }, { managedFields: [{}] })).object;
  assert.ok(!Object.hasOwn(forgotten.metadata, "managedFields"));
  const { object, isChanged } = update(forgotten, thing({ title: "b" }));
  assert.ok(isChanged);
  assert.ok(!Object.hasOwn(object.metadata, "managedFields"));
});

Deno.test("owners of another version are dropped", () => {
  const before = create({ title: "a" });
  const foreign = entry("old", "Update", BASE, { apiVersion: "test.coder.com/v0" });
  const managedFields = [foreign, ...before.metadata.managedFields ?? []];
  const { object } = update(before, thing({ title: "a" }, { managedFields }));
  assert.deepEqual(object.metadata.managedFields, [entry("one", "Update", BASE)]);
});

Deno.test("a status that is sent with the object is nobody's and is not written", () => {
  const before = create({ title: "a" });
  const { object, isChanged } = update(before, thing({ title: "a" }, {}, { phase: "x" }));
  assert.ok(!isChanged);
  assert.deepEqual(object, before);
});

Deno.test("who writes the status is an owner apart, and cannot write owners", () => {
  const before = create({ title: "a" });
  const status = { ...scope, subresource: "status", untouched: [["metadata"], ["spec"]] };
  const after = thing({ title: "b" }, { managedFields: [{}] }, { phase: "x" });
  const { object } = update(before, after, "one", status);
  assert.deepEqual(object, {
    ...before,
    status: { phase: "x" },
    metadata: {
      ...before.metadata,
      managedFields: [
        entry("one", "Update", BASE),
        entry("one", "Update", { "f:status": { ".": {}, "f:phase": {} } }, {
          time: LATER_TEXT,
          subresource: "status",
        }),
      ],
    },
  });
});

Deno.test("what is no object of the kind is written without an owner, and others keep theirs", () => {
  const before = create({ title: "a" });
  const { object } = update(before, withSpec(before, { title: "b", nothing: 1 }));
  assert.deepEqual(object.metadata.managedFields, [entry("one", "Update", BASE)]);
});

Deno.test("items that are there twice can be put right", () => {
  const twice = thing({ tags: ["a", "a"] }, {
    managedFields: create({ title: "a" }).metadata.managedFields!,
  });
  const { object } = update(twice, withSpec(twice, { tags: ["a"] }));
  assert.deepEqual(object.metadata.managedFields?.at(-1)?.fieldsV1, {
    "f:spec": { "f:tags": { 'v:"a"': {} } },
  });
});

Deno.test("ten managers are kept apart, older ones become one", () => {
  let object = create({ title: "a" }, "creator");
  for (let at = 0; at < 15; at++) {
    const labels = { ...object.metadata.labels, [`l${at}`]: "x" };
    const after = { ...object, metadata: { ...object.metadata, labels } };
    const now = new Date(NOW.getTime() + at * 1_000);
    object = trackUpdate({ scope, before: object, after, manager: `m${at}`, now }).object;
  }
  const managers = object.metadata.managedFields?.map(({ manager }) => manager);
  assert.deepEqual(managers, [ANCIENT, "m6", "m7", "m8", "m9", "m10", "m11", "m12", "m13", "m14"]);
});

Deno.test("a write without a name is recorded as of somebody unknown", () => {
  assert.equal(create({ title: "a" }, "").metadata.managedFields?.[0]?.manager, "unknown");
});

Deno.test("stored owners that cannot be read are none", () => {
  assert.equal(storedOwners(undefined).size, 0);
  assert.equal(storedOwners(thing({}, { managedFields: [{ manager: "a" }] })).size, 0);
  assert.equal(storedOwners(thing({}, { managedFields: [entry("a", "Apply", BASE)] })).size, 1);
});

Deno.test("a manager is who it says that it is, else its program", () => {
  const cases: [{ fieldManager?: string; userAgent?: string }, string][] = [
    [{ fieldManager: "me", userAgent: "kubectl/v1" }, "me"],
    [{ userAgent: "kubectl/v1.34.4 (linux/amd64) kubernetes/abc" }, "kubectl"],
    [{ fieldManager: "", userAgent: "curl/8" }, "curl"],
    [{ userAgent: "Mozilla" }, "Mozilla"],
    [{ userAgent: "a\u0000b\u007fc\u0085/1" }, "abc"],
    [{ userAgent: "x".repeat(200) }, "x".repeat(128)],
    [{ userAgent: "é".repeat(100) }, "é".repeat(64)],
    [{ userAgent: "" }, ""],
    [{}, ""],
  ];
  for (const [request, name] of cases) assert.equal(managerName(request), name);
});

Deno.test("times and versions are those of the write", () => {
  const [only] = create({ title: "a" }).metadata.managedFields ?? [];
  assert.equal(only?.time, NOW_TEXT);
  assert.equal(only?.apiVersion, API_VERSION);
  assert.equal(schema.kind, "map");
});
