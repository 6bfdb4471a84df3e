import { deepEqual } from "node:assert/strict";
import { importCircles } from "./circles.ts";
import { filesBelow, read } from "./files.ts";

const circles = (files: Record<string, string[]>) =>
  importCircles(
    new Map(
      Object.entries(files).map((
        [file, imports],
      ) => [file, imports.map((each) => `import type { A } from "${each}";\n`).join("")]),
    ),
  );

Deno.test("files that import in one direction alone are no circle, however often one is imported", () => {
  deepEqual(circles({ "a/1.ts": ["./2.ts", "../b/3.ts"], "a/2.ts": ["../b/3.ts"], "b/3.ts": [] }), []);
});

Deno.test("a circle is told with who imports whom, also where types alone are imported", () => {
  const files = {
    "a/1.ts": ["./2.ts", "./4.ts"],
    "a/2.ts": ["../b/3.ts"],
    "b/3.ts": ["../a/1.ts", "zod"],
    "a/4.ts": [],
  };
  deepEqual(circles(files), [
    "a/1.ts imports a/2.ts; a/2.ts imports b/3.ts; b/3.ts imports a/1.ts",
  ]);
});

Deno.test("circles that do not touch are told apart, and a file that imports itself is one", () => {
  const files = { "1.ts": ["./2.ts"], "2.ts": ["./1.ts", "./3.ts"], "3.ts": ["./3.ts"], "4.ts": ["./1.ts"] };
  deepEqual(circles(files), ["3.ts imports 3.ts", "1.ts imports 2.ts; 2.ts imports 1.ts"]);
});

Deno.test("there are no circles in this repository", async () => {
  const files = [...await filesBelow("src", [".ts"]), ...await filesBelow("tests", [".ts"])];
  deepEqual(importCircles(new Map(files.map((file) => [file, read(file)]))), []);
});
