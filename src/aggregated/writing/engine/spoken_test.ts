import assert from "node:assert/strict";
import { WriteBench } from "../testing/bench.ts";
import { spokenOf } from "./spoken.ts";

const spoken = (text: string) => [...spokenOf({ body: new TextEncoder().encode(text) })].sort();

Deno.test("what is sent speaks of the fields of its spec, whatever form it has", () => {
  assert.deepEqual(spoken('{"spec":{"a":1,"b":null,"c":false},"metadata":{"labels":{}}}'), ["a", "c"]);
  assert.deepEqual(spoken("kind: X\nspec:\n  a: 1\n"), ["a"]);
  assert.deepEqual(spoken('{"metadata":{}}'), []);
  assert.deepEqual(
    spoken(
      '[{"op":"replace","path":"/spec/a","value":1},{"op":"test","path":"/spec/b","value":1},' +
        '{"op":"add","path":"/metadata/labels/c","value":"x"},{"op":"remove","path":"/spec/d"},' +
        '{"op":"add","path":"/spec","value":{"e":1}},{"op":"add","path":"/spec/f/g","value":1},7,{"op":"add"}]',
    ),
    ["a", "e", "f"],
  );
});

Deno.test("what cannot be read speaks of nothing", () => {
  for (const text of ["", "7", "{", "\u0000: [", '"spec"']) assert.deepEqual(spoken(text), [], text);
});

Deno.test("a change that changes nothing is made where the kind wants it made again, and not otherwise", async () => {
  const bench = new WriteBench();
  bench.put("a");
  const patch = (body: object) => bench.ask("patch", "a", body);
  await patch({ spec: { color: "red" } });
  assert.equal(bench.target.calls.includes("update"), false);
  const told: string[][] = [];
  Object.assign(bench.target, {
    repeats(_live: unknown, spoken: { has(name: string): boolean }) {
      told.push(["color", "running", "files"].filter((name) => spoken.has(name)));
      return spoken.has("color");
    },
  });
  await patch({});
  assert.equal(bench.target.calls.includes("update"), false);
  await patch({ spec: { color: "red" } });
  assert.equal(bench.target.calls.includes("update"), true);
  assert.deepEqual(told, [[], ["color"]]);
});
