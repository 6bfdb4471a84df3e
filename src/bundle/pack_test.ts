import assert from "node:assert/strict";
import { readTar } from "../archive/mod.ts";
import { capped, indexOf, packed } from "./pack.ts";
import type { BundleFile, Importance } from "./types.ts";

const file = (path: string, bytes: number, importance: Importance = 2): BundleFile => ({
  path,
  about: "a file",
  importance,
  text: "x".repeat(bytes),
});
const FACTS = {
  made: new Date(Date.UTC(2026, 10, 22)),
  build: { "coder-k8s": "1.0.0", built: "" },
  scope: "all namespaces",
  summary: ["controlplane lab/coder: well."],
};

Deno.test("what is least important goes first, the largest of it before others, and is named", () => {
  const files = [file("log", 600_000, 4), file("status", 500_000, 1), file("small", 1_000, 4)];
  const { files: kept, gaps } = capped(files, [{ what: "nodes", why: "forbidden" }], 1_000_000);
  assert.deepEqual(kept.map(({ path }) => path), ["small", "status"]);
  assert.deepEqual(gaps, [
    { what: "nodes", why: "forbidden" },
    { what: "log", why: "left out: the bundle would be larger than 1000000 bytes" },
  ]);
});

Deno.test("sizes are of bytes, not of characters", () => {
  const wide: BundleFile = { ...file("wide", 0), text: "é".repeat(150_000) };
  assert.deepEqual(capped([wide], [], 450_000).files, []);
  assert.deepEqual(capped([wide], [], 500_000).files, [wide]);
});

Deno.test("the index lists files, gaps and what the diagnosis says", () => {
  const index = indexOf({ files: [file("a.txt", 3)], gaps: [{ what: "nodes", why: "forbidden" }] }, FACTS);
  for (
    const line of [
      "Made 2026-11-22T00:00:00.000Z of all namespaces by coder-k8s 1.0.0.",
      "- controlplane lab/coder: well.",
      "- nodes: forbidden",
      "| a.txt | 3 | a file |",
    ]
  ) assert.ok(index.split("\n").includes(line), line);
});

Deno.test("an empty bundle says that it is, and a long list of gaps ends", () => {
  const empty = indexOf({ files: [], gaps: [] }, { ...FACTS, summary: [] });
  assert.match(empty, /Nothing was diagnosed\.\n[^]*left out\n\nNothing\.\n/);
  const gaps = Array.from({ length: 700 }, (_, at) => ({ what: `w${at}`, why: "no" }));
  assert.match(indexOf({ files: [], gaps }, FACTS), /- w499: no\n- … 200 more\n/);
});

Deno.test("the archive is a folder of files that tar can read", async () => {
  const bytes = await packed("bundle", [{ path: "a/b.txt", text: "grüße" }]);
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const entries = [...readTar(new Uint8Array(await new Response(unpacked).arrayBuffer()))];
  assert.deepEqual(entries.map(({ path }) => path), ["bundle/a/b.txt"]);
  assert.equal(new TextDecoder().decode(entries[0]!.content), "grüße");
});
