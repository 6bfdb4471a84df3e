/** Sandbox sessions as a whole: the command line, MCP clients, the coordinator, workers that dial in. */
import assert from "node:assert/strict";
import { CLIENT_1, LATEST } from "../mcp/clients.ts";
import { waitFor } from "../cluster/wait.ts";
import { startRig, untilReady } from "./rig.ts";
import { startProcess } from "./process.ts";
import { type Answer, ask, refuses } from "./ask.ts";
import { toolsSuite } from "./tools_suite.ts";

Deno.test("sessions of several callers on one worker", async (t) => {
  await using rig = await startRig();
  await using ann = await rig.client("ann");
  await using bob = await rig.client("bob", CLIENT_1);

  await t.step("who has no token is told so, and nothing else", async () => {
    await assert.rejects(LATEST.connect({ url: `${rig.url}/mcp`, token: "wrong-wrong-wrong-wrong" }));
    assert.equal((await rig.get("/mcp")).status, 401);
    assert.deepEqual(await rig.get("/healthz"), { status: 200, text: "ok" });
    assert.equal((await rig.get("/ready")).status, 200);
  });

  await t.step("tools have the documented names", async () => {
    const names = (await ann.tools()).map(({ name }) => name);
    for (
      const name of ["echo", "fs.read", "fs.write", "run.python", "pkg.install", "test.run", "session.create"]
    ) {
      assert.ok(names.includes(name), name);
    }
  });

  await toolsSuite(t, {
    client: ann,
    directory: /^\/workspace$/,
    user: /^[1-9]\d*$/,
    hasPython: true,
  });

  await t.step("a session is its owner's alone", async () => {
    const { session } = await ask(ann, "session.create", { name: "box", labels: { team: "a" } });
    await ask(ann, "fs.write", { session: "box", path: "secret.txt", contents: "ann's" });
    assert.match(await refuses(bob, "fs.read", { session, path: "secret.txt" }), /session/);
    assert.match(await refuses(bob, "session.close", { session }), /session/);
    assert.deepEqual((await ask(bob, "session.list"))["sessions"], []);
    await ask(bob, "run.command", { command: "ls -A" });
    // Neither by files nor by processes.
    const seen = await ask(bob, "run.command", {
      command:
        `find / -name secret.txt -not -path '/proc/*' 2>/dev/null; ls /proc | grep -c '^[0-9]'; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c TOKEN`,
    });
    const [processes, tokens] = String(seen["stdout"]).trim().split("\n").slice(-2).map(Number);
    assert.doesNotMatch(String(seen["stdout"]), /secret\.txt/);
    assert.ok(processes! < 10, `${processes} processes are seen`);
    assert.equal(tokens, 0);
  });

  await t.step("a copy of the files is kept, and brings them back", async () => {
    const { checkpoint } = await ask(ann, "session.checkpoint", { session: "box" });
    await ask(ann, "run.command", { session: "box", command: "rm secret.txt; echo new > other.txt" });
    await ask(ann, "session.restore", { session: "box", checkpoint });
    const { entries } = await ask(ann, "fs.list", { session: "box" }) as { entries: { path: string }[] };
    assert.deepEqual(entries.map(({ path }) => path), ["secret.txt"]);
    const { session } = await ask(ann, "session.create", { name: "copy", checkpoint });
    assert.equal((await ask(ann, "fs.read", { session, path: "secret.txt" }))["content"], "ann's");
    assert.match(await refuses(bob, "session.create", { checkpoint }), /checkpoint/);
  });

  await t.step("a file is a resource for whoever takes it out", async () => {
    const { uri, mimeType } = await ask(ann, "artifact.get", { session: "box", path: "secret.txt" });
    assert.equal(mimeType, "text/plain");
    assert.match(await ann.read(String(uri)), /ann's/);
    await assert.rejects(bob.read(String(uri)));
  });

  await t.step("every call is on record, and none of what was in it", async () => {
    const records = await waitFor(() => {
      const found = rig.coordinator.lines.filter((line) => line.includes('"tools/call"')).map((line) =>
        JSON.parse(line) as Answer
      );
      return Promise.resolve(found.some(({ tool }) => tool === "artifact.get") && found);
    }, { what: "the record of artifact.get" });
    const write = records.find(({ tool, caller }) => tool === "fs.write" && caller === "ann")!;
    assert.match(String(write["session_id"]), /^sess-/);
    assert.match(String(write["workspace_id"]), /^w1\/sess-/);
    assert.deepEqual(Object.keys(write["arguments"] as Answer), ["sha256", "bytes"]);
    assert.ok(records.some(({ caller, success }) => caller === "bob" && success === false));
    assert.doesNotMatch(rig.coordinator.lines.join("\n"), /ann's|héllo|ann-0123456789/);
  });

  await t.step("administrators see whose sessions there are, others do not", async () => {
    assert.equal((await rig.get("/debug/sessions")).status, 401);
    assert.equal((await rig.get("/debug/sessions", "ann")).status, 403);
    const { status, text } = await rig.get("/debug/sessions", "root");
    const { sessions, workers } = JSON.parse(text) as { sessions: Answer[]; workers: Answer[] };
    assert.equal(status, 200);
    assert.deepEqual(workers.map(({ id, state }) => [id, state]), [["w1", "connected"]]);
    const names = sessions.map(({ name, owner }) => `${owner}/${name}`).sort();
    assert.deepEqual(names, ["ann/box", "ann/copy", "ann/default", "bob/default"]);
    assert.doesNotMatch(text, /ann's/);
  });

  await t.step("the log has the documented fields", async () => {
    const entry = await rig.coordinator.line(
      (one) => one["tool_name"] === "fs.read" && one["success"] === true ? one : undefined,
      "the log of fs.read",
    );
    assert.match(String(entry["session_id"]), /^sess-/);
    assert.match(String(entry["workspace_id"]), /^w1\/sess-/);
    assert.equal(typeof entry["duration_ms"], "number");
  });

  await t.step("figures are told as they are documented", async () => {
    const text = await rig.metrics();
    for (
      const line of [
        /^coordinator_sessions_active 4$/m,
        /^coordinator_sessions_created_total 4$/m,
        /^coordinator_tool_calls_total\{[^}]*tool="fs\.read"[^}]*\} \d+$/m,
        /^coordinator_tool_duration_seconds_count\{[^}]*\} \d+$/m,
        /^# TYPE coordinator_worker_errors_total counter$/m,
      ]
    ) assert.match(text, line);
  });

  await t.step("a session that is closed is gone, with its files", async () => {
    const closed = await ask(ann, "session.close", { session: "box" });
    assert.equal(closed["state"], "closed");
    assert.equal((await ask(ann, "session.close", { session: closed["session"] }))["state"], "closed");
    assert.match(
      await refuses(ann, "fs.read", { session: closed["session"], path: "secret.txt" }),
      /closed|over|end/,
    );
    await waitFor(async () => {
      const left = await Array.fromAsync(Deno.readDir(rig.workspaces("w1")));
      return !left.some(({ name }) => name === closed["session"]);
    }, { what: "the files of the session to be gone" });
  });

  await t.step("a worker that is told to stop says farewell", async () => {
    assert.equal(await rig.worker("w1").stop(), 0);
    const { workers } = JSON.parse((await rig.get("/debug/sessions", "root")).text) as { workers: Answer[] };
    assert.deepEqual(workers, []);
    assert.match(await refuses(bob, "run.command", { command: "true" }), /worker/);
  });
});

Deno.test("a worker that is killed takes its own sessions with it, and no other's", async () => {
  await using rig = await startRig({
    workers: ["w1", "w2"],
    // Longer than a busy machine keeps a worker from its heartbeats.
    args: ["--worker-heartbeat-timeout=20s"],
    workerArgs: ["--capacity=4", "--heartbeat-interval=1s"],
  });
  await using ann = await rig.client("ann");
  const made = await Promise.all(
    ["a", "b", "c", "d"].map((name) => ask(ann, "session.create", { name })),
  );
  const of = (worker: string) =>
    made.filter((one) => one["worker"] === worker).map(({ name }) => String(name));
  assert.deepEqual([of("w1").length, of("w2").length], [2, 2]);
  const [lost, other] = [of("w1")[0]!, of("w2")[0]!];
  const hanging = ann.call("run.command", { session: lost, command: "sleep 600", waitMs: 290_000 });
  await ask(ann, "run.command", { session: other, command: "echo kept > file; sleep 600 & sleep 0" });
  await waitFor(async () => {
    const { usage } = await ask(ann, "session.get", { session: lost }) as {
      usage?: { processes: unknown[] };
    };
    return (usage?.processes.length ?? 0) > 0;
  }, { what: "the command to run" });
  await rig.worker("w1").stop("SIGKILL");
  const ended = await hanging;
  assert.equal(ended.isError, true);
  assert.match(ended.text, /w1/);
  assert.match(await refuses(ann, "fs.list", { session: lost }), /w1 .*(gone|away)/);
  assert.equal((await ask(ann, "fs.read", { session: other, path: "file" }))["content"], "kept\n");
  // Another process of the name begins anew: what the first has left is removed.
  await rig.startWorker("w1");
  await waitFor(async () => {
    const names = (await Array.fromAsync(Deno.readDir(rig.workspaces("w1")))).map(({ name }) => name);
    return !names.some((name) => name.startsWith("sess-"));
  }, { what: "leftovers of the killed worker to be removed" });
  const again = await ask(ann, "session.create", { name: "again", workerLabels: {} });
  assert.equal(
    (await ask(ann, "run.command", { session: again["session"], command: "echo ok" }))["stdout"],
    "ok\n",
  );
});

Deno.test("a worker has probes of its own, and says why it is not let in", async () => {
  await using rig = await startRig();
  const health = `http://${await rig.worker("w1").address("health probes")}`;
  await untilReady(`${health}/health`, rig.worker("w1"));
  assert.equal((await (await fetch(`${health}/ready`)).text()).trim(), "ok");
  await using stranger = startProcess({
    env: { WORKER_TOKEN: "not.a.token" },
    args: [
      "worker",
      `--coordinator=http://${(await rig.coordinator.line(
        ({ msg, address }) => msg === "listening for workers" ? String(address) : undefined,
        "the port of workers",
      ))}`,
      "--worker-id=w1",
      "--health-bind-address=0",
      "--log-format=json",
      `--workspaces-dir=${rig.directory}/stranger`,
      `--cache-dir=${rig.directory}/cache-stranger`,
    ],
  });
  assert.equal(await stranger.ended, 1);
  assert.match(stranger.lines.join("\n"), /token/);
  assert.doesNotMatch(stranger.lines.join("\n"), /not\.a\.token/);
});
