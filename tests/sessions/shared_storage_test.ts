/** Sessions whose files lie on storage that workers share go on at another worker where theirs is gone. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/wait.ts";
import { startRig } from "./rig.ts";
import { ask } from "./ask.ts";

Deno.test("a session on shared storage goes on at another worker, with its files and without its processes", async () => {
  const shared = await Deno.makeTempDir({ prefix: "coder-k8s-shared-" });
  try {
    await using rig = await startRig({
      workers: ["w1"],
      args: ["--worker-heartbeat-timeout=20s"],
      workerArgs: ["--heartbeat-interval=1s", `--workspaces-dir=${shared}`, "--shared-workspaces=lab"],
    });
    await using ann = await rig.client("ann");
    const { session, worker } = await ask(ann, "session.create", { name: "box" });
    assert.equal(worker, "w1");
    await ask(ann, "fs.write", { session, path: "kept/file", contents: "kept" });
    await ask(ann, "run.command", { session, command: "echo made > by-a-process; chmod 600 by-a-process" });
    const { process } = await ask(ann, "run.command", { session, command: "sleep 600", waitMs: 0 });
    await rig.startWorker("w2", ["--session-uids=710000-719999"]);
    await rig.worker("w1").stop("SIGKILL");
    const moved = await waitFor(async () => {
      const answer = await ann.call("fs.read", { session, path: "kept/file" });
      return !answer.isError && answer.structured;
    }, { what: "the session at the other worker", timeoutMs: 120_000 });
    assert.equal(moved["content"], "kept");
    const { worker: now, state } = await ask(ann, "session.get", { session });
    assert.deepEqual([now, state], ["w2", "ready"]);
    // Files belong to the session, whatever its uid is there.
    const run = await ask(ann, "run.command", {
      session,
      command: "cat by-a-process && echo more >> by-a-process",
    });
    assert.deepEqual([run["exitCode"], run["stdout"], run["stderr"]], [0, "made\n", ""]);
    const gone = await ann.call("process.output", { session, process });
    assert.match(gone.text, /its processes have ended/);
    await ask(ann, "session.close", { session });
    await waitFor(async () => {
      const names = (await Array.fromAsync(Deno.readDir(shared))).map(({ name }) => name);
      return !names.includes(String(session));
    }, { what: "its files to be removed" });
  } finally {
    await new Deno.Command("rm", { args: ["-rf", shared] }).output();
  }
});
