/** `test.run` with the frameworks that this machine has: pytest, unittest, Node, Go; and Deno's, which it runs itself. */
import assert from "node:assert/strict";
import { KINDS, openTestHost, until } from "../../src/sessions/sandbox/testing.ts";
import { FRAMEWORKS } from "../../src/sessions/worker/test_runs/run_tests.ts";
import { type ExecutorRig, executorRig } from "../../src/sessions/worker/testing/executor_rig.ts";

const waitMs = 290_000;

async function withWorker(
  work: (rig: ExecutorRig) => Promise<void>,
  kind: keyof typeof KINDS = "user namespaces after the mounts",
): Promise<void> {
  await using test = await openTestHost({ ...KINDS[kind].options, readOnlyPaths: ["/usr/local/go"] });
  await using rig = executorRig(test.host, { directory: test.directory });
  await rig.open();
  await work(rig);
}

/** Of an answer: the framework, the counts, and the failures without their messages. */
function brief(output: Record<string, unknown>): unknown[] {
  const failures = (output["failures"] as { name: string; file?: string; line?: number }[])
    .map(({ name, file, line }) => `${name} ${file ?? "?"}:${line ?? "?"}`).sort();
  const { passed, failed, skipped, errors } = output["counts"] as Record<string, number>;
  return [output["framework"], { passed, failed, skipped, errors }, failures];
}

const PYTEST = `import pytest
def test_ok(): pass
def test_bad():
    x = 1
    assert x == 2, "nope"
class TestGroup:
    @pytest.mark.parametrize("n", [1, 2])
    def test_each(self, n):
        assert n == 1
@pytest.mark.skip
def test_left(): pass
@pytest.fixture
def broken():
    raise RuntimeError("in the fixture")
def test_with(broken): pass
`;

Deno.test("pytest, found by its files", () =>
  withWorker(async (rig) => {
    await rig.write("py/test_a.py", PYTEST);
    const output = await rig.ok("test.run", { path: "py", waitMs });
    assert.deepEqual(brief(output), ["pytest", { passed: 2, failed: 2, skipped: 1, errors: 1 }, [
      "py/test_a.py::TestGroup::test_each[2] py/test_a.py:9",
      "py/test_a.py::test_bad py/test_a.py:5",
      "py/test_a.py::test_with py/test_a.py:14",
    ]]);
    assert.equal(output["exitCode"], 1);
    assert.match(String(output["stdout"]), /2 failed, 2 passed/);
    const [first] = output["failures"] as { message: string }[];
    assert.match(first!.message, /nope/);
    const one = await rig.ok("test.run", { path: "py/test_a.py", args: ["-k", "test_ok"], waitMs });
    assert.deepEqual(brief(one), ["pytest", { passed: 1, failed: 0, skipped: 0, errors: 0 }, []]);
    assert.equal(
      (await rig.ok("run.command", { command: 'ls "$TMPDIR" | grep report', waitMs }))["stdout"],
      "",
    );
  }));

Deno.test("without namespaces: unittest and Node, with the same places", () =>
  withWorker(async (rig) => {
    await rig.write(
      "u/test_u.py",
      "import unittest\nclass T(unittest.TestCase):\n    def test_bad(self):\n        self.fail()\n",
    );
    const counts = { passed: 0, failed: 1, skipped: 0, errors: 0 };
    assert.deepEqual(brief(await rig.ok("test.run", { framework: "unittest", path: "u", waitMs })), [
      "unittest",
      counts,
      ["test_u.T.test_bad u/test_u.py:4"],
    ]);
    await rig.write("js/a.test.js", 'require("node:test")("bad", () => {\n  throw new Error("x");\n});\n');
    assert.deepEqual(brief(await rig.ok("test.run", { path: "js", waitMs })), ["node", counts, [
      "bad js/a.test.js:2",
    ]]);
    assert.equal(
      (await rig.ok("run.command", { command: 'ls "$TMPDIR" | grep report', waitMs }))["stdout"],
      "",
    );
  }, "no namespaces"));

Deno.test("pytest: what cannot be read is an error, with its place", () =>
  withWorker(async (rig) => {
    await rig.write("test_import.py", "\nimport no_such_module\n");
    await rig.write("test_syntax.py", "\n\ndef f(:\n");
    assert.deepEqual(brief(await rig.ok("test.run", { waitMs })), [
      "pytest",
      { passed: 0, failed: 0, skipped: 0, errors: 2 },
      ["test_import.py test_import.py:2", "test_syntax.py test_syntax.py:3"],
    ]);
  }));

Deno.test("unittest: parts of tests, modules that cannot be loaded, files and directories", () =>
  withWorker(async (rig) => {
    await rig.write(
      "u/test_u.py",
      `import unittest
class T(unittest.TestCase):
    def test_ok(self): pass
    def test_bad(self):
        self.assertEqual(1, 2)
    def test_parts(self):
        for n in range(2):
            with self.subTest(n=n):
                self.assertEqual(n, 1)
    @unittest.skip("no")
    def test_left(self): pass
    @unittest.expectedFailure
    def test_known(self): self.fail()
    @unittest.expectedFailure
    def test_mended(self): pass
    def test_error(self):
        {}["a"]
`,
    );
    await rig.write("u/test_import.py", "import no_such_module\n");
    const failures = [
      "test_u.T.test_bad u/test_u.py:5",
      "test_u.T.test_error u/test_u.py:17",
      "test_u.T.test_mended ?:?",
      "test_u.T.test_parts (n=0) u/test_u.py:9",
    ];
    const all = await rig.ok("test.run", { framework: "unittest", path: "u", waitMs });
    assert.deepEqual(brief(all), ["unittest", { passed: 2, failed: 3, skipped: 1, errors: 2 }, [
      ...failures,
      "unittest.loader._FailedTest.test_import u/test_import.py:1",
    ]]);
    const one = await rig.ok("test.run", { framework: "unittest", path: "u/test_u.py", waitMs });
    assert.deepEqual(brief(one), ["unittest", { passed: 2, failed: 3, skipped: 1, errors: 1 }, failures]);
    const named = await rig.ok("test.run", {
      framework: "unittest",
      path: "u",
      args: ["-k", "test_ok"],
      waitMs,
    });
    assert.equal((named["counts"] as { passed: number }).passed, 1);
  }));

Deno.test("Python without pytest: unittest takes its place where it finds tests, and else it is said", () =>
  withWorker(async (rig) => {
    // A module of this name that is none: as if it were not installed.
    const env = { PYTHONPATH: "/workspace/hidden" };
    await rig.write(
      "hidden/pytest.py",
      "import sys\nsys.exit('/usr/bin/python3: No module named pytest')\n",
    );
    await rig.write(
      "t/test_a.py",
      "import unittest\nclass T(unittest.TestCase):\n    def test_x(self): pass\n",
    );
    const output = await rig.ok("test.run", { path: "t", env, waitMs });
    assert.deepEqual(brief(output), ["unittest", { passed: 1, failed: 0, skipped: 0, errors: 0 }, []]);
    await rig.write("p/test_b.py", "import pytest_of_nobody\ndef test_x(): pass\n");
    assert.match(await rig.fails("failed", "test.run", { path: "p", env, waitMs }), /packages \["pytest"\]/);
    assert.match(
      await rig.fails("failed", "test.run", { path: "t", framework: "pytest", env, waitMs }),
      /pkg\.install/,
    );
  }));

Deno.test("Node: suites, parts, files that cannot be read", () =>
  withWorker(async (rig) => {
    await rig.write(
      "js/a.test.js",
      `const test = require("node:test");
const assert = require("node:assert");
test("ok", () => {});
test("bad", () => {
  assert.equal(1, 2);
});
test.skip("left", () => {});
test.describe("suite", () => {
  test("in", () => {});
  test("bad in", async () => {
    throw new Error("x");
  });
});
test("parts", async (t) => { await t.test("one", () => { throw 5; }); });
`,
    );
    await rig.write("js/b.test.mjs", "\nsyntax error here(\n");
    assert.deepEqual(brief(await rig.ok("test.run", { path: "js/a.test.js", waitMs })), [
      "node",
      { passed: 2, failed: 3, skipped: 1, errors: 0 },
      ["bad js/a.test.js:5", "parts > one js/a.test.js:14", "suite > bad in js/a.test.js:11"],
    ]);
    await rig.write("js/package.json", "{}");
    const all = await rig.ok("test.run", { path: "js", waitMs });
    assert.deepEqual(all["counts"], { passed: 2, failed: 3, skipped: 1, errors: 1 });
    const broken = (all["failures"] as { name: string; file: string; line: number; message: string }[]).at(
      -1,
    )!;
    assert.deepEqual([broken.file, broken.line], ["js/b.test.mjs", 2]);
    assert.match(broken.message, /SyntaxError/);
  }));

Deno.test("Go: tests, panics, and what does not compile", () =>
  withWorker(async (rig) => {
    await rig.write("g/go.mod", "module example.com/m\n\ngo 1.21\n");
    await rig.write(
      "g/a_test.go",
      `package m
import "testing"
func TestOk(t *testing.T) {}
func TestBad(t *testing.T) {
	t.Errorf("no %d", 1)
}
func TestParts(t *testing.T) {
	t.Run("a", func(t *testing.T) {})
	t.Run("b", func(t *testing.T) { t.Fatal("b") })
}
func TestLeft(t *testing.T) { t.Skip("s") }
`,
    );
    await rig.write(
      "g/sub/b_test.go",
      'package sub\nimport "testing"\nfunc TestP(t *testing.T) { panic("boom") }\n',
    );
    await rig.write("g/bad/c_test.go", "package bad\nfunc TestP(t *testing.T) {}\n");
    const output = await rig.ok("test.run", { path: "g", args: ["-vet=off"], waitMs });
    assert.deepEqual(brief(output), ["go", { passed: 2, failed: 3, skipped: 1, errors: 1 }, [
      "example.com/m.TestBad g/a_test.go:5",
      "example.com/m.TestParts/b g/a_test.go:9",
      "example.com/m/bad g/bad/c_test.go:2",
      "example.com/m/sub.TestP g/sub/b_test.go:3",
    ]]);
    assert.match(String(output["stdout"]), /^=== RUN {3}TestOk$/m);
    assert.doesNotMatch(String(output["stdout"]), /"Action"/);
  }));

Deno.test("what is not there is said: no tests, no framework, no path", () =>
  withWorker(async (rig) => {
    assert.match(
      await rig.fails("not_found", "test.run", { waitMs }),
      /no tests were found in \.: name the framework/,
    );
    await rig.fails("not_found", "test.run", { path: "nowhere", waitMs });
    await rig.fails("forbidden", "test.run", { path: "../..", waitMs });
    for (const framework of ["jest", "vitest", "mocha"]) {
      const message = await rig.fails("failed", "test.run", { framework, waitMs });
      assert.match(
        message,
        new RegExp(`^${framework} could not be started: install it with pkg.install, manager "npm"`),
      );
    }
    // It runs, and finds nothing.
    const none = await rig.ok("test.run", { framework: "pytest", waitMs });
    assert.deepEqual([none["exitCode"], none["counts"]], [5, {
      passed: 0,
      failed: 0,
      skipped: 0,
      errors: 0,
    }]);
  }));

Deno.test("tests that take longer go on, and their output is there", () =>
  withWorker(async (rig) => {
    await rig.write("test_slow.py", "import time\ndef test_slow():\n    time.sleep(1000)\n");
    const output = await rig.ok("test.run", { waitMs: 1 });
    assert.deepEqual([output["state"], output["counts"], output["failures"]], ["running", undefined, []]);
    await until("its output is there", async () => {
      const { stdout, state } = await rig.ok("process.output", { process: output["process"] });
      assert.equal(state, "running");
      return /test session starts/.test(String(stdout));
    });
    await rig.ok("process.signal", { process: output["process"], signal: "SIGKILL" });
  }));

Deno.test("reports of a session are foreign: what tests write there is no harm", () =>
  withWorker(async (rig) => {
    await rig.write(
      "test_hostile.py",
      `import os, sys
def test_x():
    report = [word for word in sys.argv if word.startswith("--junitxml=")][0].split("=")[1]
    open(report, "w").write('<!DOCTYPE a [<!ENTITY b "&c;&c;">]><testsuites>&b;</testsuites>')
    os._exit(0)
`,
    );
    const output = await rig.ok("test.run", { waitMs });
    assert.deepEqual([output["framework"], output["counts"], output["failures"]], ["pytest", undefined, []]);
  }));

Deno.test("Deno: the report that it writes is read", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${directory}/a_test.ts`,
      'Deno.test("ok", () => {});\nDeno.test("bad", () => {\n  throw new Error("no");\n});\nDeno.test.ignore("left", () => {});\n',
    );
    const { line, argv, env } = FRAMEWORKS.deno.command({ root: ".", path: ".", isFile: false }, []);
    const script = `REPORT="$PWD/report.xml"; ${line.replace("exec deno", 'exec "$0"')}`;
    await new Deno.Command("sh", {
      args: ["-c", script, Deno.execPath(), ...argv],
      cwd: directory,
      env: { ...env },
      stdout: "null",
      stderr: "null",
    }).output();
    const results = FRAMEWORKS.deno.parse!(await Deno.readTextFile(`${directory}/report.xml`));
    assert.deepEqual(results?.counts, { passed: 1, failed: 1, skipped: 1, errors: 0 });
    const [failure] = results!.failures;
    assert.deepEqual([failure?.name, failure?.line], ["bad", 3]);
    assert.match(failure!.file!, /a_test\.ts$/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
