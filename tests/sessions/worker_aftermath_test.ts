/** What nobody waited for is told when it has ended: results of tests, packages that were installed. */
import assert from "node:assert/strict";
import { openTestHost } from "../../src/sessions/sandbox/testing.ts";
import { type ExecutorRig, executorRig } from "../../src/sessions/worker/testing/executor_rig.ts";

async function ended(rig: ExecutorRig, process: unknown): Promise<Record<string, unknown>> {
  let seen = {};
  for (let look = 0; look < 1_000; look++) {
    const output = await rig.ok("process.output", { process, ...seen, waitMs: 60_000 });
    if (output["state"] === "exited") return output;
    // Until then there is nothing to tell but its output.
    assert.deepEqual([output["tests"], output["installed"]], [undefined, undefined]);
    seen = { stdout: output["nextStdout"], stderr: output["nextStderr"] };
  }
  throw new Error(`${process} did not end`);
}

Deno.test("tests and packages whose call has answered before their end", async (t) => {
  await using host = await openTestHost();
  await using rig = executorRig(host.host, { directory: host.directory });
  await rig.open();
  await rig.write(
    "test_a.py",
    "import unittest\nclass A(unittest.TestCase):\n  def test_no(self): self.fail('why')\n",
  );

  await t.step("the results of tests come with the output, again and again", async () => {
    const { process, state, failures } = await rig.ok("test.run", { framework: "unittest", waitMs: 0 });
    assert.deepEqual([state, failures], ["running", []]);
    const output = await ended(rig, process);
    const tests = output["tests"] as { framework: string; counts: unknown; failures: { message: string }[] };
    assert.deepEqual([tests.framework, tests.counts], [
      "unittest",
      { passed: 0, failed: 1, skipped: 0, errors: 0 },
    ]);
    assert.match(tests.failures[0]!.message, /why/);
    assert.deepEqual((await rig.ok("process.output", { process }))["tests"], tests);
  });

  await t.step("so do packages", async () => {
    // A package of its own, so that no registry is needed.
    await rig.write("own/package.json", '{"name":"own","version":"1.2.3"}');
    await rig.write(
      "app/package.json",
      '{"name":"app","version":"1.0.0","dependencies":{"own":"file:../own"}}',
    );
    const { process, installed } = await rig.ok("pkg.install", { manager: "npm", from: "app", waitMs: 0 });
    assert.deepEqual(installed, []);
    const output = await ended(rig, process);
    assert.equal(output["exitCode"], 0, JSON.stringify(output));
    assert.ok(Array.isArray(output["installed"]), JSON.stringify(output));
  });

  await t.step("others have no more to tell", async () => {
    const { process } = await rig.ok("run.command", { command: "true", waitMs: 0 });
    const output = await ended(rig, process);
    assert.deepEqual([output["tests"], output["installed"]], [undefined, undefined]);
  });
});
