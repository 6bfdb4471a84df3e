/** Processes of a sandbox that several have open: found where others have started them, asked about where others know more. */
import assert from "node:assert/strict";
import type { FoundProcess, SandboxProcess, SharedProcesses, SpawnSpec } from "../sandbox/types.ts";
import { STANDARD_LIMITS } from "../types.ts";
import { Processes, type StartSpec } from "./processes.ts";
import { FakeProcess, FakeSandbox } from "./testing/fake_sandbox.ts";

const signal = () => AbortSignal.timeout(60_000);
const SPEC: StartSpec = {
  argv: ["x"],
  command: "x",
  cwd: ".",
  env: {},
  stdin: new Uint8Array(),
  interactive: true,
  timeoutMs: 5_000,
};

class Found extends FakeProcess implements FoundProcess {
  readonly command = "of another";
  readonly ageMs = 60_000;

  constructor(readonly number: number, spec: SpawnSpec, inputIsClosed = false) {
    super(spec);
    this.inputIsClosed = inputIsClosed;
  }
}

/** A sandbox whose processes have numbers, and which hears of others' when it is asked to. */
class SharedSandbox extends FakeSandbox {
  readonly specs: SpawnSpec[] = [];
  refreshes = 0;
  /** Happens at the next refresh. */
  atRefresh: () => void = () => {};
  #found: Parameters<SharedProcesses["follow"]>[0] | undefined;
  readonly shared = {
    isCurrent: true,
    last: 10,
    before: 0,
    follow: (found: Parameters<SharedProcesses["follow"]>[0]) => void (this.#found = found),
    refresh: () => {
      this.refreshes++;
      this.atRefresh();
      return Promise.resolve();
    },
  };

  override async spawn(spec: SpawnSpec, within: AbortSignal): Promise<SandboxProcess> {
    this.specs.push(spec);
    const process = await super.spawn(spec, within);
    return Object.assign(process, { number: ++this.shared.last });
  }

  /** Somebody else has started one. */
  find(number: number, inputIsClosed = false): Found {
    let sink: Pick<SpawnSpec, "onOutput" | "onLost"> = { onOutput() {} };
    const found = new Found(number, {
      argv: [],
      cwd: ".",
      env: {},
      onOutput: (stream, bytes) => sink.onOutput(stream, bytes),
      onLost: (stream, bytes) => sink.onLost?.(stream, bytes),
    }, inputIsClosed);
    sink = this.#found!(found);
    return found;
  }
}

function rig() {
  const sandbox = new SharedSandbox();
  return { sandbox, processes: new Processes({ sandbox, limits: STANDARD_LIMITS }) };
}

Deno.test("handles are the sandbox's numbers, and time limits are its own", async () => {
  const { sandbox, processes } = rig();
  const process = await processes.start(SPEC, signal());
  assert.equal(process.name, "proc-11");
  assert.deepEqual(sandbox.specs[0]!.shared, { command: "x", timeoutMs: 5_000 });
  sandbox.processes[0]!.exit({ signal: "SIGTERM", limit: "timeout", durationMs: 5_001 });
  await process.wait(60_000, signal());
  const { limit, durationMs } = process.state();
  assert.deepEqual([limit, durationMs], ["timeout", 5_001]);
});

Deno.test("one that another has started has its command, its age, its output and its end", async () => {
  const { sandbox, processes } = rig();
  const found = sandbox.find(7);
  found.say("stdout", "hello");
  const process = await processes.find("proc-7", signal());
  assert.equal(process.command, "of another");
  assert.ok(process.state().durationMs >= 60_000);
  assert.ok(Date.now() - process.startedAt.getTime() >= 60_000);
  assert.equal(process.state().stdout, "hello");
  await process.write(new TextEncoder().encode("in"), signal());
  assert.equal(found.input, "in");
  process.signal("SIGTERM");
  assert.deepEqual(found.signals, ["SIGTERM"]);
  await process.wait(60_000, signal());
  assert.equal(process.state().signal, "SIGTERM");
  assert.equal(processes.running, 0);
});

Deno.test("one whose input is closed takes none here either", async () => {
  const { sandbox, processes } = rig();
  sandbox.find(7, true);
  const process = processes.get("proc-7");
  await assert.rejects(() => process.write(new Uint8Array(1), signal()), /input of proc-7 is at its end/);
});

Deno.test("what was lost meanwhile is counted, and what comes after it has its numbers", async () => {
  const { sandbox, processes } = rig();
  const found = sandbox.find(7);
  found.say("stdout", "first");
  found.spec.onLost!("stdout", 1_000);
  found.say("stdout", "last");
  const state = (await processes.find("proc-7", signal())).state();
  assert.deepEqual([state.stdout, state.lost, state.nextStdout], ["last", 1_005, 1_009]);
});

Deno.test("others are asked about what is not known here, and of those that are others'", async () => {
  const { sandbox, processes } = rig();
  sandbox.atRefresh = () => {
    sandbox.atRefresh = () => {};
    sandbox.find(8).say("stdout", "came");
  };
  assert.equal((await processes.find("proc-8", signal())).state().stdout, "came");
  assert.equal(sandbox.refreshes, 1);
  await processes.find("proc-8", signal());
  assert.equal(sandbox.refreshes, 2, "it is another's: it may have said more there");
  const mine = await processes.start(SPEC, signal());
  await processes.find(mine.name, signal());
  assert.equal(sandbox.refreshes, 2, "what it says is told as it comes");
  await processes.find(mine.name, signal(), () => false);
  assert.equal(sandbox.refreshes, 3, "the caller has seen more of it elsewhere");
  sandbox.shared.isCurrent = false;
  await processes.find(mine.name, signal());
  assert.equal(sandbox.refreshes, 4, "nothing came for a while");
  await processes.refresh(signal());
  assert.equal(sandbox.refreshes, 5);
});

Deno.test("handles that are none say why", async () => {
  const { sandbox, processes } = rig();
  await assert.rejects(() => processes.find("proc-99", signal()), {
    code: "not_found",
    message: /there is no proc-99.* its last was proc-10/,
  });
  await assert.rejects(() => processes.find("proc-9", signal()), {
    code: "not_found",
    message: /is kept no more/,
  });
  Object.assign(sandbox.shared, { before: 9 });
  await assert.rejects(() => processes.find("proc-9", signal()), {
    code: "not_found",
    message: /the workspace was started anew/,
  });
});

Deno.test("in a workspace, no process of others is ended for files to be replaced", async () => {
  const { sandbox, processes } = rig();
  Object.defineProperty(sandbox, "isolation", { value: "workspace" });
  const process = await processes.start(SPEC, signal());
  assert.equal(await processes.without(() => Promise.resolve("done"), signal()), "done");
  assert.equal(process.isRunning, false);
  assert.equal(sandbox.specs.length, 1, "nothing was run that ends all there is");
});
