import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { STANDARD_LIMITS } from "../types.ts";
import { KILL_GRACE_MS } from "./process.ts";
import { ENDED_MS, MOST_ENDED } from "./kept.ts";
import { Processes, type StartSpec } from "./processes.ts";
import { FakeSandbox } from "./testing/fake_sandbox.ts";

const never = new AbortController().signal;

function rig(outputBytes = 100, after = 0) {
  const sandbox = new FakeSandbox();
  const clock = new FakeClock();
  const ended: string[] = [];
  const processes = new Processes({
    sandbox,
    limits: { ...STANDARD_LIMITS, outputBytes },
    after,
    clock,
    onEnd: ({ name }) => ended.push(name),
  });
  const start = (spec: Partial<StartSpec> = {}) =>
    processes.start({
      argv: ["true"],
      command: "true",
      cwd: ".",
      env: {},
      stdin: new Uint8Array(),
      interactive: false,
      timeoutMs: 0,
      ...spec,
    }, never);
  return { sandbox, clock, processes, start, ended, last: () => sandbox.processes.at(-1)! };
}

Deno.test("processes are numbered, and say how they ended", async () => {
  const { clock, processes, start, last, ended } = rig();
  const process = await start();
  assert.equal(process.name, "proc-1");
  last().say("stdout", "out");
  last().say("stderr", "err");
  await clock.advance(25);
  assert.deepEqual(process.state(), {
    process: "proc-1",
    state: "running",
    stdout: "out",
    stderr: "err",
    nextStdout: 3,
    nextStderr: 3,
    durationMs: 25,
  });
  last().exit({ exitCode: 3 });
  await clock.advance(1_000);
  const state = process.state({ stdout: 3, stderr: 1 });
  assert.deepEqual([state.state, state.exitCode, state.stdout, state.stderr, state.durationMs], [
    "exited",
    3,
    "",
    "rr",
    25,
  ]);
  assert.deepEqual(ended, ["proc-1"]);
  assert.equal((await start()).name, "proc-2");
  assert.deepEqual(processes.list().map(({ name }) => name), ["proc-1", "proc-2"]);
  assert.equal(processes.running, 1);
});

Deno.test("output that comes before the word that it was started is kept", async () => {
  const { sandbox, start } = rig();
  sandbox.beforeSpawn = ({ onOutput }) => onOutput("stdout", new TextEncoder().encode("early"));
  assert.equal((await start()).state().stdout, "early");
});

Deno.test("input is at its end after what was given, unless it is to stay open", async () => {
  const { start, last } = rig();
  const closed = await start({ stdin: new TextEncoder().encode("in") });
  assert.deepEqual([last().input, last().inputIsClosed], ["in", true]);
  await assert.rejects(closed.write(new Uint8Array(1), never), /interactive: true/);
  const open = await start({ interactive: true });
  assert.equal(last().inputIsClosed, false);
  await open.write(new TextEncoder().encode("more"), never);
  assert.equal(last().input, "more");
  open.closeInput();
  open.closeInput();
  assert.equal(last().inputIsClosed, true);
  await assert.rejects(open.write(new Uint8Array(1), never), { code: "failed" });
});

Deno.test("one that was not started is not known", async () => {
  const { sandbox, processes, start } = rig();
  sandbox.beforeSpawn = () => {
    throw new Error("no program");
  };
  await assert.rejects(start(), /no program/);
  assert.deepEqual(processes.list(), []);
  assert.throws(() => processes.get("proc-1"), { code: "not_found" });
});

Deno.test("after its time it is ended: kindly, then by force", async () => {
  const { clock, start, last } = rig();
  const process = await start({ timeoutMs: 1_000 });
  last().diesOf = ["SIGKILL"];
  await clock.advance(999);
  assert.deepEqual(last().signals, []);
  await clock.advance(1);
  assert.deepEqual(last().signals, ["SIGTERM", "SIGCONT"]);
  await clock.advance(KILL_GRACE_MS);
  assert.equal(last().signals.at(-1), "SIGKILL");
  await clock.advance(0);
  assert.deepEqual([process.state().limit, process.state().signal], ["timeout", "SIGKILL"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("one that ends well just then, or before, was not ended by its time", async () => {
  const { clock, start, last } = rig();
  const process = await start({ timeoutMs: 1_000 });
  last().diesOf = [];
  await clock.advance(1_000);
  last().exit({ exitCode: 0 });
  await clock.advance(10_000);
  assert.equal(process.state().limit, undefined);
  const other = await start({ timeoutMs: 1_000 });
  last().exit({ exitCode: 1 });
  await clock.advance(5_000);
  assert.equal(other.state().limit, undefined);
  assert.deepEqual(last().signals, []);
});

Deno.test("a limit of the session is told", async () => {
  const { clock, start, last } = rig();
  const process = await start();
  last().exit({ signal: "SIGKILL", limit: "memory" });
  await clock.advance(0);
  assert.deepEqual([process.state().signal, process.state().limit], ["SIGKILL", "memory"]);
});

Deno.test("waiting ends with the time, the end, the output that is waited for, or the signal", async () => {
  const { clock, start, last } = rig();
  const process = await start();
  let over = "";
  const wait = (name: string, ms: number, signal = never, is?: () => boolean) =>
    void process.wait(ms, signal, is).then(() => over += name);
  const stop = new AbortController();
  wait("time ", 100);
  wait("output ", 10_000, never, () => process.stdout.end > 2);
  wait("signal ", 10_000, stop.signal);
  wait("end ", 10_000);
  last().say("stdout", "ab");
  await clock.advance(99);
  assert.equal(over, "");
  await clock.advance(1);
  assert.equal(over, "time ");
  last().say("stdout", "c");
  await clock.advance(0);
  assert.equal(over, "time output ");
  stop.abort();
  await clock.advance(0);
  assert.equal(over, "time output signal ");
  last().exit();
  await clock.advance(0);
  assert.equal(over, "time output signal end ");
  assert.equal(clock.pendingTimers, 0);
  await process.wait(1_000, never);
});

Deno.test("nothing of its output is lost between calls, and what is kept no more is counted", async () => {
  const { start, last } = rig(10);
  const process = await start();
  last().say("stdout", "0123456789");
  const first = process.state();
  last().say("stdout", "abc");
  const second = process.state({ stdout: first.nextStdout, stderr: first.nextStderr });
  assert.deepEqual([second.stdout, second.lost], ["abc", undefined]);
  const all = process.state();
  assert.deepEqual([all.stdout, all.lost, all.nextStdout], ["3456789abc", 3, 13]);
  assert.throws(() => process.state({ stdout: 14 }), { code: "invalid", message: /13 bytes/ });
});

Deno.test("what is filtered is what is kept and told", async () => {
  const { start, last } = rig();
  const told: string[] = [];
  const process = await start({
    filter: (stream, bytes) => stream === "stdout" ? bytes.map((byte) => byte - 32) : bytes,
    onOutput: (stream, bytes) => told.push(`${stream} ${new TextDecoder().decode(bytes)}`),
  });
  last().say("stdout", "abc");
  last().say("stderr", "abc");
  assert.deepEqual([process.state().stdout, process.state().stderr], ["ABC", "abc"]);
  assert.deepEqual(told, ["stdout ABC", "stderr abc"]);
});

Deno.test("those that have ended are kept for a while, and the last of them", async () => {
  const { clock, processes, start, last } = rig();
  for (let count = 0; count < MOST_ENDED + 3; count++) {
    await start();
    last().exit();
    await clock.advance(1);
  }
  await start();
  assert.equal(processes.list().length, MOST_ENDED + 1);
  assert.throws(() => processes.get("proc-3"), { code: "not_found", message: /kept for 10 minutes/ });
  assert.equal(processes.get("proc-4").name, "proc-4");
  assert.throws(() => processes.get("proc-999"), { code: "not_found", message: /its last was proc-54/ });
  await clock.advance(ENDED_MS + 1);
  assert.deepEqual(processes.list().map(({ name }) => name), ["proc-54"]);
});

Deno.test("those that have ended do not fill the memory", async () => {
  const { clock, processes, start, last } = rig(1_000);
  for (let count = 0; count < 20; count++) {
    await start();
    last().say("stdout", "x".repeat(1_000));
    last().say("stderr", "x".repeat(1_000));
    last().exit();
    await clock.advance(1);
  }
  assert.deepEqual(processes.list().map(({ name }) => name), ["proc-17", "proc-18", "proc-19", "proc-20"]);
});

Deno.test("while files are replaced nothing runs, daemons neither, and nothing is started", async () => {
  const { sandbox, clock, processes, start } = rig();
  const process = await start();
  const started: string[] = [];
  sandbox.onSpawn = (one) => {
    started.push(one.spec.argv.join(" "));
    one.exit();
  };
  const work = Promise.withResolvers<string>();
  const replaced = processes.without(() => {
    assert.equal(process.isRunning, false);
    return work.promise;
  }, never);
  await clock.advance(0);
  assert.deepEqual(started, ["sh -c kill -9 -1"]);
  await assert.rejects(start(), { code: "conflict" });
  work.resolve("done");
  assert.equal(await replaced, "done");
  assert.equal((await start()).name, "proc-2");
});

Deno.test("one that is just being started is ended as well before files are replaced", async () => {
  const { sandbox, clock, processes, start } = rig();
  const held = Promise.withResolvers<void>();
  sandbox.beforeSpawn = () => held.promise;
  const starting = start();
  let isDone = false;
  const replaced = processes.without(() => Promise.resolve(), never).then(() => isDone = true);
  await clock.advance(0);
  assert.equal(isDone, false);
  sandbox.onSpawn = (one) => one.spec.argv[0] === "sh" && one.exit();
  held.resolve();
  const process = await starting;
  await replaced;
  assert.equal(process.end?.signal, "SIGKILL");
});

Deno.test("many that run at once have together no more of the worker's memory than some", async () => {
  const most = 2 ** 20;
  for (const isAtOnce of [false, true]) {
    const { sandbox, processes, start } = rig(most);
    if (isAtOnce) await Promise.all(Array.from({ length: 200 }, () => start()));
    else for (let count = 0; count < 200; count++) await start();
    const limits = processes.list().map(({ stdout }) => stdout.limit);
    assert.deepEqual(new Set(limits.slice(0, 16)), new Set([most]));
    assert.ok(limits.every((limit) => limit >= 16_384));
    assert.ok(limits.reduce((sum, limit) => sum + limit, 0) < 64 * most);
    for (const one of sandbox.processes) one.exit({ exitCode: 0 });
    await Promise.all(processes.list().map((process) => process.wait(1_000, never)));
    assert.equal((await start()).stdout.limit, most, "later ones have it all again");
  }
});

Deno.test("a handle of the session's time at another worker is none of this one's", async () => {
  const { processes, start } = rig(100, 7_000);
  assert.throws(() => processes.get("proc-7002"), { code: "not_found", message: /it has started none/ });
  assert.equal((await start()).name, "proc-7001");
  for (const name of ["proc-1", "proc-7000"]) {
    assert.throws(() => processes.get(name), { code: "not_found", message: /moved to this worker/ });
  }
  assert.throws(() => processes.get("proc-7002"), { code: "not_found", message: /its last was proc-7001/ });
});
