import assert from "node:assert/strict";
import { definition, refusal, sent, stored } from "../decode/testing.ts";
import { readDeleteOptions } from "./delete_options.ts";
import { deletionOf, isFinished } from "./deletion.ts";

const kind = { definition };
const NOW = Date.parse("2026-05-05T05:05:05.9Z");
const read = (body: unknown = "", query = "", contentType = "application/json") =>
  readDeleteOptions({ ...sent(body, { contentType }), query: new URLSearchParams(query) });
const end = (meta: object, body: unknown = "") => deletionOf(stored(meta), read(body), kind, NOW);

Deno.test("options come from the query, or from the body", () => {
  assert.deepEqual(read(), { dryRun: false, preconditions: {} });
  assert.deepEqual(read("", "gracePeriodSeconds=5&propagationPolicy=Orphan&dryRun=All"), {
    dryRun: true,
    gracePeriodSeconds: 5,
    propagation: "Orphan",
    preconditions: {},
  });
  assert.deepEqual(read("", "orphanDependents=true").orphanDependents, true);
  assert.deepEqual(read("", "orphanDependents=false").orphanDependents, false);
  assert.deepEqual(read({ orphanDependents: false, preconditions: { uid: "u" }, odd: 1 }), {
    dryRun: false,
    orphanDependents: false,
    preconditions: { uid: "u" },
  });
  assert.equal(read("propagationPolicy: Foreground", "", "application/yaml").propagation, "Foreground");
  assert.deepEqual(read("null"), { dryRun: false, preconditions: {} });
  assert.equal(
    read({ kind: "DeleteOptions", apiVersion: "any/v9", gracePeriodSeconds: -3 }).gracePeriodSeconds,
    1,
  );
});

Deno.test("a body makes the query count for nothing, but that nothing be changed", () => {
  assert.equal(read({}, "propagationPolicy=Orphan").propagation, undefined);
  assert.equal(read({}, "dryRun=All").dryRun, true);
  assert.equal(read({ dryRun: ["All"] }).dryRun, true);
  assert.equal(read("", "dryRun=").dryRun, false);
});

Deno.test("values that there are not are refused as invalid", () => {
  const cases: [unknown, string, string[]][] = [
    [{ propagationPolicy: "Up" }, "", ["FieldValueNotSupported propagationPolicy"]],
    ["", "propagationPolicy=up", ["FieldValueNotSupported propagationPolicy"]],
    [{ propagationPolicy: "Orphan", orphanDependents: true }, "", ["FieldValueInvalid propagationPolicy"]],
    [{ dryRun: ["Some"] }, "", ["FieldValueNotSupported dryRun"]],
    [{}, "dryRun=Some", ["FieldValueNotSupported dryRun"]],
  ];
  for (const [body, query, expected] of cases) {
    const { code, reason, message, causes } = refusal(() => read(body, query));
    assert.deepEqual([code, reason, causes], [422, "Invalid", expected]);
    assert.match(message, /^DeleteOptions\.meta\.k8s\.io "" is invalid/);
  }
});

Deno.test("what cannot be read is refused", () => {
  for (
    const body of ["{", "[]", "5", { kind: "Pod" }, { propagationPolicy: 5 }, { gracePeriodSeconds: "5" }, {
      preconditions: [],
    }, { dryRun: "All" }]
  ) {
    assert.equal(refusal(() => read(body)).code, 400, JSON.stringify(body));
  }
  for (const seconds of ["x", "1.5", "1e3"]) {
    assert.equal(refusal(() => read("", `gracePeriodSeconds=${seconds}`)).code, 400);
  }
  assert.equal(refusal(() => read("{}", "", "text/plain")).code, 415);
});

Deno.test("an object that nothing holds goes at once", () => {
  assert.equal(end({}).isImmediate, true);
  assert.equal(end({ finalizers: ["orphan"] }, { propagationPolicy: "Background" }).isImmediate, true);
  assert.equal(end({ finalizers: ["foregroundDeletion"] }, { orphanDependents: false }).isImmediate, true);
});

Deno.test("an object with finalizers stays until they are gone, and says since when", () => {
  const { isImmediate, object } = end({ finalizers: ["x/a"], generation: 4 });
  assert.equal(isImmediate, false);
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers, generation } = object.metadata;
  assert.deepEqual([deletionTimestamp, deletionGracePeriodSeconds, finalizers, generation], [
    "2026-05-05T05:05:05Z",
    0,
    ["x/a"],
    5,
  ]);
  const again = deletionOf(object, read(), kind, NOW + 60_000).object;
  assert.deepEqual(again, object);
});

Deno.test("what becomes of dependents is a finalizer for the garbage collector", () => {
  const finalizers = (before: string[], body: unknown) =>
    end({ finalizers: before }, body).object.metadata.finalizers;
  assert.deepEqual(finalizers(["x/a"], { propagationPolicy: "Foreground" }), ["x/a", "foregroundDeletion"]);
  assert.deepEqual(finalizers([], { propagationPolicy: "Orphan" }), ["orphan"]);
  assert.deepEqual(finalizers(["foregroundDeletion", "x/a"], { propagationPolicy: "Orphan" }), [
    "x/a",
    "orphan",
  ]);
  assert.deepEqual(finalizers(["orphan", "x/a"], { propagationPolicy: "Background" }), ["x/a"]);
  assert.deepEqual(finalizers(["orphan", "x/a"], {}), ["x/a", "orphan"]);
  assert.deepEqual(finalizers(["x/a"], { orphanDependents: true }), ["x/a", "orphan"]);
  assert.deepEqual(finalizers(["orphan", "x/a"], { orphanDependents: false }), ["x/a"]);
});

Deno.test("an object other than the one that is meant is not deleted", () => {
  assert.equal(end({}, { preconditions: { uid: "u1", resourceVersion: "7" } }).isImmediate, true);
  const uid = refusal(() => end({}, { preconditions: { uid: "u2" } }));
  assert.deepEqual([uid.code, uid.reason], [409, "Conflict"]);
  assert.match(uid.message, /precondition \(u2\) does not match the UID in record \(u1\)/);
  const version = refusal(() => end({}, { preconditions: { uid: "u1", resourceVersion: "8" } }));
  assert.match(version.message, /precondition \(8\) does not match the ResourceVersion in record \(7\)/);
});

Deno.test("a deletion is finished when its last finalizer is gone", () => {
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  assert.equal(isFinished(stored()), false);
  assert.equal(isFinished(stored({ deletionTimestamp, finalizers: ["x/a"] })), false);
  assert.equal(isFinished(stored({ deletionTimestamp, deletionGracePeriodSeconds: 5 })), false);
  assert.equal(isFinished(stored({ deletionTimestamp, deletionGracePeriodSeconds: 0 })), true);
  assert.equal(isFinished(stored({ deletionTimestamp, finalizers: [] })), true);
});
