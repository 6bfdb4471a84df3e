import assert from "node:assert/strict";
import { WriteBench } from "../testing/bench.ts";
import { StaleError } from "../target.ts";

Deno.test("what is deleted at once is told with its uid, in the form of a success", async () => {
  const bench = new WriteBench();
  bench.put("a");
  const { code, document } = await bench.ask("delete", "a");
  assert.equal(code, 200);
  assert.deepEqual(document, {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name: "a", group: "gadgets.coder.test", kind: "gadgets", uid: "uid-a" },
  });
  assert.equal(await bench.find("a"), undefined);
  assert.equal((await bench.ask("delete", "a")).code, 404);
});

Deno.test("what takes its time is accepted, and shown as it goes", async () => {
  const bench = new WriteBench();
  bench.target.lingers = true;
  bench.put("a");
  const { code, object } = await bench.ask("delete", "a");
  assert.deepEqual([code, object?.metadata.deletionTimestamp], [202, "2026-03-01T10:00:00Z"]);
  assert.equal((await bench.ask("delete", "a")).code, 202);
});

Deno.test("finalizers are waited for, and nothing is done until they are gone", async () => {
  const bench = new WriteBench();
  bench.put("a", { finalizers: ["x/a"], labels: { x: "y" } });
  const { code, object } = await bench.ask("delete", "a");
  assert.equal(code, 200);
  const { deletionTimestamp, deletionGracePeriodSeconds, generation } = object!.metadata;
  assert.deepEqual([deletionTimestamp, deletionGracePeriodSeconds, generation], [
    "2026-03-01T10:00:00Z",
    0,
    2,
  ]);
  bench.target.calls.length = 0;
  assert.deepEqual((await bench.ask("delete", "a")).object, object);
  assert.deepEqual(bench.target.calls, ["admit", "read"]);
  const waiting = await bench.ask("delete", "a", { orphanDependents: false });
  assert.equal(waiting.code, 202);
});

Deno.test("what is to become of dependents is for the garbage collector", async () => {
  const bench = new WriteBench();
  bench.put("a");
  const { object } = await bench.ask("delete", "a", { propagationPolicy: "Foreground" });
  assert.deepEqual(object?.metadata.finalizers, ["foregroundDeletion"]);
  bench.put("b");
  const orphaned = await bench.ask("delete", "b", "", { query: "propagationPolicy=Orphan" });
  assert.deepEqual(orphaned.object?.metadata.finalizers, ["orphan"]);
  assert.equal((await bench.ask("delete", "b", { propagationPolicy: "Background" })).code, 200);
  assert.equal(await bench.find("b"), undefined);
});

Deno.test("an object goes only if it is the one that is meant", async () => {
  const bench = new WriteBench();
  const { metadata: { resourceVersion } } = bench.put("a");
  for (const preconditions of [{ uid: "other" }, { resourceVersion: "1" }]) {
    const { code, reason } = await bench.ask("delete", "a", { preconditions });
    assert.deepEqual([code, reason], [409, "Conflict"]);
  }
  assert.equal(
    (await bench.ask("delete", "a", { preconditions: { uid: "uid-a", resourceVersion } })).code,
    200,
  );
});

Deno.test("versions in preconditions are those that the kind calls the same", async () => {
  const bench = new WriteBench({}, { isSameVersion: (left, right) => left.at(-1) === right.at(-1) });
  const { metadata: { resourceVersion } } = bench.put("a");
  const other = `9${resourceVersion}`;
  assert.equal((await bench.ask("delete", "a", { preconditions: { resourceVersion: other } })).code, 200);
});

Deno.test("a deletion that was overtaken looks again, and sees what it must not delete", async () => {
  const bench = new WriteBench();
  bench.put("a");
  let isOvertaken = false;
  bench.target.hook = (call) => {
    if (call !== "remove" || isOvertaken) return;
    isOvertaken = true;
    bench.put("a", { finalizers: ["x/a"] });
  };
  const { code, object } = await bench.ask("delete", "a");
  assert.deepEqual([code, object?.metadata.finalizers], [200, ["x/a"]]);
  bench.put("b");
  bench.target.hook = (call) => {
    if (call === "remove") throw new StaleError("overtaken");
  };
  assert.equal((await bench.ask("delete", "b")).reason, "Conflict");
});

Deno.test("in a namespace that is ending deletions succeed, and touch nothing", async () => {
  const bench = new WriteBench();
  bench.put("a", { finalizers: ["x/a"] });
  bench.target.admission = "ending";
  const one = await bench.ask("delete", "a");
  assert.deepEqual([one.code, one.document.status, one.document.details.name], [200, "Success", "a"]);
  assert.equal((await bench.ask("delete", "nothing")).code, 200);
  const { code, document } = await bench.ask("deletecollection", "");
  assert.deepEqual([code, document.kind, document.items], [200, "GadgetList", []]);
  assert.deepEqual([...new Set(bench.target.calls)], ["admit"]);
  assert.equal((await bench.find("a"))?.metadata.deletionTimestamp, undefined);
});

Deno.test("a dry run deletes nothing, wherever it is asked for", async () => {
  const bench = new WriteBench();
  const before = bench.put("a");
  bench.put("b", { finalizers: ["x/a"] });
  assert.equal((await bench.ask("delete", "a", "", { query: "dryRun=All" })).code, 200);
  assert.equal((await bench.ask("delete", "a", { dryRun: ["All"] })).code, 200);
  const { object } = await bench.ask("delete", "b", { dryRun: ["All"] });
  assert.equal(object?.metadata.deletionTimestamp, "2026-03-01T10:00:00Z");
  assert.equal((await bench.ask("deletecollection", "", { dryRun: ["All"] })).code, 200);
  assert.deepEqual(await bench.find("a"), before);
  assert.equal((await bench.find("b"))?.metadata.deletionTimestamp, undefined);
  assert.deepEqual(bench.records, []);
});
