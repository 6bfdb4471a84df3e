import assert from "node:assert/strict";
import { detectFramework, markedRoot } from "./detect.ts";
import type { SessionFiles } from "./files.ts";

/** A session with these files. */
function filesWith(files: Readonly<Record<string, string>>): SessionFiles & { lists: number } {
  const at = (path: string) => path.replace(/^(\.\/)+/, "").replace(/^\.$/, "");
  return {
    lists: 0,
    isFile: (path) => Promise.resolve(Object.hasOwn(files, at(path))),
    list(path) {
      this.lists++;
      const prefix = at(path) === "" ? "" : `${at(path)}/`;
      const names = new Map<string, boolean>();
      for (const file of Object.keys(files)) {
        if (!file.startsWith(prefix)) continue;
        const [name = "", ...rest] = file.slice(prefix.length).split("/");
        names.set(name, rest.length > 0);
      }
      return Promise.resolve([...names].sort().map(([name, isDirectory]) => ({ name, isDirectory })));
    },
    text: (path) => Promise.resolve(files[at(path)]),
  };
}

const detect = (files: Record<string, string>, path = ".") =>
  detectFramework(filesWith(files), path, Object.hasOwn(files, path));

const packageJson = (fields: object) => ({ "package.json": JSON.stringify(fields) });

const CASES: readonly [string, Record<string, string>, string | undefined, string?][] = [
  ["nothing", {}, undefined],
  ["no tests", { "a.py": "", "b.js": "", "c.go": "" }, undefined],
  ["Python's tests", { "tests/unit/test_a.py": "" }, "pytest"],
  ["Python's tests, the other way round", { "a_test.py": "" }, "pytest"],
  ["pytest's configuration", { "pytest.ini": "", "x.js": "" }, "pytest"],
  ["a conftest above", { "conftest.py": "", "sub/x.py": "" }, "pytest", "sub"],
  ["Go's module", { "go.mod": "module m" }, "go"],
  ["Go's tests", { "x/a_test.go": "" }, "go"],
  ["Deno's configuration", { "deno.json": "{}", "package.json": "{}" }, "deno"],
  ["Node's tests", { "a.test.mjs": "" }, "node"],
  ["Node's tests in a directory", { "src/test.js": "" }, "node"],
  ["a package that says nothing, with tests", { ...packageJson({}), "test/a.spec.ts": "" }, "node"],
  ["a package with Jest", packageJson({ devDependencies: { jest: "30" } }), "jest"],
  ["a package with Vitest and Jest", packageJson({ devDependencies: { jest: "1", vitest: "1" } }), "vitest"],
  [
    "a package whose script says it",
    packageJson({ scripts: { test: "mocha -R dot" }, devDependencies: { jest: "1" } }),
    "mocha",
  ],
  [
    "a package with Node's own",
    packageJson({ scripts: { test: "node --test" }, dependencies: { jest: "1" } }),
    "node",
  ],
  ["a package for Deno", packageJson({ scripts: { test: "deno test -A" } }), "deno"],
  ["a package that is none", { "package.json": "not JSON", "test_a.py": "" }, "pytest"],
  [
    "a package of other shapes",
    { "package.json": '{"scripts": [1], "dependencies": null}', "a_test.go": "" },
    "go",
  ],
  [
    "a package with odd names",
    packageJson({ dependencies: { __proto__: "1", constructor: "2" } }),
    undefined,
  ],
  [
    "the nearest of two",
    { ...packageJson({ dependencies: { jest: "1" } }), "api/go.mod": "module m" },
    "go",
    "api",
  ],
  [
    "what is above, where the nearest says nothing",
    {
      ...packageJson({ dependencies: { jest: "1" } }),
      "web/x.js": "",
    },
    "jest",
    "web",
  ],
  ["not what libraries have", { "node_modules/a/a.test.js": "", ".venv/test_x.py": "" }, undefined],
  ["the first that is found, the nearest first", { "b/a.test.js": "", "a/c/test_x.py": "" }, "node"],
  ["a Python file", { "t/anything.py": "" }, "pytest", "t/anything.py"],
  ["a Go file", { "t/a_test.go": "" }, "go", "t/a_test.go"],
  ["a script alone", { "t/a.js": "" }, "node", "t/a.js"],
  [
    "a script of a package with Jest",
    { ...packageJson({ dependencies: { jest: "1" } }), "t/a.js": "" },
    "jest",
    "t/a.js",
  ],
  ["a script beside Deno's configuration", { "deno.jsonc": "", "t/a.ts": "" }, "deno", "t/a.ts"],
];
for (const [what, files, wanted, path = "."] of CASES) {
  Deno.test(`found: ${what}`, async () => {
    assert.equal(await detectFramework(filesWith(files), path, Object.hasOwn(files, path)), wanted);
  });
}

Deno.test("looking for tests has an end", async () => {
  const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`d${n}/x/y.txt`, ""]));
  const files = filesWith(many);
  assert.equal(await detectFramework(files, ".", false), undefined);
  assert.ok(files.lists <= 310, `${files.lists}`);
  assert.equal(await detect({ "a/b/c/d/e/f/g/h/i/j/test_x.py": "" }), undefined);
});

Deno.test("a framework is started where its marks are, the nearest", async () => {
  const files = filesWith({ "go.mod": "module top", "a/go.mod": "module a", "a/b/x_test.go": "" });
  assert.deepEqual(await markedRoot(files, "a/b", false, ["go.mod"]), { root: "a", marker: "module a" });
  assert.deepEqual(await markedRoot(files, "a/b/x_test.go", true, ["go.mod"]), {
    root: "a",
    marker: "module a",
  });
  assert.deepEqual(await markedRoot(files, ".", false, ["go.mod"]), { root: ".", marker: "module top" });
  assert.deepEqual(await markedRoot(files, "a", false, ["package.json"]), { root: ".", marker: undefined });
  assert.deepEqual(await markedRoot(files, "a", false, []), { root: ".", marker: undefined });
});

Deno.test("a script that nobody would write is looked at no longer than one that somebody would", async () => {
  const files = { ...packageJson({ scripts: { test: "node ".repeat(400_000) } }), "a_test.py": "" };
  assert.equal(await detect(files), "pytest");
  assert.equal(await detect(packageJson({ scripts: { test: "node --test" } })), "node");
});
