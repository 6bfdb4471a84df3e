import assert from "node:assert/strict";
import { MOST_REPORT, reportName, runQuietly, takeReport, withReport } from "./quiet.ts";
import { FakeSandbox } from "./testing/fake_sandbox.ts";

const never = new AbortController().signal;

Deno.test("a report is what was printed, where it went well and has a measure", async () => {
  const sandbox = new FakeSandbox();
  sandbox.onSpawn = (process) => {
    process.say("stdout", "{}");
    process.say("stderr", "noise");
    process.exit();
  };
  assert.equal(await takeReport(sandbox, "report-1", never), "{}");
  assert.deepEqual(sandbox.processes[0]!.spec.argv.slice(-2), [String(MOST_REPORT + 1), "report-1"]);
  sandbox.onSpawn = (process) => {
    process.say("stdout", "partial");
    process.exit({ exitCode: 1 });
  };
  assert.equal(await takeReport(sandbox, "report-1", never), undefined);
  sandbox.onSpawn = (process) => process.exit();
  assert.equal(await takeReport(sandbox, "report-1", never), undefined);
  sandbox.onSpawn = (process) => {
    process.say("stdout", new Uint8Array(MOST_REPORT + 1));
    process.exit();
  };
  assert.equal(await takeReport(sandbox, "report-1", never), undefined);
});

Deno.test("one that is not wanted any longer is killed", async () => {
  const sandbox = new FakeSandbox();
  const stop = new AbortController();
  sandbox.onSpawn = () => stop.abort(new Error("enough"));
  await assert.rejects(runQuietly(sandbox, ["sleep", "100"], 10, stop.signal), /enough/);
  assert.deepEqual(sandbox.processes[0]!.signals, ["SIGKILL"]);
});

Deno.test("of its output the end is kept", async () => {
  const sandbox = new FakeSandbox();
  sandbox.onSpawn = (process) => {
    process.say("stdout", "0123456789");
    process.exit({ exitCode: 3 });
  };
  const { exitCode, stdout } = await runQuietly(sandbox, ["x"], 4, never);
  assert.deepEqual([exitCode, new TextDecoder().decode(stdout)], [3, "6789"]);
});

Deno.test("what others have written is an argument of the line, and never in it", async () => {
  const hostile = ["$(touch x)", "; rm -rf /", '"', "-c"];
  const name = reportName(".xml");
  assert.match(name, /^report-[0-9a-f-]{36}\.xml$/);
  const [program, ...args] = withReport('printf "%s\\n" "$REPORT" "$@"', name, hostile);
  const { stdout } = await new Deno.Command(program!, { args, clearEnv: true, env: { TMPDIR: "/t" } })
    .output();
  assert.equal(new TextDecoder().decode(stdout), [`/t/${name}`, ...hostile, ""].join("\n"));
});
