/** What frameworks report, as the real ones have written it, and what is no report. */
import assert from "node:assert/strict";
import { deno } from "./deno.ts";
import { GoEvents } from "./go.ts";
import { parseJest } from "./jest.ts";
import { parseLines } from "./lines.ts";
import { parseMocha } from "./mocha.ts";
import { node } from "./node.ts";
import { withPackages } from "./npm_tool.ts";
import { pytest } from "./pytest.ts";
import { placeInStack, resultsOf, withinSession } from "./results.ts";
import type { Results } from "./types.ts";

const junit = (cases: string) =>
  `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest">${cases}</testsuite></testsuites>`;

const brief = (results: Results | undefined) =>
  results?.failures.map(({ name, file, line }) => [name, file, line]);

Deno.test("pytest: names, places and messages", () => {
  const results = pytest.parse!(junit(`
<testcase classname="t.test_a" name="test_ok" file="t/test_a.py" line="1" time="0.1" />
<testcase classname="t.test_a" name="test_bad" file="t/test_a.py" line="2" time="0.1"><failure message="assert 1 == 2">def test_bad():
&gt;       assert 1 == 2
E       assert 1 == 2

t/test_a.py:5: AssertionError</failure></testcase>
<testcase classname="t.test_a.TestC" name="test_p[2]" file="t/test_a.py" line="8"><failure message="x">in a helper

t/test_a.py:9:
_ _ _
lib/helper.py:4: ValueError</failure></testcase>
<testcase classname="t.test_a" name="test_s" file="t/test_a.py" line="11"><skipped type="pytest.skip" message="no">t</skipped></testcase>
<testcase classname="t.test_a" name="test_e" file="t/test_a.py" line="14"><error message="failed on setup">no place</error></testcase>
<testcase classname="" name="t.test_syn" ><error message="collection failure">E     File "/workspace/t/test_syn.py", line 3
E       def f(:
E   SyntaxError: invalid syntax</error></testcase>`));
  assert.deepEqual(results?.counts, { passed: 1, failed: 2, skipped: 1, errors: 2 });
  assert.deepEqual(brief(results), [
    ["t/test_a.py::test_bad", "t/test_a.py", 5],
    ["t/test_a.py::TestC::test_p[2]", "lib/helper.py", 4],
    ["t/test_a.py::test_e", "t/test_a.py", 15],
    ["t.test_syn", "/workspace/t/test_syn.py", 3],
  ]);
  assert.match(results!.failures[0]!.message, /^def test_bad/);
});

Deno.test("pytest: a place in a library is none of the test's", () => {
  const results = pytest.parse!(
    junit(`<testcase classname="t" name="test_x" file="t.py" line="1"><failure message="m">t.py:7: 
/usr/lib/python3/site-packages/lib.py:900: ValueError</failure></testcase>`),
  );
  assert.deepEqual(brief(results), [["t.py::test_x", "t.py", 7]]);
});

Deno.test("what is no report has no results", () => {
  for (const text of ["", "<html/>", "<testsuite>", "{}", "[]", "null", '{"testResults": 3}', "not at all"]) {
    assert.equal(pytest.parse!(text), undefined, text);
    assert.equal(parseJest(text), undefined, text);
    assert.equal(parseMocha(text), undefined, text);
  }
  assert.equal(parseLines(""), undefined);
  assert.equal(new GoEvents("m").results(), undefined);
});

Deno.test("Deno: nested suites, places by the stack", () => {
  const results = deno.parse!(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.007">
  <testsuite name="./a_test.ts" tests="3" disabled="0" errors="0" failures="1">
    <testcase name="ok" classname="./a_test.ts" time="0.001" line="1" col="6"></testcase>
    <testcase name="bad" classname="./a_test.ts" time="0.001" line="2" col="6">
      <failure message="Uncaught Error: no">Error: no
    at file:///workspace/a_test.ts:3:9</failure>
    </testcase>
    <testcase name="left" classname="./a_test.ts" time="0" line="5" col="6"><skipped /></testcase>
  </testsuite>
</testsuites>`);
  assert.deepEqual(results?.counts, { passed: 1, failed: 1, skipped: 1, errors: 0 });
  assert.deepEqual(brief(results), [["bad", "file:///workspace/a_test.ts", 3]]);
});

Deno.test("Jest and Vitest: tests and files that could not be read", () => {
  const results = parseJest(JSON.stringify({
    numTotalTests: 3,
    testResults: [{
      name: "/workspace/x.test.js",
      status: "failed",
      message: "",
      assertionResults: [
        { fullName: "group passes", status: "passed", failureMessages: [] },
        {
          fullName: "group fails",
          status: "failed",
          failureMessages: [
            "\u001b[31mError: no\u001b[39m\n    at Object.toBe (/workspace/x.test.js:5:15)\n" +
            "    at run (/workspace/node_modules/jest-circus/build/run.js:1:1)",
          ],
          location: { line: 4, column: 3 },
        },
        { fullName: "group later", status: "todo", failureMessages: [] },
        {
          fullName: "no stack",
          status: "failed",
          failureMessages: ["odd"],
          location: { line: 9, column: 1 },
        },
      ],
    }, {
      name: "/workspace/y.test.js",
      status: "failed",
      message: "Cannot find module",
      assertionResults: [],
    }],
  }));
  assert.deepEqual(results?.counts, { passed: 1, failed: 2, skipped: 1, errors: 1 });
  assert.deepEqual(brief(results), [
    ["group fails", "/workspace/x.test.js", 5],
    ["no stack", "/workspace/x.test.js", 9],
    ["/workspace/y.test.js", "/workspace/y.test.js", undefined],
  ]);
  assert.match(results!.failures[0]!.message, /^Error: no\n/);
});

Deno.test("Mocha: files are named from where it was started, hooks are errors", () => {
  const test = (fullTitle: string, err = {}) => ({ fullTitle, file: "/workspace/mo/test/x.js", err });
  const passes = [test("group passes")];
  const pending = [test("group later")];
  const failures = [
    test("group fails", {
      message: "1 == 2",
      stack: "AssertionError: 1 == 2\n    at Context.<anonymous> (test/x.js:5:12)",
    }),
    test('hooked "before all" hook for "never"', {
      message: "hook",
      stack: "Error: hook\n    at other.js:1:2",
    }),
  ];
  const results = parseMocha(
    JSON.stringify({ tests: [...passes, ...pending, ...failures], passes, pending, failures }),
  );
  assert.deepEqual(results?.counts, { passed: 1, failed: 1, skipped: 1, errors: 1 });
  assert.deepEqual(brief(results), [
    ["group fails", "/workspace/mo/test/x.js", 5],
    ['hooked "before all" hook for "never"', "/workspace/mo/test/x.js", undefined],
  ]);
});

Deno.test("our own reporters: one line a test, others are left out", () => {
  const results = parseLines(
    '{}\n{"name":"a","status":"passed"}\nnoise\n{"name":"b","status":"odd"}\n' +
      '{"name":"c","status":"failed","file":null,"line":null,"message":"m"}\n{"name":"d","status":"skip',
  );
  assert.deepEqual(results, {
    counts: { passed: 1, failed: 1, skipped: 0, errors: 0 },
    failures: [{ name: "c", message: "m" }],
  });
  assert.deepEqual(parseLines("{}\n")?.counts, { passed: 0, failed: 0, skipped: 0, errors: 0 });
});

Deno.test("Node: the place is where it was thrown", () => {
  const line = (fields: object) =>
    JSON.stringify({ status: "failed", file: "/workspace/a.js", line: 2, ...fields });
  const results = node.parse!([
    line({
      name: "thrown",
      message: "Error: x\n    at TestContext.<anonymous> (file:///workspace/b.mjs:8:3)",
    }),
    line({ name: "plain", message: "5" }),
    line({ name: "/workspace/c.mjs", status: "error", message: "file:///workspace/c.mjs:4\nsyntax\n^" }),
  ].join("\n"));
  assert.deepEqual(brief(results), [
    ["thrown", "file:///workspace/b.mjs", 8],
    ["plain", "/workspace/a.js", 2],
    ["/workspace/c.mjs", "/workspace/a.js", 4],
  ]);
});

function goEvents(
  lines: readonly (object | string)[],
  pieces = 1,
): { text: string; results: Results | undefined } {
  const events = new GoEvents("example.com/m");
  const all = new TextEncoder().encode(
    lines.map((line) => typeof line === "string" ? line : JSON.stringify(line)).join("\n") + "\n",
  );
  const decoder = new TextDecoder();
  let text = "";
  for (let at = 0; at < all.length; at += pieces) {
    text += decoder.decode(events.read(all.subarray(at, at + pieces)), { stream: true });
  }
  return { text, results: events.results() };
}

const GO = [
  { Action: "start", Package: "example.com/m" },
  { Action: "run", Package: "example.com/m", Test: "TestBad" },
  { Action: "output", Package: "example.com/m", Test: "TestBad", Output: "=== RUN   TestBad\n" },
  { Action: "output", Package: "example.com/m", Test: "TestBad", Output: "    a_test.go:4: nö\n" },
  { Action: "fail", Package: "example.com/m", Test: "TestBad" },
  { Action: "run", Package: "example.com/m", Test: "TestSub" },
  { Action: "pass", Package: "example.com/m", Test: "TestSub/a" },
  { Action: "skip", Package: "example.com/m", Test: "TestSub/b" },
  { Action: "pass", Package: "example.com/m", Test: "TestSub" },
  { Action: "fail", Package: "example.com/m" },
  { Action: "run", Package: "example.com/m/sub", Test: "TestPanic" },
  { Action: "output", Package: "example.com/m/sub", Test: "TestPanic", Output: "panic: boom\n" },
  {
    Action: "output",
    Package: "example.com/m/sub",
    Test: "TestPanic",
    Output: "\t/workspace/g/sub/b_test.go:3 +0x25\n",
  },
  { Action: "fail", Package: "example.com/m/sub" },
  {
    ImportPath: "example.com/m/bad [example.com/m/bad.test]",
    Action: "build-output",
    Output: "bad/c_test.go:2:15: undefined\n",
  },
  { ImportPath: "example.com/m/bad [example.com/m/bad.test]", Action: "build-fail" },
  { Action: "output", Package: "example.com/m/bad", Output: "FAIL\texample.com/m/bad [build failed]\n" },
  { Action: "fail", Package: "example.com/m/bad" },
  "go: a word of its own",
];

Deno.test("Go: what was printed, and what became of each test, however the events are cut", () => {
  for (const pieces of [1, 7, 4_096]) {
    const { text, results } = goEvents(GO, pieces);
    assert.equal(
      text,
      "=== RUN   TestBad\n    a_test.go:4: nö\npanic: boom\n\t/workspace/g/sub/b_test.go:3 +0x25\n" +
        "bad/c_test.go:2:15: undefined\nFAIL\texample.com/m/bad [build failed]\ngo: a word of its own\n",
    );
    assert.deepEqual(results?.counts, { passed: 1, failed: 1, skipped: 1, errors: 2 });
    assert.deepEqual(brief(results), [
      ["example.com/m.TestBad", "a_test.go", 4],
      ["example.com/m/sub.TestPanic", "/workspace/g/sub/b_test.go", 3],
      ["example.com/m/bad", "bad/c_test.go", 2],
    ]);
  }
});

Deno.test("Go: a line without an end does not fill the memory", () => {
  const events = new GoEvents("m");
  const piece = new TextEncoder().encode("x".repeat(300_000));
  let printed = 0;
  for (let count = 0; count < 10; count++) printed += events.read(piece).length;
  assert.ok(printed >= 2_000_000, `${printed}`);
});

Deno.test("Go: what is no event is passed on, however much there is of it", () => {
  const lines = Array.from({ length: 200_000 }, (_, n) => n === 0 ? GO[1]! : "{");
  const { text, results } = goEvents([...lines, "last"], 65_536);
  assert.equal(text.length, 2 * 199_999 + 5);
  assert.equal(results?.counts.skipped, 1);
});

Deno.test("Go: names without measure keep nobody busy", () => {
  // One of a quarter of a million parts, each of which would be a name of its own.
  const deep = { Action: "pass", Package: "m", Test: "a/".repeat(250_000) };
  assert.deepEqual(goEvents([deep], 65_536).results?.counts, { passed: 1, failed: 0, skipped: 0, errors: 0 });
  const packages = Array.from({ length: 6_000 }, (_, n) => [
    { Action: "build-output", ImportPath: `m/${n}`, Output: "no\n" },
    { Action: "fail", Package: `m/${n}` },
  ]).flat();
  assert.equal(goEvents(packages, 65_536).results?.counts.errors, 5_000);
  const endless = Array.from({ length: 40 }, () => ({
    Action: "build-output",
    ImportPath: "m",
    Output: "x".repeat(10_000),
  }));
  const { results } = goEvents([...endless, { Action: "fail", Package: "m" }], 65_536);
  assert.ok(results!.failures[0]!.message.length < 4_100);
});

Deno.test("Go: output that is made to be searched long is searched once", () => {
  const failed = (Output: string) =>
    Array.from({ length: 200 }, (_, n) => [
      { Action: "output", Package: "m", Test: `T${n}`, Output },
      { Action: "fail", Package: "m", Test: `T${n}` },
    ]).flat();
  for (const output of ["\n".repeat(16_000), `\t${"/workspace/".repeat(1_400)}`]) {
    assert.equal(goEvents(failed(output), 65_536).results?.counts.failed, 200);
  }
});

Deno.test("Go: what has parts is told by these, whatever is between them in the order of names", () => {
  const names = ["A", "A b", "A#01", "A/b", "A/b/c", "A-b", "B", "B0", "C/d"];
  const { results } = goEvents(names.map((Test) => ({ Action: "fail", Package: "m", Test })));
  assert.deepEqual(
    results?.failures.map(({ name }) => name),
    ["m.A b", "m.A#01", "m.A/b/c", "m.A-b", "m.B", "m.B0", "m.C/d"],
  );
});

Deno.test("Go: of a stack the first place that is not Go's own", () => {
  const { results } = goEvents([
    {
      Action: "output",
      Package: "m",
      Test: "T",
      Output: "panic: x\n\t/usr/local/go/src/a.go:1 +0x1\n\t/workspace/b.go:2 +0x2\n",
    },
    { Action: "fail", Package: "m", Test: "T" },
  ]);
  assert.deepEqual(brief(results), [["m.T", "/workspace/b.go", 2]]);
});

Deno.test("a report that is mostly noise is none", () => {
  assert.equal(parseLines("{}\n" + "{\n".repeat(2_000_000)), undefined);
});

Deno.test("many failures and long messages are cut to a measure", () => {
  const cases = Array.from({ length: 500 }, (_, number) => ({
    name: `n${number} ${"n".repeat(1_000)}`,
    status: "failed" as const,
    message: `begin${"m".repeat(10_000)}end`,
    line: number === 1 ? -1 : number,
  }));
  const { counts, failures } = resultsOf(cases);
  assert.equal(counts.failed, 500);
  assert.equal(failures.length, 100);
  assert.ok(failures[0]!.name.length <= 500 && failures[0]!.message.length < 4_100);
  assert.match(failures[0]!.message, /^begin[^]*\n\[…\]\n[^]*end$/);
  assert.deepEqual(failures.slice(0, 3).map(({ line }) => line), [undefined, undefined, 2]);
  assert.equal(resultsOf([{ name: "x", status: "error" }]).failures[0]!.message, "it says no more");
});

Deno.test("paths are those of the session", () => {
  assert.equal(withinSession("/workspace/a/b.py", "a"), "a/b.py");
  assert.equal(withinSession("file:///workspace/a.js", "."), "a.js");
  assert.equal(withinSession("/var/lib/x/sess-a/workspace/a.py", "."), "a.py");
  assert.equal(withinSession("/workspace/workspace/a.py", "."), "workspace/a.py");
  assert.equal(withinSession("./a_test.ts", "sub"), "sub/a_test.ts");
  assert.equal(withinSession("../lib/a.ts", "sub/x"), "sub/lib/a.ts");
  assert.equal(withinSession("a.go", "."), "a.go");
  assert.equal(withinSession("/usr/lib/x.py", "."), "/usr/lib/x.py");
});

Deno.test("the place in a stack is the first that is in nobody's library", () => {
  assert.deepEqual(
    placeInStack(
      "Error\n    at a (/w/node_modules/x/y.js:1:2)\n    at b (node:internal:3:4)\n    at /w/z.js:5:6",
    ),
    { file: "/w/z.js", line: 5 },
  );
  assert.equal(placeInStack("Error: at nothing"), undefined);
});

Deno.test("tools are looked for upwards to the session's directory, no further", () => {
  assert.equal(withPackages(".", "x"), 'PATH="$PWD/node_modules/.bin:$PATH"; x');
  assert.match(
    withPackages("a/b", "x"),
    /^PATH="\$PWD\/node_modules\/.bin:\$PWD\/..\/node_modules\/.bin:\$PWD\/..\/..\/node_modules\/.bin:\$PATH"; x$/,
  );
});
