import assert from "node:assert/strict";
import { endOf, readReport, sum, type TestReport } from "./test_report.ts";

/** What Deno 2.9 prints, colours included. */
const FAILED_OUTPUT = `running 3 tests from ./a_test.ts
a ...
  bad step ... \x1b[0m\x1b[31mFAILED\x1b[0m (0ms)
b ... ok (1ms)
Uncaught error from ./b_test.ts FAILED

\x1b[0m\x1b[1m\x1b[37m\x1b[41m ERRORS \x1b[0m

a ... bad step \x1b[0m\x1b[38;5;245m=> ./a_test.ts:1:64\x1b[0m
\x1b[0m\x1b[1m\x1b[31merror\x1b[0m: Error: step is bad

second line
    throw new Error("step is bad");
          ^
    at file:///x/a_test.ts:1:93
    at innerWrapped (ext:cli/40_test.js:300:11)
    at async waitFor (file:///x/wait.ts:3:1)
    at Object.outerWrapped [as fn] (ext:cli/40_test.js:239:28)
    at process.processTicksAndRejections (node:internal/process/task_queues:72:11)

./b_test.ts (uncaught error)
error: (in promise) Error: at load
This error was not caught from a test and caused the test runner to fail on the referenced module.

\x1b[0m\x1b[1m\x1b[37m\x1b[41m FAILURES \x1b[0m

a ... bad step \x1b[0m\x1b[38;5;245m=> ./a_test.ts:1:64\x1b[0m
./b_test.ts (uncaught error)

\x1b[0m\x1b[31mFAILED\x1b[0m | 1 passed (2 steps) | 3 failed (1 step) | 1 ignored | 4 filtered out \x1b[0m\x1b[38;5;245m(230ms)\x1b[0m

error: Test failed
`;

const NOTHING: TestReport = {
  passed: 0,
  passedSteps: 0,
  failed: 0,
  failedSteps: 0,
  ignored: 0,
  filteredOut: 0,
  failures: [],
};

Deno.test("figures and failures are read from the end of what deno test prints", () => {
  const report = readReport("tests/x", 1, FAILED_OUTPUT);
  assert.deepEqual({ ...report, failures: report.failures.map(({ name }) => name) }, {
    passed: 1,
    passedSteps: 2,
    failed: 3,
    failedSteps: 1,
    ignored: 1,
    filteredOut: 4,
    failures: ["a ... bad step => ./a_test.ts:1:64", "./b_test.ts (uncaught error)"],
  });
  assert.match(
    report.failures[0]?.details ?? "",
    /^error: Error: step is bad\n\nsecond line\n[^]*node:internal\/\S+$/,
  );
  assert.match(report.failures[1]?.details ?? "", /^error: \(in promise\) Error: at load\nThis error[^\n]*$/);
});

Deno.test("a run in which all is well has figures alone; those of a test about such output do not count", () => {
  const output = `x ...\n${FAILED_OUTPUT}x ... ok (3ms)\n\nok | 12 passed | 0 failed (1m3s)\n\n`;
  assert.deepEqual(readReport("tests/x", 0, "\nok | 12 passed (1 step) | 0 failed (4ms)\n"), {
    ...NOTHING,
    passed: 12,
    passedSteps: 1,
  });
  assert.deepEqual(readReport("tests/x", 0, output), { ...NOTHING, passed: 12 });
});

Deno.test("a process that ends without a summary is one failure with its last words", () => {
  const noise = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n\n");
  const report = readReport("tests/mcp 2/6", 137, `${noise}\nthread 'main' panicked\n`);
  assert.equal(report.failed, 1);
  assert.equal(report.failures[0]?.name, "tests/mcp 2/6 (as a whole)");
  const [first, ...last] = report.failures[0].details.split("\n");
  assert.equal(first, "deno test ended with exit code 137 and no summary");
  assert.equal(last.length, 20);
  assert.equal(last.at(-1), "thread 'main' panicked");
  assert.equal(readReport("tests/x", 0, "").failed, 1);
});

Deno.test("an exit code that the summary does not explain is a failure besides what passed", () => {
  const report = readReport("tests/x", 139, "ok | 5 passed | 0 failed (4ms)\nSegmentation fault\n");
  assert.deepEqual({ ...report, failures: report.failures.map(({ details }) => details.split("\n")[0]) }, {
    ...NOTHING,
    passed: 5,
    failed: 1,
    failures: ["deno test ended with exit code 139"],
  });
});

Deno.test("the end tells all details without foreign frames, then names with their reasons, then figures", () => {
  const whole = sum([
    readReport("tests/x", 1, FAILED_OUTPUT),
    readReport("tests/y", 0, "ok | 2 passed (5 steps) | 0 failed (4ms)"),
    readReport("tests/z", 9, "gone"),
  ]);
  assert.equal(
    endOf(whole, 1_503_400),
    ` ERRORS 

a ... bad step => ./a_test.ts:1:64
error: Error: step is bad

second line
    throw new Error("step is bad");
          ^
    at file:///x/a_test.ts:1:93
    at async waitFor (file:///x/wait.ts:3:1)

./b_test.ts (uncaught error)
error: (in promise) Error: at load
This error was not caught from a test and caused the test runner to fail on the referenced module.

tests/z (as a whole)
deno test ended with exit code 9 and no summary
gone

 FAILURES 

a ... bad step => ./a_test.ts:1:64
    error: Error: step is bad
    second line
./b_test.ts (uncaught error)
    error: (in promise) Error: at load
    This error was not caught from a test and caused the test runner to fail on the referenced module.
tests/z (as a whole)
    deno test ended with exit code 9 and no summary
    gone

FAILED | 3 passed (7 steps) | 4 failed (1 step) | 1 ignored | 4 filtered out (25m3s)`,
  );
});

Deno.test("the last line is the one that continuous integration looks for, and deno's own reader understands it", () => {
  const line = endOf({ ...NOTHING, passed: 7338, passedSteps: 1 }, 41_000);
  assert.equal(line, "ok | 7338 passed (1 step) | 0 failed (41s)");
  assert.match(line, /^(ok|FAILED) \| [0-9]+ passed/);
  assert.equal(readReport("x", 0, line).passed, 7338);
});

Deno.test("the more has failed the less is told of each beside its name, and never what says nothing", () => {
  const details = [
    "error: AssertionError: Expected values to be strictly deep-equal:",
    "+ actual - expected",
    "... Skipped lines",
    "",
    ...Array.from({ length: 9 }, (_, index) => `+ ${index}`),
    "  assert.deepEqual(a, b);",
    "         ^",
    "    at x (file:///x.ts:1:1)",
  ].join("\n");
  const linesFor = (count: number) => {
    const failures = Array.from({ length: count }, () => ({ name: "n", details }));
    const [, names = ""] = endOf({ ...NOTHING, failed: count, failures }, 0).split(" FAILURES \n");
    return names.split("\n").filter((line) => line.startsWith("    "));
  };
  const [first, ...rest] = linesFor(1);
  assert.match(first ?? "", /deep-equal:$/);
  assert.deepEqual(rest, [0, 1, 2, 3, 4, 5, 6].map((index) => `    + ${index}`));
  assert.equal(linesFor(10).length, 20);
  assert.equal(linesFor(50).length, 50);
});

Deno.test("a long reason is cut beside its name, not in the details", () => {
  const details = `error: ${"x".repeat(500)}`;
  const text = endOf({ ...NOTHING, failed: 1, failures: [{ name: "n", details }] }, 0);
  assert.ok(text.includes(`${details}\n`));
  assert.ok(text.includes(`n\n    error: ${"x".repeat(193)}…\n`), text);
});
