import assert from "node:assert/strict";
import { filesBelow } from "./files.ts";
import { root } from "./run.ts";
import { foldersApart, TOGETHER, unitEntries } from "./unit_entries.ts";

async function filesOf(...folders: string[]): Promise<string[]> {
  return (await Promise.all(folders.map((folder) => filesBelow(folder, ["_test.ts"])))).flat().sort();
}

Deno.test("test files of a room are imported by one module, in order, and those of scripts by another", () => {
  const entries = unitEntries("/x y", [
    "src/kube/rest/b_test.ts",
    "scripts/lib/c_test.ts",
    "src/kube/a_test.ts",
    "src/api/d_test.ts",
    "scripts/e_test.ts",
    "tests/soak/f_test.ts",
  ]);
  assert.deepEqual(entries, [
    {
      name: "scripts_test.ts",
      room: "scripts",
      text: 'import "file:///x%20y/scripts/e_test.ts";\nimport "file:///x%20y/scripts/lib/c_test.ts";\n',
    },
    { name: "src_api_test.ts", room: "src/api", text: 'import "file:///x%20y/src/api/d_test.ts";\n' },
    {
      name: "src_kube_test.ts",
      room: "src/kube",
      text: 'import "file:///x%20y/src/kube/a_test.ts";\nimport "file:///x%20y/src/kube/rest/b_test.ts";\n',
    },
    {
      name: "tests_soak_test.ts",
      room: "tests/soak",
      text: 'import "file:///x%20y/tests/soak/f_test.ts";\n',
    },
  ]);
});

Deno.test("a large room is taken in parts, and what lies in none of them is one of its own", () => {
  const entries = unitEntries("/x", [
    "src/sessions/agent/shell/a_test.ts",
    "src/sessions/agent/b_test.ts",
    "src/sessions/wire/c_test.ts",
    "src/sessions/d_test.ts",
  ]);
  assert.deepEqual(entries.map(({ name, room }) => [name, room]), [
    ["src_sessions_agent_test.ts", "src/sessions/agent"],
    ["src_sessions_test.ts", "src/sessions"],
    ["src_sessions_wire_test.ts", "src/sessions/wire"],
  ]);
});

Deno.test("no test file is left out of them, and those that are loaded by themselves are not among them", async () => {
  const files = await filesOf(...TOGETHER);
  const imported = unitEntries(root, files).flatMap(({ text }) => text.trim().split("\n"));
  assert.equal(new Set(imported).size, files.length);
  assert.ok(imported.includes(`import "${import.meta.url}";`), imported.join());
  const apart = await filesOf(...await foldersApart());
  assert.ok(apart.length > 100, String(apart.length));
  assert.deepEqual([...files, ...apart].sort(), await filesOf("scripts", "src", "tests"));
});
