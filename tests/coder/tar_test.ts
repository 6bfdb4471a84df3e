import assert from "node:assert/strict";
import { join } from "node:path";
import { tar } from "./tar.ts";
import { withDir } from "./testing_dir.ts";

Deno.test("the system's tar unpacks what was packed", () =>
  withDir(async (dir) => {
    const files = { "main.tf": "a = 1\n", "sub/über.txt": "ä".repeat(700), "empty": "" };
    await Deno.writeFile(join(dir, "x.tar"), tar(files));
    const { success, stderr } = await new Deno.Command("tar", { args: ["-xf", "x.tar"], cwd: dir }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    for (const [name, text] of Object.entries(files)) {
      assert.equal(await Deno.readTextFile(join(dir, name)), text);
    }
  }));

Deno.test("the same files give the same bytes in whatever order, so that coderd stores them once", () => {
  assert.deepEqual(tar({ a: "1", b: "2" }), tar({ b: "2", a: "1" }));
  assert.notDeepEqual(tar({ a: "1" }), tar({ a: "2" }));
});

Deno.test("an archive is whole blocks and ends with two empty ones", () => {
  const archive = tar({ a: "x".repeat(513) });
  assert.equal(archive.length, 512 * 5);
  assert.ok(archive.slice(-1024).every((byte) => byte === 0));
});

Deno.test("a path that does not fit is refused", () => {
  assert.throws(() => tar({ ["x".repeat(101)]: "" }), /100 bytes are the most/);
});
