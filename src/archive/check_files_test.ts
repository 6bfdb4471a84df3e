import assert from "node:assert/strict";
import { checkedFiles } from "./check_files.ts";
import { FilesError } from "./paths.ts";

const problemsOf = (files: Record<string, string>, limits = {}) => {
  try {
    checkedFiles(files, limits);
  } catch (error) {
    if (error instanceof FilesError) return error.problems.map(({ path, problem }) => `${path}: ${problem}`);
    throw error;
  }
  return [];
};

Deno.test("paths are cleaned and sorted", () => {
  const files = { "x/../y": "1", "./a": "2", "a//b.d/./c": "", "dir/": "4" };
  assert.deepEqual([...checkedFiles({ "./b": "1", "a//c/./d": "2" })], [["a/c/d", "2"], ["b", "1"]]);
  assert.match(problemsOf(files).join(), /^a\/\/b\.d\/\.\/c: lies in a, which is a file$/);
});

Deno.test("paths that cannot be are all named, with the reason", () => {
  const paths = ["", "a\\b", "/etc/passwd", "..", "../x", "a/../..", ".", "nul\0", "__proto__"];
  const problems = problemsOf(Object.fromEntries(paths.map((path) => [path, "1"]).concat([["ok", "1"]])));
  assert.deepEqual(
    problems,
    [
      ": is an empty path",
      "a\\b: has a backslash; parts of paths are parted by slashes",
      "/etc/passwd: is an absolute path; paths begin in the template's own directory",
      "..: does not lie in the template's directory",
      "../x: does not lie in the template's directory",
      "a/../..: does not lie in the template's directory",
      ".: does not lie in the template's directory",
      "nul\0: has a null character",
      "__proto__: cannot be a path",
    ],
  );
});

Deno.test("two keys that mean one path are refused", () => {
  assert.deepEqual(problemsOf({ "main.tf": "1", "./main.tf": "1" }), [
    './main.tf: is the same path as "main.tf"',
  ]);
});

Deno.test("text that is no Unicode is refused", () => {
  assert.deepEqual(problemsOf({ a: "\ud800", "b\udc00": "" }).length, 2);
});

Deno.test("limits are inclusive", () => {
  const limits = { files: 2, fileBytes: 4, totalBytes: 6 };
  assert.deepEqual(problemsOf({ a: "ää", b: "12" }, limits), []);
  assert.deepEqual(problemsOf({ a: "ää!" }, limits), ["a: has 5 bytes, of which 4 are the most"]);
  assert.deepEqual(problemsOf({ a: "1234", b: "123" }, limits), [
    ": they have 7 bytes together, of which 6 are the most",
  ]);
  assert.deepEqual(problemsOf({ a: "", b: "", c: "" }, limits), [": there are 3 files, 2 are the most"]);
});

Deno.test("the message has the first mistakes and how many more there are", () => {
  const files = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`/${index}`, ""]));
  assert.throws(
    () => checkedFiles(files),
    /cannot be the files of a template: "\/0" is an absolute path.*; and 3 more$/,
  );
});
