import assert from "node:assert/strict";
import { executorRig } from "../testing/executor_rig.ts";
import { FakeHost, type FakeProcess } from "../testing/fake_sandbox.ts";
import { npmArguments, npmInstalled, npmLocked } from "./npm.ts";
import { pipArguments, pipInstalled, pipTrouble } from "./pip.ts";

Deno.test("pip is asked for packages and files, never for options", () => {
  const words = pipArguments(["six==1.0", "x[y]"], "sub/requirements.txt");
  assert.deepEqual(words.slice(-5), ["-r", "./sub/requirements.txt", "--", "six==1.0", "x[y]"]);
  assert.deepEqual(pipArguments([], "-e").slice(-3), ["-r", "./-e", "--"]);
  assert.throws(() => pipArguments([], "/etc/passwd"), { code: "forbidden" });
  assert.throws(() => pipArguments([], "a/../../b"), { code: "forbidden" });
  assert.deepEqual(npmArguments(["left-pad@1"]).slice(-2), ["--", "left-pad@1"]);
});

Deno.test("pip: what was installed, by the report or by what was printed", () => {
  const report = JSON.stringify({
    version: "1",
    install: [{ metadata: { name: "six", version: "1.16.0", summary: "x" }, download_info: {} }],
  });
  assert.deepEqual(pipInstalled(report, ""), [{ name: "six", version: "1.16.0" }]);
  const printed = "Collecting six\nSuccessfully installed six-1.16.0 python-dateutil-2.9.0.post0\n";
  for (const none of [undefined, "", "{", '{"install": 3}', '{"install": [{}]}']) {
    assert.deepEqual(pipInstalled(none, printed), [
      { name: "six", version: "1.16.0" },
      { name: "python-dateutil", version: "2.9.0.post0" },
    ]);
  }
  assert.deepEqual(pipInstalled(undefined, "Requirement already satisfied: six\n"), []);
});

Deno.test("pip: why it could not begin", () => {
  assert.match(pipTrouble(127, "")!, /no python3/);
  assert.match(pipTrouble(1, "/usr/bin/python3: No module named pip\n")!, /no pip/);
  assert.match(
    pipTrouble(1, "ERROR: Can not perform a '--user' install. User site-packages")!,
    /virtual environment/,
  );
  assert.equal(pipTrouble(1, "ERROR: No matching distribution"), undefined);
});

const lock = (packages: object) => JSON.stringify({ name: "x", lockfileVersion: 3, packages });

Deno.test("npm: what is there and was not before", () => {
  const before = npmLocked(
    lock({ "node_modules/a": { version: "1.0.0" }, "node_modules/b": { version: "1.0.0" } }),
  );
  const after = npmLocked(lock({
    "": { version: "0.0.1" },
    "node_modules/a": { version: "1.0.0" },
    "node_modules/b": { version: "2.0.0" },
    "node_modules/@s/c": { version: "3.0.0", resolved: "https://x" },
    "node_modules/b/node_modules/a": { version: "0.5.0" },
    "node_modules/d/node_modules/a": { version: "0.5.0" },
    "node_modules/linked": { link: true },
  }));
  assert.deepEqual(npmInstalled(before, after), [
    { name: "@s/c", version: "3.0.0" },
    { name: "a", version: "0.5.0" },
    { name: "b", version: "2.0.0" },
  ]);
  for (const none of [undefined, "", "[]", "null", '{"packages": []}', '{"packages": {"a": 1}}']) {
    assert.equal(npmLocked(none).size, 0);
  }
});

/** Answers `head` with `report`, and everything else with `work`. */
function answering(report: string, work: (process: FakeProcess) => void): (process: FakeProcess) => void {
  return (process) => {
    if (!process.spec.argv[2]?.includes("head -c")) return work(process);
    process.say("stdout", report);
    process.exit({ exitCode: report === "" ? 1 : 0 });
  };
}

Deno.test("an installation is told with its output, and with how much the worker had", async () => {
  const host = new FakeHost();
  let cached = 3;
  await using rig = executorRig(host, {
    packages: { environment: { PIP_INDEX_URL: "http://mirror" }, counts: () => ({ files: 9, cached }) },
  });
  await rig.open();
  const sandbox = host.get("sess-a");
  const report = JSON.stringify({ install: [{ metadata: { name: "six", version: "1" } }] });
  sandbox.onSpawn = answering(report, (process) => {
    process.say("stdout", "done");
    cached = 5;
    process.exit();
  });
  const output = await rig.ok("pkg.install", { packages: ["six"] });
  assert.deepEqual(
    [output["installed"], output["cached"], output["stdout"], output["exitCode"]],
    [[{ name: "six", version: "1" }], 2, "done", 0],
  );
  const { env } = sandbox.processes[0]!.spec;
  assert.deepEqual([env["PIP_INDEX_URL"], env["PIP_BREAK_SYSTEM_PACKAGES"]], ["http://mirror", "1"]);
});

Deno.test("one that takes longer goes on, and one that fails says what it said", async () => {
  const host = new FakeHost();
  await using rig = executorRig(host);
  await rig.open();
  const sandbox = host.get("sess-a");
  const slow = await rig.ok("pkg.install", { packages: ["six"], waitMs: 1 });
  assert.deepEqual([slow["state"], slow["installed"], slow["cached"]], ["running", [], undefined]);
  sandbox.onSpawn = answering("", (process) => {
    process.say("stderr", "ERROR: No matching distribution found");
    process.exit({ exitCode: 1 });
  });
  const failed = await rig.ok("pkg.install", { packages: ["six"] });
  assert.deepEqual([failed["exitCode"], failed["installed"]], [1, []]);
  assert.match(String(failed["stderr"]), /No matching/);
  sandbox.onSpawn = answering("", (process) => {
    process.say("stderr", "/usr/bin/python3: No module named pip");
    process.exit({ exitCode: 1 });
  });
  assert.match(await rig.fails("failed", "pkg.install", { packages: ["six"] }), /has no pip: install it/);
});

Deno.test("what cannot be asked is refused before anything runs", async () => {
  const host = new FakeHost();
  await using rig = executorRig(host);
  await rig.open();
  assert.match(await rig.fails("invalid", "pkg.install", {}), /given nothing to install/);
  for (const name of ["-e", "--index-url=http://x", "a b", "a\nb", ""]) {
    await rig.fails("invalid", "pkg.install", { packages: [name] });
  }
  await rig.fails("forbidden", "pkg.install", { manager: "npm", from: "../x" });
  assert.equal(host.get("sess-a").processes.length, 0);
});
