import assert from "node:assert/strict";
import type { Gadget } from "../../serving/testing/gadgets.ts";
import { WriteBench } from "../testing/bench.ts";
import { StaleError, type UpdateAsking } from "../target.ts";
import { MAX_TRIES } from "./retry.ts";

const JSON_PATCH = { contentType: "application/json-patch+json" };
const whole = ({ metadata, spec }: Gadget, more: object = {}) => ({ metadata, spec: { ...spec, ...more } });

const unversioned = ({ metadata: { resourceVersion: _version, ...metadata }, spec }: Gadget) => ({
  metadata,
  spec,
});

Deno.test("a replacement counts generations, and says who owns what", async () => {
  const bench = new WriteBench();
  const before = bench.put("a");
  const { code, object } = await bench.ask("update", "a", whole(before, { size: 2 }), {
    query: "fieldManager=me",
  });
  assert.deepEqual([code, object?.spec, object?.metadata.generation], [200, { color: "red", size: 2 }, 2]);
  // Nobody has owned anything until now: that begins with an apply.
  assert.deepEqual(WriteBench.owners(object!), []);
  assert.notEqual(object?.metadata.resourceVersion, before.metadata.resourceVersion);
  assert.deepEqual(bench.target.calls, ["admit", "read", "update"]);
});

Deno.test("a replacement is for the version that it says, and creates nothing", async () => {
  const bench = new WriteBench();
  const before = bench.put("a");
  bench.put("a", { labels: { x: "y" } });
  const stale = await bench.ask("update", "a", whole(before, { size: 2 }));
  assert.deepEqual([stale.code, stale.reason], [409, "Conflict"]);
  assert.equal((await bench.ask("update", "a", unversioned(before))).code, 422);
  assert.equal((await bench.ask("update", "b", { ...whole(before), metadata: { name: "b" } })).code, 404);
  assert.deepEqual(bench.target.calls.includes("create"), false);
});

Deno.test("a kind may call replacements without a version bad requests, and knows which versions are the same", async () => {
  const isSameVersion = (left: string, right: string) => Number(left) % 10 === Number(right) % 10;
  const bench = new WriteBench({}, { unversioned: "BadRequest", isSameVersion });
  const before = bench.put("a");
  assert.equal((await bench.ask("update", "a", unversioned(before))).code, 400);
  const resourceVersion = String(Number(before.metadata.resourceVersion) + 10);
  const metadata = { ...before.metadata, resourceVersion, labels: { x: "y" } };
  const { code, object } = await bench.ask("update", "a", { ...whole(before), metadata });
  assert.deepEqual([code, object?.metadata.labels], [200, { x: "y" }]);
});

Deno.test("what changes nothing is answered with what there is, and goes no further", async () => {
  const bench = new WriteBench();
  const made = await bench.ask("create", "", { metadata: { name: "a" }, spec: { color: "red" } });
  bench.target.calls.length = 0;
  const bodies: [string, object, object][] = [
    ["patch", { spec: { color: "red" } }, {}],
    ["patch", [{ op: "test", path: "/spec/color", value: "red" }], JSON_PATCH],
    ["update", whole(made.object!), {}],
    ["update", { ...whole(made.object!), status: { phase: "On" } }, {}],
  ];
  for (const [verb, body, options] of bodies) {
    const { code, object } = await bench.ask(verb as "patch", "a", body, options);
    assert.deepEqual([code, object], [200, made.object]);
  }
  assert.deepEqual([...new Set(bench.target.calls)], ["admit", "read"]);
});

Deno.test("each kind of patch changes what it says", async () => {
  const bench = new WriteBench();
  bench.put("a");
  const size = async (contentType: string, body: unknown) =>
    (await bench.ask("patch", "a", body, { contentType })).object?.spec.size;
  assert.equal(await size("application/json-patch+json", [{ op: "add", path: "/spec/size", value: 1 }]), 1);
  assert.equal(await size("application/merge-patch+json", { spec: { size: 2 } }), 2);
  assert.equal(await size("application/strategic-merge-patch+json", { spec: { size: 3 } }), 3);
  const { code, reason } = await bench.ask("patch", "a", {}, { contentType: "application/json" });
  assert.deepEqual([code, reason], [415, "UnsupportedMediaType"]);
});

Deno.test("a patch that was overtaken is made of what is there now", async () => {
  const bench = new WriteBench();
  bench.put("a");
  let writers = 3;
  bench.target.hook = (call) => {
    if (call === "update" && writers-- > 0) bench.put("a", { labels: { writer: String(writers) } });
  };
  const { code, object } = await bench.ask("patch", "a", { spec: { size: 2 } });
  assert.deepEqual([code, object?.spec.size, object?.metadata.labels], [200, 2, { writer: "0" }]);
});

Deno.test("a patch that is always overtaken is a conflict in the end", async () => {
  const bench = new WriteBench();
  bench.put("a");
  bench.target.hook = (call) => {
    if (call === "update") throw new StaleError("overtaken");
  };
  const { code, reason } = await bench.ask("patch", "a", { spec: { size: 2 } });
  assert.deepEqual([code, reason], [409, "Conflict"]);
  assert.equal(bench.target.calls.filter((call) => call === "update").length, MAX_TRIES);
});

Deno.test("who says a version is not overtaken unheard", async () => {
  const bench = new WriteBench();
  const before = bench.put("a");
  let isOvertaken = false;
  bench.target.hook = (call) => {
    if (call !== "update" || isOvertaken) return;
    isOvertaken = true;
    bench.put("a", { labels: { other: "writer" } });
  };
  const { resourceVersion } = before.metadata;
  const patched = await bench.ask("patch", "a", { metadata: { resourceVersion }, spec: { size: 2 } });
  assert.equal(patched.reason, "Conflict");
  isOvertaken = false;
  bench.target.calls.length = 0;
  const replaced = await bench.ask("update", "a", whole((await bench.find("a"))!, { size: 2 }));
  assert.equal(replaced.reason, "Conflict");
  assert.deepEqual(bench.target.calls, ["admit", "read", "update"]);
  assert.equal((await bench.find("a"))?.spec.size, undefined);
});

Deno.test("nothing is tried again for a client that is gone", async () => {
  const bench = new WriteBench();
  bench.put("a");
  const gone = new AbortController();
  bench.target.hook = (call) => {
    if (call !== "update") return;
    gone.abort(new Error("gone"));
    throw new StaleError("overtaken");
  };
  await assert.rejects(bench.ask("patch", "a", { spec: { size: 2 } }, {}, { signal: gone.signal }), /gone/);
  assert.equal(bench.target.calls.filter((call) => call === "update").length, 1);
});

Deno.test("what the kind keeps where it is left out is no change, and stays whose it was", async () => {
  const bench = new WriteBench();
  const spec = { color: "red", size: 1, running: true };
  const { object } = await bench.ask("create", "", { metadata: { name: "a" }, spec }, {
    query: "fieldManager=me",
  });
  const seen: unknown[] = [];
  bench.target.defaulted = (after, change) => {
    seen.push([change?.before.spec.running, change?.isWhole]);
    return { ...after, spec: { ...after.spec, running: after.spec.running ?? true } };
  };
  const { running: _running, ...rest } = spec;
  const replaced = await bench.ask("update", "a", { metadata: object!.metadata, spec: rest });
  assert.deepEqual(replaced.object, object);
  const patched = await bench.ask("patch", "a", { spec: { running: null } });
  assert.deepEqual(patched.object, object);
  assert.deepEqual(seen, [[true, true], [true, false]]);
  assert.equal(bench.target.calls.includes("update"), false);
});

Deno.test("the kind is told whether an object came whole, and judges before and after", async () => {
  const bench = new WriteBench();
  const before = bench.put("a");
  bench.target.causes = (after, was) =>
    after.spec.color === was?.spec.color ? [] : [{ field: "spec.color", message: "Forbidden", reason: "No" }];
  const wholes: boolean[] = [];
  const update = bench.target.update.bind(bench.target);
  bench.target.update = (after, live, asking: UpdateAsking) => {
    wholes.push(asking.isWhole);
    return update(after, live, asking);
  };
  const refused = await bench.ask("patch", "a", { spec: { color: "blue" } });
  assert.deepEqual([refused.code, refused.causes], [422, ["No spec.color"]]);
  const { object } = await bench.ask("update", "a", whole(before, { size: 1 }));
  await bench.ask("patch", "a", { spec: { size: 2 } });
  assert.equal(object?.spec.size, 1);
  assert.deepEqual(wholes, [true, false]);
});

Deno.test("a dry run of a change changes nothing", async () => {
  const bench = new WriteBench();
  const before = bench.put("a");
  const { code, object } = await bench.ask("patch", "a", { spec: { size: 2 } }, { query: "dryRun=All" });
  assert.deepEqual([code, object?.spec.size], [200, 2]);
  assert.deepEqual(await bench.find("a"), before);
});

Deno.test("the last finalizer that goes takes the object with it", async () => {
  const bench = new WriteBench();
  const going = { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 0 };
  bench.put("a", { ...going, finalizers: ["x/a", "x/b"] });
  const one = await bench.ask("patch", "a", { metadata: { finalizers: ["x/b"] } });
  assert.deepEqual(one.object?.metadata.finalizers, ["x/b"]);
  const last = await bench.ask("patch", "a", { metadata: { finalizers: null } });
  assert.deepEqual([last.code, last.object?.metadata.finalizers], [200, undefined]);
  assert.equal(await bench.find("a"), undefined);
  assert.equal(bench.target.calls.at(-1), "remove");
});

Deno.test("what the last finalizer leaves is told as it is, without finalizers", async () => {
  const bench = new WriteBench();
  bench.target.lingers = true;
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  bench.put("a", { deletionTimestamp, finalizers: ["x/a"] });
  const { code, object } = await bench.ask("patch", "a", { metadata: { finalizers: null } });
  assert.deepEqual([code, object?.metadata.finalizers], [200, undefined]);
  assert.deepEqual(await bench.find("a"), object);
  // It is on its way, and a change is no further deletion.
  const labelled = await bench.ask("patch", "a", { metadata: { labels: { x: "y" } } });
  assert.deepEqual([labelled.code, labelled.object?.metadata.labels], [200, { x: "y" }]);
  assert.equal(bench.target.calls.filter((call) => call === "remove").length, 1);
});

Deno.test("finalizers that come are warned of, and those that are there are not", async () => {
  const bench = new WriteBench();
  bench.put("a", { finalizers: ["plain"] });
  assert.deepEqual((await bench.ask("patch", "a", { spec: { size: 1 } })).warnings, []);
  const { warnings } = await bench.ask("patch", "a", { metadata: { finalizers: ["plain", "other"] } });
  assert.equal(warnings.length, 1);
});
