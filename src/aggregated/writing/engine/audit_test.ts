import assert from "node:assert/strict";
import { ANONYMOUS } from "../../../identity/mod.ts";
import { stored } from "../decode/testing.ts";
import { WriteBench } from "../testing/bench.ts";
import { changedPaths, MAX_PATHS } from "./audit.ts";

Deno.test("what differs is named, never shown", () => {
  const before = stored({ labels: { a: "1", b: "1" }, finalizers: ["x/a"] }, {
    color: "red",
    parts: { p: "secret" },
  });
  const after = stored({ labels: { a: "2", c: "1" }, annotations: { note: "secret" } }, {
    color: "red",
    size: 1,
    parts: { p: "other" },
  });
  const paths = changedPaths(after, before);
  assert.deepEqual(paths, [
    "spec.parts",
    "spec.size",
    "metadata.annotations[note]",
    "metadata.finalizers",
    "metadata.labels[a]",
    "metadata.labels[b]",
    "metadata.labels[c]",
  ]);
  assert.doesNotMatch(JSON.stringify(paths), /secret/);
  assert.deepEqual(changedPaths(after, after), []);
});

Deno.test("what only servers say is no change of anybody", () => {
  const before = stored({ resourceVersion: "1" });
  const after = { ...stored({ resourceVersion: "2", generation: 9 }), status: { phase: "On" } };
  assert.deepEqual(changedPaths(after, before), []);
});

Deno.test("a part that is no structure, or comes whole, is one path", () => {
  const object = { ...stored(), spec: "odd" } as unknown as ReturnType<typeof stored>;
  assert.deepEqual(changedPaths(object, stored()), ["spec"]);
  assert.deepEqual(changedPaths(stored(), undefined), ["spec.color"]);
});

Deno.test("there is an end to what is named", () => {
  const labels = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`l${index}`, ""]));
  assert.equal(changedPaths(stored({ labels }), stored()).length, MAX_PATHS);
});

Deno.test("every write is told once: who, what, and what came of it", async () => {
  const bench = new WriteBench();
  await bench.ask("create", "", { metadata: { name: "a" }, spec: { color: "red" } }, {
    query: "fieldManager=me",
  });
  const { uid } = (await bench.find("a"))!.metadata;
  await bench.ask("patch", "a", { spec: { size: 2 }, metadata: { labels: { x: "y" } } });
  await bench.ask("patch", "a", { spec: { size: 2 } });
  await bench.ask("patch", "a", { spec: { size: -2 } });
  await bench.ask("patch", "nothing", {});
  await bench.ask("delete", "a");
  const common = { user: ANONYMOUS, kind: "Gadget", uid, key: { namespace: "n", name: "a" } };
  assert.deepEqual(bench.records, [
    { ...common, verb: "create", manager: "me", changed: ["spec.color"], code: 201 },
    {
      ...common,
      verb: "patch",
      manager: "",
      changed: ["spec.size", "metadata.labels[x]"],
      code: 200,
    },
    { ...common, verb: "patch", manager: "", changed: [], code: 200 },
    { ...common, verb: "patch", manager: "", changed: [], code: 422, reason: "Invalid" },
    {
      ...common,
      verb: "patch",
      manager: "",
      uid: "",
      key: { namespace: "n", name: "nothing" },
      changed: [],
      code: 404,
      reason: "NotFound",
    },
    { ...common, verb: "delete", manager: "", changed: [], code: 200 },
  ]);
});

Deno.test("what a kind refuses is told with what was to change", async () => {
  const bench = new WriteBench();
  bench.put("a");
  bench.target.hook = (call) => {
    if (call === "update") throw new TypeError("a mistake");
  };
  await assert.rejects(bench.ask("patch", "a", { spec: { size: 2 } }));
  const [{ changed, code, reason } = {}] = bench.records;
  assert.deepEqual([changed, code, reason], [["spec.size"], 500, "InternalError"]);
});

Deno.test("of a collection each object is told, and no dry run of anything", async () => {
  const bench = new WriteBench();
  bench.put("a");
  bench.put("b");
  await bench.ask("deletecollection", "", "", { query: "dryRun=All" });
  await bench.ask("create", "", { metadata: { name: "c" }, spec: { color: "red" } }, { query: "dryRun=All" });
  assert.equal(bench.records.length, 0);
  await bench.ask("deletecollection", "");
  assert.deepEqual(bench.records.map(({ verb, key, uid, code }) => [verb, key.name, uid, code]).sort(), [
    ["deletecollection", "a", "uid-a", 200],
    ["deletecollection", "b", "uid-b", 200],
  ]);
});
