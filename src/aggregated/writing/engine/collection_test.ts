import assert from "node:assert/strict";
import { conflict, notFound } from "../../serving/status_errors.ts";
import { Gadgets } from "../../serving/testing/gadgets.ts";
import { WriteBench } from "../testing/bench.ts";
import { MAX_AT_ONCE } from "./collection.ts";
import type { KubeObject } from "../../../api/object.ts";

const names = (document: { items: KubeObject[] }) =>
  document.items.map(({ metadata }) => metadata.name).sort();
const isLabelled = ({ metadata }: KubeObject) => metadata.labels?.["go"] === "yes";

Deno.test("what is selected is deleted, and told as a list", async () => {
  const bench = new WriteBench();
  bench.put("a", { labels: { go: "yes" } });
  bench.put("b");
  bench.put("c", { labels: { go: "yes" } });
  const { code, document } = await bench.ask("deletecollection", "", "", { selects: isLabelled });
  assert.deepEqual([code, document.kind, document.apiVersion, names(document)], [
    200,
    "GadgetList",
    "gadgets.coder.test/v1alpha1",
    ["a", "c"],
  ]);
  assert.notEqual(await bench.find("b"), undefined);
  await bench.ask("deletecollection", "");
  assert.equal(await bench.find("b"), undefined);
});

Deno.test("each object is deleted by its own rules", async () => {
  const bench = new WriteBench();
  bench.put("a", { finalizers: ["x/a"] });
  bench.put("b");
  await bench.ask("deletecollection", "", { propagationPolicy: "Background" });
  assert.equal((await bench.find("a"))?.metadata.deletionTimestamp, "2026-03-01T10:00:00Z");
  assert.equal(await bench.find("b"), undefined);
});

Deno.test("what is gone, another one, or selected no more, is left alone", async () => {
  const bench = new WriteBench();
  for (const name of ["a", "b", "c", "d"]) bench.put(name, { labels: { go: "yes" } });
  let isFirst = true;
  bench.target.hook = (call) => {
    if (call !== "read" || !isFirst) return;
    isFirst = false;
    bench.storage.remove({ namespace: "n", name: "a" });
    bench.put("b");
    bench.put("c", { labels: { go: "yes" }, uid: "another" });
  };
  const { code, document } = await bench.ask("deletecollection", "", "", { selects: isLabelled });
  assert.deepEqual([code, names(document)], [200, ["d"]]);
  assert.notEqual(await bench.find("b"), undefined);
  assert.notEqual(await bench.find("c"), undefined);
  assert.deepEqual(bench.records.map(({ key }) => key.name), ["d"]);
});

Deno.test("one that is refused stops no other, and is told", async () => {
  const bench = new WriteBench();
  for (const name of ["a", "b", "c"]) bench.put(name);
  const refused = new Set(["b"]);
  bench.target.hook = (call, { name }) => {
    if (call === "remove" && refused.has(name)) throw conflict(Gadgets, name, "no");
  };
  const one = await bench.ask("deletecollection", "");
  assert.deepEqual([one.code, one.reason], [409, "Conflict"]);
  assert.match(one.message, /^Operation cannot be fulfilled on gadgets.*"b": no$/);
  assert.equal(await bench.find("a") ?? await bench.find("c"), undefined);
  for (let index = 0; index < 30; index++) {
    bench.put(`b${index}`);
    refused.add(`b${index}`);
  }
  const many = await bench.ask("deletecollection", "");
  assert.match(many.message, /^31 of 31 objects could not be deleted: .*; and 11 more$/);
});

Deno.test("a mistake ends it, once what is under way is over", async () => {
  const bench = new WriteBench();
  for (let index = 0; index < 20; index++) bench.put(`a${index}`);
  let removed = 0;
  bench.target.hook = (call) => {
    if (call !== "remove") return;
    if (++removed === 1) throw new TypeError("a mistake");
  };
  await assert.rejects(bench.ask("deletecollection", ""), /a mistake/);
  assert.ok(removed <= MAX_AT_ONCE, `${removed} were begun`);
  const before = removed;
  await Promise.resolve();
  assert.equal(removed, before);
  assert.equal(bench.records[0]?.reason, "InternalError");
});

Deno.test("a few are deleted side by side", async () => {
  const bench = new WriteBench();
  for (let index = 0; index < 3 * MAX_AT_ONCE; index++) bench.put(`a${index}`);
  const waiting: (() => void)[] = [];
  let most = 0;
  const release = () => waiting.splice(0).forEach((go) => go());
  bench.target.hook = async (call) => {
    if (call !== "remove") return;
    const turn = new Promise<void>((resolve) => waiting.push(resolve));
    most = Math.max(most, waiting.length);
    if (waiting.length === MAX_AT_ONCE) release();
    await turn;
  };
  assert.equal((await bench.ask("deletecollection", "")).code, 200);
  assert.equal(most, MAX_AT_ONCE);
});

Deno.test("nobody's list is nobody's deletion", async () => {
  const bench = new WriteBench();
  bench.target.hook = (call) => {
    if (call === "list") throw notFound(Gadgets, "list");
  };
  assert.equal((await bench.ask("deletecollection", "")).code, 404);
  assert.deepEqual(bench.records.map(({ code, key }) => [code, key.name]), [[404, ""]]);
});
