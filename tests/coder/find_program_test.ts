import assert from "node:assert/strict";
import { join } from "node:path";
import { findOnPath } from "./find_program.ts";
import { script, withDir } from "./testing_dir.ts";

Deno.test("a program is found in the first directory of PATH that has it", () =>
  withDir(async (dir) => {
    await script(join(dir, "b"), "tool");
    await script(join(dir, "c"), "tool");
    assert.equal(await findOnPath("tool", `${dir}/a:${dir}/b:${dir}/c`), join(dir, "b", "tool"));
  }));

Deno.test("what cannot be run, a directory and a relative entry of PATH do not count", () =>
  withDir(async (dir) => {
    await Deno.mkdir(join(dir, "a", "tool"), { recursive: true });
    await Deno.mkdir(join(dir, "b"));
    await Deno.writeTextFile(join(dir, "b", "tool"), "", { mode: 0o644 });
    assert.equal(await findOnPath("tool", `${dir}/a:${dir}/b:${dir}/b/tool::.`), undefined);
  }));

Deno.test("without PATH being given, that of the process counts", async () => {
  assert.match(await findOnPath("sh") ?? "", /^\/.*\/sh$/);
});
