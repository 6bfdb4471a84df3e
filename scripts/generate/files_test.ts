import assert from "node:assert/strict";
import { differing, write } from "./files.ts";

Deno.test("files that are missing or differ are named, in order; equal ones are not", async () => {
  const root = await Deno.makeTempDir();
  try {
    await write(root, [{ path: "a/same.txt", content: "1" }, { path: "b.txt", content: "old" }]);
    const files = [
      { path: "z/missing.txt", content: "3" },
      { path: "b.txt", content: "new" },
      { path: "a/same.txt", content: "1" },
    ];
    assert.deepEqual(await differing(root, files), ["b.txt", "z/missing.txt"]);
    await write(root, files);
    assert.deepEqual(await differing(root, files), []);
    assert.equal(await Deno.readTextFile(`${root}/z/missing.txt`), "3");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a file that cannot be read is an error, not a difference", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/folder`);
    await assert.rejects(differing(root, [{ path: "folder", content: "" }]));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
