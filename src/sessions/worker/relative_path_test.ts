import assert from "node:assert/strict";
import { relativePath } from "./relative_path.ts";

Deno.test("paths for programs are relative, and no options", () => {
  assert.equal(relativePath("a/b", "path"), "./a/b");
  assert.equal(relativePath("-rf", "path"), "./-rf");
  assert.equal(relativePath("./a", "path"), "./a");
  assert.equal(relativePath(".", "path"), ".");
  assert.equal(relativePath("", "path"), ".");
  assert.equal(relativePath("..a/b..", "path"), "./..a/b..");
});

Deno.test("paths that lead out are refused by name", () => {
  for (const path of ["/etc", "..", "../a", "a/../b", "a/.."]) {
    assert.throws(() => relativePath(path, "from"), {
      code: "forbidden",
      message: /^from ".*": give a path below/,
    });
  }
  assert.throws(() => relativePath("a\0b", "from"), { code: "invalid" });
});
