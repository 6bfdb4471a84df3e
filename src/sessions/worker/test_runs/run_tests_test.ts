import assert from "node:assert/strict";
import { SessionError } from "../../types.ts";
import { type ExecutorRig, executorRig } from "../testing/executor_rig.ts";
import { FakeHost, type FakeProcess, type FakeSandbox } from "../testing/fake_sandbox.ts";

interface Told {
  readonly exitCode?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly report?: string;
}

/** A session with these files, whose frameworks say what `told` says, one after the other. */
async function withFiles(
  files: Readonly<Record<string, string>>,
  told: readonly Told[],
  work: (rig: ExecutorRig, started: FakeProcess[], sandbox: FakeSandbox) => Promise<void>,
): Promise<void> {
  const host = new FakeHost();
  await using rig = executorRig(host);
  await rig.open();
  const sandbox = host.get("sess-a");
  const names = Object.keys(files);
  sandbox.onFile = (op, input) => {
    const path = String(input["path"]).replace(/^\.\//, "").replace(/^\.$/, "");
    const isDirectory = path === "" || names.some((name) => name.startsWith(`${path}/`));
    if (!isDirectory && !names.includes(path)) throw new SessionError("not_found", `there is no ${path}`);
    if (op === "stat") return { type: isDirectory ? "directory" : "file" };
    if (op === "read") return { eof: true };
    const prefix = path === "" ? "" : `${path}/`;
    const below = new Set(
      names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length).split("/")[0]!),
    );
    return {
      entries: [...below].map((name) => ({
        path: prefix + name,
        type: names.includes(prefix + name) ? "file" : "directory",
      })),
    };
  };
  const started: FakeProcess[] = [];
  let report = "";
  sandbox.onSpawn = (process) => {
    if (process.spec.argv[2]?.includes("head -c")) {
      process.say("stdout", report);
      return process.exit({ exitCode: report === "" ? 1 : 0 });
    }
    const next = told[started.length];
    started.push(process);
    if (next === undefined) return;
    report = next.report ?? "";
    process.say("stdout", next.stdout ?? "");
    process.say("stderr", next.stderr ?? "");
    process.exit({ exitCode: next.exitCode ?? 0 });
  };
  await work(rig, started, sandbox);
}

const line = (fields: object) => `{}\n${JSON.stringify(fields)}\n`;
const NO_PYTEST: Told = { exitCode: 1, stderr: "/usr/bin/python3: No module named pytest\n" };

Deno.test("a framework is started where its project is, on what is below", () =>
  withFiles({ "web/package.json": "{}", "web/sub/a.test.js": "" }, [{
    exitCode: 1,
    report: line({ name: "bad", status: "failed", file: "sub/a.test.js", line: 3, message: "no" }),
  }], async (rig, _started, sandbox) => {
    const output = await rig.ok("test.run", {
      path: "web/sub/a.test.js",
      args: ["--test-only"],
      env: { X: "1" },
    }, { traceparent: "00-aa-bb-01" });
    const { argv, cwd, env } = sandbox.processes[0]!.spec;
    assert.equal(cwd, "web");
    assert.deepEqual(argv.slice(-2), ["--test-only", "./sub/a.test.js"]);
    assert.deepEqual([env["X"], env["TRACEPARENT"]], ["1", "00-aa-bb-01"]);
    assert.deepEqual(output["counts"], { passed: 0, failed: 1, skipped: 0, errors: 0 });
    assert.deepEqual(output["failures"], [{
      name: "bad",
      file: "web/sub/a.test.js",
      line: 3,
      message: "no",
    }]);
  }));

Deno.test("all of a project is run from where it is", () =>
  withFiles({ "api/go.mod": "", "api/a_test.go": "" }, [{}], async (rig, _started, sandbox) => {
    await rig.ok("test.run", { path: "api" });
    const { argv, cwd } = sandbox.processes[0]!.spec;
    assert.deepEqual([cwd, argv.at(-1)], ["api", "./..."]);
  }));

Deno.test("unittest takes the place of a pytest that is not there, where it finds tests", () =>
  withFiles(
    { "test_a.py": "" },
    [NO_PYTEST, { report: line({ name: "T.test", status: "passed" }) }],
    async (rig, started) => {
      const output = await rig.ok("test.run");
      assert.deepEqual([output["framework"], output["process"]], ["unittest", "proc-2"]);
      assert.match(started[0]!.spec.argv[2]!, /pytest/);
    },
  ));

Deno.test("modules that cannot be loaded without pytest are no tests of unittest", () =>
  withFiles({ "test_a.py": "" }, [NO_PYTEST, {
    exitCode: 1,
    report: line({ name: "unittest.loader._FailedTest.test_a", status: "error", message: "no pytest" }),
  }], async (rig) => {
    assert.equal(
      await rig.fails("failed", "test.run"),
      'pytest could not be started: install it with pkg.install, packages ["pytest"]',
    );
  }));

Deno.test("where a framework is named, no other takes its place", () =>
  withFiles({ "test_a.py": "" }, [NO_PYTEST], async (rig, started) => {
    await rig.fails("failed", "test.run", { framework: "pytest" });
    assert.equal(started.length, 1);
  }));

Deno.test("a framework that fails without a report says what it said", () =>
  withFiles({ "test_a.py": "" }, [{ exitCode: 4, stderr: "ERROR: usage: pytest [options]" }], async (rig) => {
    const output = await rig.ok("test.run");
    assert.deepEqual([output["exitCode"], output["counts"], output["failures"]], [4, undefined, []]);
    assert.match(String(output["stderr"]), /usage: pytest/);
  }));

Deno.test("each framework says when it is not there", () =>
  withFiles({}, Array.from({ length: 8 }, () => ({ exitCode: 127 })), async (rig) => {
    for (const framework of ["pytest", "unittest", "node", "jest", "vitest", "mocha", "go", "deno"]) {
      const message = await rig.fails("failed", "test.run", { framework });
      assert.match(
        message,
        new RegExp(`^${framework} could not be started: (this worker has no|install it with)`),
      );
    }
  }));

Deno.test("an old Node that runs no tests says so", () =>
  withFiles(
    { "a.test.js": "" },
    [{ exitCode: 9, stderr: "node: bad option: --test-reporter=spec" }],
    async (rig) => {
      assert.match(await rig.fails("failed", "test.run"), /older than 18\.15/);
    },
  ));

Deno.test("Go's events are read from its output, which is shown as people know it", () =>
  withFiles({ "go.mod": "" }, [{
    exitCode: 1,
    stdout: [
      { Action: "output", Package: "m", Test: "TestA", Output: "    a_test.go:2: no\n" },
      { Action: "fail", Package: "m", Test: "TestA" },
    ].map((event) => JSON.stringify(event)).join("\n") + "\n",
  }], async (rig) => {
    const output = await rig.ok("test.run");
    assert.equal(output["stdout"], "    a_test.go:2: no\n");
    assert.deepEqual(output["failures"], [{
      name: "m.TestA",
      file: "a_test.go",
      line: 2,
      message: "a_test.go:2: no",
    }]);
  }));

Deno.test("tests that go on are told as a process", () =>
  withFiles({ "test_a.py": "" }, [], async (rig, started) => {
    const output = await rig.ok("test.run", { waitMs: 5 });
    assert.deepEqual([output["state"], output["framework"], output["failures"]], ["running", "pytest", []]);
    started[0]!.exit();
  }));

Deno.test("what is asked wrongly, or is not there, is refused before anything runs", () =>
  withFiles({ "a.txt": "" }, [], async (rig, started) => {
    await rig.fails("not_found", "test.run");
    await rig.fails("not_found", "test.run", { path: "nowhere" });
    await rig.fails("forbidden", "test.run", { path: "/etc" });
    await rig.fails("invalid", "test.run", { framework: "rspec" });
    assert.equal(started.length, 0);
  }));
