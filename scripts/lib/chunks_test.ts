import assert from "node:assert/strict";
import { chunksOf, inOrder } from "./chunks.ts";
import { filesBelow } from "./files.ts";
import { foldersApart } from "./unit_entries.ts";

Deno.test("files of a folder are cut into pieces of about equal size, and folders are never mixed", () => {
  const mcp = Array.from({ length: 8 }, (_, index) => `tests/mcp/${index}_test.ts`);
  assert.deepEqual(chunksOf(["tests/cli/a_test.ts", ...mcp.toReversed()], 3), [
    { name: "tests/cli", files: ["tests/cli/a_test.ts"] },
    { name: "tests/mcp 1/3", files: mcp.slice(0, 3) },
    { name: "tests/mcp 2/3", files: mcp.slice(3, 5) },
    { name: "tests/mcp 3/3", files: mcp.slice(5) },
  ]);
  assert.deepEqual(chunksOf([]), []);
});

Deno.test("long files are pieces of their own", () => {
  const files = ["tests/docs/how_to/pages_1_test.ts", "tests/docs/how_to/pages_2_test.ts"];
  assert.deepEqual(chunksOf(files).map(({ name, files }) => [name, files.length]), [
    ["tests/docs/how_to 1/2", 1],
    ["tests/docs/how_to 2/2", 1],
  ]);
});

Deno.test("no file is left out or run twice, and no piece is large", async () => {
  const files = (await Promise.all((await foldersApart()).map((top) => filesBelow(top, ["_test.ts"]))))
    .flat();
  const chunks = chunksOf(files);
  assert.deepEqual(chunks.flatMap(({ files }) => files).sort(), files.toSorted());
  for (const { name, files } of chunks) assert.ok(files.length >= 1 && files.length <= 6, name);
  assert.equal(new Set(chunks.map(({ name }) => name)).size, chunks.length);
});

Deno.test("what takes longest is begun first, and other units come last", () => {
  const chunks = [
    "src/api",
    "tests/cli",
    "src/sessions/agent",
    "tests/mcp 1/2",
    "scripts",
    "tests/aggregated 1/1",
    "tests/actions",
    "tests/mcp 2/2",
  ]
    .map((name) => ({ name, files: [] }));
  assert.deepEqual(inOrder(chunks).map(({ name }) => name), [
    "tests/aggregated 1/1",
    "tests/mcp 1/2",
    "tests/mcp 2/2",
    "src/sessions/agent",
    "tests/cli",
    "tests/actions",
    "src/api",
    "scripts",
  ]);
});
