import assert from "node:assert/strict";
import { archive } from "../../tests/archive/odd_tar.ts";
import { cleanPath } from "./paths.ts";
import { readSourceFiles } from "./source_files.ts";

Deno.test("text files are shown by path, sorted", () => {
  const bytes = archive([{ path: "b/x.sh", content: "#!" }, { path: "./a.tf", content: "resource ä" }]);
  const { files, omitted } = readSourceFiles(bytes);
  assert.deepEqual(Object.entries(files), [["a.tf", "resource ä"], ["b/x.sh", "#!"]]);
  assert.deepEqual(omitted, []);
});

Deno.test("files without mode and date, as the Go server stored them, are files like any other", () => {
  const { files, omitted } = readSourceFiles(archive([{ path: "main.tf", content: "x", mode: "0000000" }]));
  assert.deepEqual([files, omitted], [{ "main.tf": "x" }, []]);
});

Deno.test("files that are no text are left out and named", () => {
  const bytes = archive([
    { path: "logo.png", content: new Uint8Array([0x89, 0x50, 0xff, 0xfe]) },
    { path: "main.tf", content: "x" },
  ]);
  assert.deepEqual(readSourceFiles(bytes), { files: { "main.tf": "x" }, omitted: ["logo.png"] });
});

Deno.test("a byte order mark is part of the text", () => {
  const bytes = archive([{ path: "a", content: new Uint8Array([0xef, 0xbb, 0xbf, 0x41]) }]);
  assert.equal(readSourceFiles(bytes).files["a"], "\ufeffA");
});

Deno.test("files that are too large or too many are left out, and hide nothing else", () => {
  const bytes = archive([
    { path: "large", content: "x".repeat(11) },
    { path: "exact", content: "x".repeat(10) },
    { path: "a", content: "1" },
    { path: "b", content: "2" },
    { path: "c", content: "3" },
  ]);
  const { files, omitted } = readSourceFiles(bytes, { fileBytes: 10, files: 3 });
  assert.deepEqual(Object.keys(files), ["a", "b", "exact"]);
  assert.deepEqual(omitted, ["c", "large"]);
  assert.deepEqual(Object.keys(readSourceFiles(bytes, { totalBytes: 12 }).files), ["a", "large"]);
});

Deno.test("paths that lead out of the archive are left out and named", () => {
  const bytes = archive([
    { path: "/etc/passwd", content: "1" },
    { path: "../up", content: "2" },
    { path: "a\\b", content: "3" },
    { path: ".", content: "4" },
    { path: "x/../ok", content: "5" },
  ]);
  const { files, omitted } = readSourceFiles(bytes);
  assert.deepEqual(files, { ok: "5" });
  assert.deepEqual(omitted, [".", "../up", "/etc/passwd", "a\\b"]);
});

Deno.test("of two entries with one path the later one counts", () => {
  const bytes = archive([
    { path: "a", content: new Uint8Array([0xff]) },
    { path: "a", content: "1" },
    { path: "./a", content: "2" },
  ]);
  assert.deepEqual(readSourceFiles(bytes), { files: { a: "2" }, omitted: [] });
});

Deno.test("very many odd files are not all named", () => {
  const bytes = archive(Array.from({ length: 300 }, (_, index) => ({ path: `/${index}`, content: "x" })));
  assert.equal(readSourceFiles(bytes).omitted.length, 100);
});

Deno.test("paths are cleaned as whoever unpacks them does", () => {
  assert.deepEqual(["./a", "a//b", "a/./b", "x/../y", "dir/", "a/b/../../c"].map(cleanPath), [
    "a",
    "a/b",
    "a/b",
    "y",
    "dir",
    "c",
  ]);
  for (const path of ["", ".", "/", "..", "../a", "a/../..", "/a", "a\\b", "a\0", "__proto__"]) {
    assert.equal(cleanPath(path), undefined, path);
  }
});
