import assert from "node:assert/strict";
import { join } from "node:path";
import {
  exitCode,
  launch,
  ownerOf,
  processesNaming,
  runningPid,
  signalPart,
  waitUntilGone,
  watchOwner,
} from "./processes.ts";
import { exists, removeTree } from "./paths.ts";
import { waitFor } from "./wait.ts";

async function withDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "processes-test-" });
  try {
    await run(dir);
  } finally {
    for (const pid of await processesNaming(`${dir}/`)) Deno.kill(pid, "SIGKILL");
    await removeTree(dir);
  }
}

/** A part that runs until it is told to end; its command line names the directory, as every part's does. */
function sleeper(dir: string, script = "while :; do sleep 0.05; done"): [string, string[]] {
  return ["sh", ["-c", script, `${dir}/sleeper`]];
}

Deno.test("a part runs apart from us, and how it ended is known", () =>
  withDir(async (dir) => {
    await launch(dir, "a", ...sleeper(dir));
    const pid = await runningPid(dir, "a");
    assert.ok(pid);
    assert.equal(await exitCode(dir, "a"), undefined);
    assert.equal(await signalPart(dir, "a", "SIGKILL"), true);
    await waitUntilGone(dir, "a", 60_000);
    assert.equal(await runningPid(dir, "a"), undefined);
    assert.equal(await exitCode(dir, "a"), 128 + 9);
    assert.equal(await signalPart(dir, "a", "SIGKILL"), false);
  }));

Deno.test("output goes to the part's log, one start after the other", () =>
  withDir(async (dir) => {
    for (const word of ["one", "two"]) {
      await launch(dir, "a", ...sleeper(dir, `echo ${word}; echo ${word} error >&2; exit 3`));
      await waitFor(async () => await exitCode(dir, "a") === 3, { what: "the part to end" });
    }
    assert.equal(await Deno.readTextFile(join(dir, "logs", "a.log")), "one\none error\ntwo\ntwo error\n");
  }));

Deno.test("a part can be started again at once, many times", () =>
  withDir(async (dir) => {
    const pids = new Set<number>();
    for (let round = 0; round < 10; round++) {
      await launch(dir, "a", ...sleeper(dir));
      const pid = await runningPid(dir, "a");
      assert.ok(pid, `round ${round}`);
      pids.add(pid);
      await signalPart(dir, "a", "SIGKILL");
      await waitUntilGone(dir, "a", 60_000);
    }
    assert.equal(pids.size, 10);
  }));

Deno.test("a program that does not exist has ended with 127", () =>
  withDir(async (dir) => {
    await launch(dir, "a", join(dir, "no-such-program"), []);
    await waitFor(async () => await exitCode(dir, "a") === 127, { what: "the failure to be noted" });
  }));

Deno.test("a process id that now belongs to somebody else is neither running nor killed", () =>
  withDir(async (dir) => {
    await Deno.mkdir(join(dir, "run"));
    const stranger = new Deno.Command("sleep", { args: ["60"] }).spawn();
    await Deno.writeTextFile(join(dir, "run", "a.pid"), `${stranger.pid}\n`);
    assert.equal(await runningPid(dir, "a"), undefined);
    assert.equal(await signalPart(dir, "a", "SIGKILL"), false);
    stranger.kill("SIGTERM");
    assert.equal((await stranger.status).signal, "SIGTERM");
  }));

Deno.test("the watchdog ends all parts and removes the directory when the owner is killed", () =>
  withDir(async (dir) => {
    const owner = new Deno.Command("sleep", { args: ["600"] }).spawn();
    await watchOwner(dir, ownerOf(owner.pid));
    await launch(dir, "a", ...sleeper(dir));
    await launch(dir, "b", ...sleeper(dir, 'trap "" TERM INT; while :; do sleep 0.05; done'));
    owner.kill("SIGKILL");
    await owner.status;
    await waitFor(async () => !(await exists(dir)), { what: "the directory to go" });
    await waitFor(async () => (await processesNaming(dir)).length === 0, { what: "all processes to go" });
  }));

Deno.test("the watchdog does not take a new process with the owner's number for the owner", () =>
  withDir(async (dir) => {
    await launch(dir, "a", ...sleeper(dir));
    await watchOwner(dir, { ...ownerOf(), startTime: "1" });
    await waitFor(async () => !(await exists(dir)), { what: "the directory to go" });
  }));

Deno.test("the watchdog goes with the directory", () =>
  withDir(async (dir) => {
    await watchOwner(dir, ownerOf());
    await waitFor(async () => (await processesNaming(dir)).length > 0, { what: "the watchdog to run" });
    await removeTree(dir);
    await waitFor(async () => (await processesNaming(dir)).length === 0, { what: "the watchdog to end" });
  }));

Deno.test("an owner that is not there cannot be named", () => {
  assert.throws(() => ownerOf(2 ** 22 + 1), Deno.errors.NotFound);
});
