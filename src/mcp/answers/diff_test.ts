import assert from "node:assert/strict";
import { diffOf } from "./diff.ts";
import { diffLines } from "./diff_lines.ts";

const lines = (...text: string[]) => text.join("\n");

Deno.test("a diff has what differs, and the names that lead to it", () => {
  const before = {
    metadata: { resourceVersion: "1", annotations: { a: "b" } },
    spec: { running: true, parameters: { region: "eu", cpu: "2" }, ttlMillis: 1_000 },
    status: { x: 1 },
  };
  const after = {
    metadata: { resourceVersion: "2" },
    spec: { running: false, parameters: { cpu: "4", region: "eu" }, autostartSchedule: "CRON 1" },
  };
  assert.equal(
    diffOf(before, after),
    lines(
      "+autostartSchedule: CRON 1",
      " parameters:",
      '-  cpu: "2"',
      '+  cpu: "4"',
      "-running: true",
      "+running: false",
      "-ttlMillis: 1000",
    ),
  );
  assert.equal(diffOf(after, structuredClone(after)), undefined);
  assert.equal(
    diffOf({ spec: { a: 1, b: { c: 1, d: 2 } } }, { spec: { b: { d: 2, c: 1 }, a: 1 } }),
    undefined,
  );
});

Deno.test("what is new, and what is gone, is shown as a whole", () => {
  const spec = { templateName: "docker", none: undefined, parameters: { cpu: "4" }, list: [], map: {} };
  assert.equal(
    diffOf(undefined, { spec }),
    lines("+list: []", "+map: {}", "+parameters:", '+  cpu: "4"', "+templateName: docker"),
  );
  const id = "4c851901-12c6-45d0-9df1-057196894103";
  assert.equal(
    diffOf(undefined, [id, "1e3", "0x1f", "12", "no", "CRON_TZ=UTC", "2026-11-22"]),
    lines(`+- ${id}`, '+- "1e3"', '+- "0x1f"', '+- "12"', '+- "no"', "+- CRON_TZ=UTC", '+- "2026-11-22"'),
  );
  assert.equal(diffOf({ spec: { a: null, b: "" } }, undefined), lines("-a: null", '-b: ""'));
});

Deno.test("texts differ line by line", () => {
  const text = (change: string) => lines("one", "two", "three", change, "five", "six", "seven", "eight");
  assert.equal(
    diffOf({ spec: { files: { "main.tf": text("4") } } }, { spec: { files: { "main.tf": text("four") } } }),
    lines(
      " files:",
      "   main.tf: |",
      "@@ 1 equal line @@",
      "     two",
      "     three",
      "-    4",
      "+    four",
      "     five",
      "     six",
      "@@ 2 equal lines @@",
    ),
  );
  assert.equal(
    diffOf({ spec: { note: "x" } }, { spec: { note: "x\ny" } }),
    lines(" note: |", "   x", "+  y"),
  );
  assert.equal(diffOf({}, { new: "x\ny" }), lines("+new: |", "+  x", "+  y"));
});

Deno.test("lists of objects are entries that begin with their names", () => {
  const entry = (name: string, more: object = {}) => ({ more: [1], name, ...more });
  assert.equal(
    diffOf({ spec: { list: [entry("a"), entry("b")] } }, {
      spec: { list: [entry("a"), entry("b", { on: true }), "c"] },
    }),
    lines(
      " list:",
      "@@ 5 equal lines @@",
      "       - 1",
      "+    on: true",
      "+  - c",
    ),
  );
  assert.equal(diffOf(["a"], ["b"]), lines("-- a", "+- b"));
  assert.equal(diffOf(1, "1"), lines("-1", '+"1"'));
});

Deno.test("values of environment variables are not shown", () => {
  const spec = (value: string, more: object[] = []) => ({
    spec: { extraEnv: [{ name: "A", value }, ...more] },
  });
  assert.equal(
    diffOf(spec("secret-1"), spec("secret-2")),
    lines(" extraEnv:", "   (values that are not shown)"),
  );
  const added = diffOf(spec("secret-1"), spec("secret-1", [{ name: "B", value: "secret-3" }])) ?? "";
  assert.match(added, /\+ {2}- name: B\n\+ {4}value: \(not shown\)/);
  assert.doesNotMatch(`${added}${diffOf(undefined, spec("secret-4"))}`, /secret/);
});

Deno.test("diffs that are too long are cut, and say so", () => {
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, index]));
  const cut = (diffOf({}, files) ?? "").split("\n");
  assert.deepEqual([cut.length, cut.at(-1)], [201, "@@ 100 more lines @@"]);
  assert.equal((diffOf({}, { a: "x".repeat(1_000) }) ?? "").length, 401);
});

Deno.test("lines of two texts are told apart whatever they are", () => {
  const seeds = Array.from({ length: 200 }, (_, index) => index * 7_919 % 1_000_003);
  const textOf = (seed: number, length: number) =>
    Array.from({ length }, (_, index) => "abc"[(seed >> (index % 8)) % 3]!);
  for (const seed of seeds) {
    const [before, after] = [textOf(seed, seed % 9), textOf(seed * 31 % 997, seed % 7)];
    const diff = diffLines(before, after, { context: 100 });
    if (diff.length === 0) {
      assert.deepEqual(before, after);
      continue;
    }
    assert.deepEqual(diff.filter((line) => !line.startsWith("+")).map((line) => line.slice(1)), before);
    assert.deepEqual(diff.filter((line) => !line.startsWith("-")).map((line) => line.slice(1)), after);
  }
});

Deno.test("texts that are too long to be compared are gone and new as a whole", () => {
  const before = Array.from({ length: 3_000 }, (_, index) => `b${index}`);
  const after = Array.from({ length: 3_000 }, (_, index) => `a${index}`);
  const diff = diffLines(["same", ...before], ["same", ...after]);
  assert.deepEqual([diff[0], diff[1], diff[3_001], diff.length], [" same", "-b0", "+a0", 6_001]);
});
