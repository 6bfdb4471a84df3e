import assert from "node:assert/strict";
import type { TaskEvent, WorkerBinding } from "../link.ts";
import { echo, fsWrite } from "../operations.ts";
import { MockExecutor } from "../testing/mock_executor.ts";
import { type MockWorker, startMockWorker } from "../testing/mock_worker.ts";
import { SessionError, type SessionRecord } from "../types.ts";
import { boundWorkerId, WORKSPACES_WORKER } from "../wire/worker_ids.ts";
import { createWorkspaceDoor, type OpenedWorkspaceDoor } from "../workspaces/door.ts";
import { ModelCoder } from "../workspaces/testing.ts";
import type { WorkspaceDoor } from "../workspaces/types.ts";
import { settle } from "../../telemetry/testing/fake_clock.ts";
import { OTHER, OWNER, Rig, until } from "./testing.ts";
import type { CreateSession, OpenCoder, SessionOwner, WorkspaceWish } from "./types.ts";

const DEV: WorkspaceWish = { namespace: "lab", controlPlane: "acme", workspace: "dev" };
const IN_DEV: CreateSession = { name: "box", workspace: DEV };

/** A coordinator that reaches the workspaces of a Coder, with one that runs: ann/dev. */
class WorkspaceRig implements AsyncDisposable {
  readonly coder = new ModelCoder();
  readonly dev = this.coder.add({ name: "dev", owner_name: "ann" });
  #door: OpenedWorkspaceDoor | undefined;
  readonly rig: Rig;
  readonly #workers: MockWorker[] = [];
  readonly executor = inWorkspaces();

  constructor() {
    const door = () => this.#door!;
    const workspaces: WorkspaceDoor = {
      find: (...args) => door().find(...args),
      ready: (...args) => door().ready(...args),
      lend: (...args) => door().lend(...args),
      forget: (id) => door().forget(id),
    };
    this.rig = new Rig({ workspaces });
    this.#door = createWorkspaceDoor({ log: this.rig.kept.log, clock: this.rig.clock });
  }

  get door(): OpenedWorkspaceDoor {
    return this.#door!;
  }

  static async start(): Promise<WorkspaceRig> {
    const made = new WorkspaceRig();
    await made.worker(WORKSPACES_WORKER, made.executor);
    return made;
  }

  async worker(
    id: string,
    executor: MockExecutor,
    binding?: WorkerBinding,
    incarnation = id,
  ): Promise<MockWorker> {
    const { clock, hub, registry } = this.rig;
    const worker = startMockWorker(hub, {
      id,
      hello: { incarnation, isolation: "workspace" },
      executor,
      clock,
      random: () => 0,
      ...(binding === undefined ? {} : { binding }),
    });
    this.#workers.push(worker);
    await until(() => registry.find(id, incarnation)?.isConnected ?? false);
    await settle();
    return worker;
  }

  /** The worker that runs in the workspace ann/dev. */
  bound(executor = inWorkspaces(), incarnation?: string): Promise<MockWorker> {
    const binding = { workspaceId: this.dev.id, ownerId: this.dev.owner_id };
    return this.worker(boundWorkerId(binding), executor, binding, incarnation);
  }

  options(user = "ann", coder: OpenCoder | undefined = this.coder.opens(user)) {
    return { ...this.rig.options, coder };
  }

  create(request: CreateSession = IN_DEV, owner: SessionOwner = OWNER): Promise<SessionRecord> {
    return this.rig.sessions.create(owner, request, this.options(owner.id));
  }

  echo(message = "hi", options = this.options()) {
    return this.rig.sessions.call(OWNER, "box", echo, { message }, undefined, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
    for (const worker of this.#workers) await worker.stop().catch(() => {});
    this.door.close();
  }
}

function inWorkspaces(): MockExecutor {
  const opened = { ok: true, output: { isolation: "workspace" } } as const;
  return new MockExecutor().answer("session.open", opened);
}

const operations = ({ tasks }: MockExecutor) => tasks.map(({ operation }) => operation);

Deno.test("a session in a workspace is made there, and its record says where", async () => {
  await using made = await WorkspaceRig.start();
  const { executor, dev } = made;
  const record = await made.create({ name: "box", ttlMs: 60_000, workspace: { ...DEV, directory: "src" } });
  assert.deepEqual([record.workerId, record.incarnation, record.isolation, record.state, record.reason], [
    "workspaces",
    "workspaces",
    "workspace",
    "ready",
    "",
  ]);
  assert.deepEqual(record.workspace, {
    coder: "lab/acme",
    namespace: "lab",
    controlPlane: "acme",
    workspaceId: dev.id,
    workspace: "ann/dev",
    ownerId: dev.owner_id,
    agent: "main",
    directory: "src",
    files: "workspace",
  });
  assert.deepEqual(executor.tasks[0]?.input, {
    limits: record.limits,
    existing: false,
    workspace: { directory: "src", files: "workspace", keepMs: 660_000 },
  });
  assert.equal((await made.echo()).output.message, "hi");
});

Deno.test("sandboxes and sessions in workspaces never come to each other's workers", async () => {
  await using made = await WorkspaceRig.start();
  const sandbox = await made.rig.worker("w1");
  await made.bound();
  await made.create();
  const { workerId } = await made.rig.sessions.create(OWNER, { name: "sand" }, made.options());
  assert.deepEqual([workerId, sandbox.operations()], ["w1", ["session.open"]]);
  const answer = await made.rig.sessions.call(
    OWNER,
    undefined,
    echo,
    { message: "a" },
    undefined,
    made.options(),
  );
  assert.deepEqual([answer.session.workerId, answer.session.workspace], ["w1", undefined]);
});

Deno.test("without any worker, who names no session hears that one in a workspace is possible", async () => {
  await using made = await WorkspaceRig.start();
  const { clock, sessions } = made.rig;
  const call = sessions.call(OWNER, undefined, echo, { message: "a" }, undefined, made.options());
  const refused = assert.rejects(call, {
    code: "no_capacity",
    message:
      /no worker is registered: .*; or make a session in a Coder workspace, by session\.create with workspace/,
  });
  await clock.advance(20_000);
  await refused;
});

Deno.test("what cannot be is refused before anything is kept or done", async () => {
  await using made = await WorkspaceRig.start();
  const { rig: { sessions, options, signal }, coder } = made;
  await made.rig.worker("w1");
  await sessions.create(OWNER, { name: "sand" }, options);
  const cases: readonly [Partial<CreateSession>, string, RegExp][] = [
    [{ workerLabels: { gpu: "yes" } }, "invalid", /workerLabels choose among workers of sandboxes/],
    [{ workspace: { ...DEV, workspace: "a b" } }, "invalid", /names no workspace/],
    [{ workspace: { ...DEV, workspace: "none" } }, "not_found", /have no workspace none/],
  ];
  for (const [more, code, message] of cases) {
    await assert.rejects(made.create({ ...IN_DEV, ...more }), { code, message });
  }
  await assert.rejects(sessions.create(OWNER, IN_DEV, options), {
    code: "forbidden",
    message: /no way to Coder as you/,
  });
  const none = made.rig.another({ workspaces: undefined });
  await assert.rejects(none.create(OWNER, IN_DEV, made.options()), {
    code: "unavailable",
    message: /there are no sessions in Coder workspaces here/,
  });
  assert.equal((await sessions.list(OWNER, { ended: true }, signal)).length, 1);
  assert.equal(coder.count("build"), 0);
});

Deno.test("people's own files are never replaced as a whole; those of a scratch directory may be", async () => {
  await using made = await WorkspaceRig.start();
  const { rig: { sessions }, executor } = made;
  const hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  executor
    .answer("archive.pack", { ok: true, output: { size: 0, sha256: hash, files: 0 } })
    .answer("archive.drop", { ok: true, output: {} })
    .answer("archive.unpack", { ok: true, output: { files: 0 } });
  await made.create();
  const { id } = await sessions.checkpoint(OWNER, "box", made.options());
  await assert.rejects(sessions.restore(OWNER, "box", id, made.options()), {
    code: "invalid",
    message:
      /files of workspace ann\/dev, which are not to be replaced as a whole: restore into a session with files: scratch/,
  });
  await assert.rejects(made.create({ ...IN_DEV, name: "two", checkpoint: id }), {
    code: "invalid",
    message: /give files: scratch, too/,
  });
  assert.equal(operations(executor).includes("archive.unpack"), false);
  const scratch = await made.create({ name: "two", checkpoint: id, workspace: { ...DEV, files: "scratch" } });
  assert.equal(scratch.state, "ready");
  assert.equal((await sessions.restore(OWNER, "two", id, made.options())).files, 0);
});

Deno.test("a workspace that is stopped is started with consent, and its session is made when it is ready", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, dev, rig: { clock, sessions, signal } } = made;
  coder.set(dev.id, "stopped", [], { transition: "stop" });
  await assert.rejects(made.create(), { code: "unavailable", message: /is stopped: .* with start: true/ });
  assert.deepEqual(await sessions.list(OWNER, { ended: true }, signal), []);
  const events: string[] = [];
  const onEvent = (event: TaskEvent) => void (event.kind === "progress" && events.push(event.message));
  const creating = sessions.create(OWNER, { name: "box", workspace: { ...DEV, start: true } }, {
    ...made.options(),
    onEvent,
  });
  await clock.advance(3_000);
  const [record] = await sessions.list(OWNER, {}, signal);
  assert.deepEqual([record?.state, record?.workspace?.workspace, record?.workspace?.agent], [
    "creating",
    "ann/dev",
    "",
  ]);
  coder.set(dev.id, "running", [{ lifecycle_state: "start_error" }]);
  await clock.advance(3_000);
  const ready = await creating;
  assert.deepEqual([ready.state, ready.workspace?.agent], ["ready", "main"]);
  assert.match(ready.reason, /the startup script of agent main failed/);
  assert.equal(coder.count("build"), 1);
  assert.equal(events[0], "the workspace is started");
  assert.equal((await made.echo()).output.message, "hi");
});

Deno.test("a workspace that does not come up ends the session that was to be there, and its name is free", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, dev, rig: { clock } } = made;
  coder.set(dev.id, "starting", [], { transition: "start" });
  const creating = made.create();
  const refused = assert.rejects(creating, {
    code: "deadline",
    message: /ann\/dev was not ready within 260 s/,
  });
  await clock.advance(300_000);
  await refused;
  coder.set(dev.id, "running", [{}]);
  assert.equal((await made.create()).state, "ready");
});

Deno.test("a worker that runs in the workspace takes the session, where it is its owner's", async () => {
  await using made = await WorkspaceRig.start();
  const worker = await made.bound();
  const record = await made.create();
  assert.deepEqual([record.workerId, record.incarnation], [worker.id, worker.hello.incarnation]);
  const other = made.coder.add({ name: "other", owner_name: "ann" });
  const elsewhere = await made.create({ name: "two", workspace: { ...DEV, workspace: "other" } });
  assert.deepEqual([elsewhere.workerId, elsewhere.workspace?.workspaceId], ["workspaces", other.id]);
});

Deno.test("a worker that says it is somebody else's, of the same workspace, gets nothing", async () => {
  await using made = await WorkspaceRig.start();
  const binding = { workspaceId: made.dev.id, ownerId: "00000000-0000-4000-8000-00000000beef" };
  await made.worker(boundWorkerId(binding), inWorkspaces(), binding);
  assert.equal((await made.create()).workerId, "workspaces");
});

Deno.test("a session stays where it is when a worker begins to run in its workspace", async () => {
  await using made = await WorkspaceRig.start();
  await made.create();
  const own = inWorkspaces();
  await made.bound(own);
  assert.equal((await made.echo()).session.workerId, "workspaces");
  assert.deepEqual(operations(own), []);
});

Deno.test("where the worker in the workspace goes away, its agent goes on with the same files", async () => {
  await using made = await WorkspaceRig.start();
  const { executor } = made;
  const worker = await made.bound();
  const { id, limits } = await made.create();
  await made.echo();
  await worker.stop();
  await settle();
  const { session } = await made.echo("again");
  assert.deepEqual([session.id, session.state, session.workerId], [id, "ready", "workspaces"]);
  const opened = executor.tasks.find(({ operation }) => operation === "session.open");
  assert.deepEqual(opened?.input, {
    limits,
    existing: true,
    workspace: { directory: "", files: "workspace", keepMs: 2_400_000 },
  });
  assert.match(await made.rig.metrics.text(), /^coordinator_sessions_moved_total 1$/m);
});

Deno.test("a worker in the workspace that was started again goes on with its sessions", async () => {
  await using made = await WorkspaceRig.start();
  await made.bound(inWorkspaces(), "first");
  await made.create();
  const again = inWorkspaces();
  const worker = await made.bound(again, "second");
  const { session } = await made.echo();
  assert.deepEqual([session.workerId, session.incarnation], [worker.id, "second"]);
  assert.deepEqual(operations(again), ["session.open", "echo"]);
});

Deno.test("a worker in the workspace that cannot make it leaves it to the agent, and has nothing of it", async () => {
  await using made = await WorkspaceRig.start();
  const broken = inWorkspaces().answer("session.open", { ok: false, code: "failed", message: "no python" });
  await made.bound(broken);
  assert.equal((await made.create()).workerId, "workspaces");
  assert.deepEqual(operations(broken), ["session.open", "session.close"]);
});

Deno.test("every call needs the caller's own way to Coder, and is not made without a right", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, executor, rig: { clock, options } } = made;
  await made.create();
  await assert.rejects(made.echo("hi", { ...options, coder: undefined as never }), { code: "forbidden" });
  coder.withoutSsh.add("ann");
  await clock.advance(60_000);
  await assert.rejects(made.echo(), { code: "forbidden", message: /not open terminals in it/ });
  coder.withoutSsh.clear();
  coder.suspended.add("ann");
  await assert.rejects(made.echo(), { code: "forbidden", message: /the user is suspended/ });
  coder.suspended.clear();
  await made.echo();
  assert.deepEqual(operations(executor), ["session.open", "echo"]);
});

Deno.test("a right that is lost in the middle ends the call, which says what is not known", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, executor, rig: { clock, sessions } } = made;
  await made.create();
  const held = executor.hold("fs.write");
  const body = new TextEncoder().encode("x");
  const writing = sessions.call(OWNER, "box", fsWrite, { path: "a" }, body, made.options());
  const refused = assert.rejects(writing, {
    code: "forbidden",
    message: /^fs\.write in session sess-.* was given up, and it is not known how far it was: .*suspended/,
  });
  const { signal } = await held;
  coder.suspended.add("ann");
  await clock.advance(61_000);
  await refused;
  await settle();
  assert.equal(signal.aborted, true);
});

Deno.test("nobody reaches another's session, whatever Coder lets them do", async () => {
  await using made = await WorkspaceRig.start();
  await made.create();
  const asBob = { ...made.rig.options, coder: made.coder.opens("bob") };
  await assert.rejects(made.rig.sessions.call(OTHER, "box", echo, { message: "a" }, undefined, asBob), {
    code: "not_found",
  });
});

Deno.test("a session whose workspace was deleted has failed, and says so", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, dev, rig: { clock, sessions, signal } } = made;
  await made.create();
  coder.delete(dev.id);
  await clock.advance(60_000);
  await assert.rejects(made.echo(), { code: "session_ended", message: /workspace ann\/dev was deleted/ });
  const record = await sessions.get(OWNER, "box", signal);
  assert.deepEqual([record.state, record.reason], [
    "failed",
    "workspace ann/dev was deleted, and the session with it: create a new one",
  ]);
});

Deno.test("a workspace that is deleted under a call ends the call and the session", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, dev, executor, rig: { clock, sessions, signal } } = made;
  await made.create();
  const held = executor.hold("echo");
  const ended = assert.rejects(made.echo(), {
    code: "session_ended",
    message: /workspace ann\/dev was deleted/,
  });
  await held;
  coder.delete(dev.id);
  await clock.advance(60_000);
  await ended;
  assert.equal((await sessions.get(OWNER, "box", signal)).state, "failed");
});

Deno.test("a session is closed in its workspace as its caller, and forgotten", async () => {
  await using made = await WorkspaceRig.start();
  const { door, executor, rig: { sessions, signal, clock } } = made;
  const { id } = await made.create();
  await clock.advance(120_000);
  let had: unknown;
  executor.answer("session.close", ({ task }) => {
    had = door.access.find(task.sessionId);
    return { ok: true, output: {} };
  });
  const closed = await sessions.close(OWNER, "box", signal, made.coder.opens("ann"));
  assert.equal(closed.state, "closed");
  assert.notEqual(had, undefined);
  await settle();
  assert.equal(door.access.find(id), undefined);
});

Deno.test("a session is over also where nobody has a right to its workspace any more", async () => {
  await using made = await WorkspaceRig.start();
  const { coder, rig: { sessions, signal } } = made;
  await made.create();
  coder.suspended.add("ann");
  const closed = await sessions.close(OWNER, "box", signal, coder.opens("ann"));
  assert.equal(closed.state, "closed");
});

Deno.test("what a bound worker has had is removed by the agent, where the worker is gone", async () => {
  await using made = await WorkspaceRig.start();
  const { executor, rig: { sessions, signal } } = made;
  const worker = await made.bound();
  await made.create({ name: "box", workspace: { ...DEV, files: "scratch" } });
  await worker.stop();
  await settle();
  await sessions.close(OWNER, "box", signal, made.coder.opens("ann"));
  assert.deepEqual(operations(executor), ["session.close"]);
  assert.deepEqual(executor.tasks[0]?.input, { keepFiles: false });
});

Deno.test("a coordinator that was started anew goes on with sessions in workspaces", async () => {
  await using made = await WorkspaceRig.start();
  await made.create();
  const other = made.rig.another();
  const { session, output } = await other.call(
    OWNER,
    "box",
    echo,
    { message: "a" },
    undefined,
    made.options(),
  );
  assert.deepEqual([session.workerId, output.message], ["workspaces", "a"]);
});

Deno.test("a worker in the workspace that comes back after its session went on by the agent lets go of it", async () => {
  await using made = await WorkspaceRig.start();
  const first = inWorkspaces();
  const worker = await made.bound(first, "first");
  const { id } = await made.create();
  await worker.vanish();
  await made.rig.clock.advance(301_000);
  assert.equal((await made.echo()).session.workerId, "workspaces");
  const back = inWorkspaces();
  back.loadNow = { ...back.loadNow };
  back.load = () => ({ ...back.loadNow, sessions: [id] });
  await made.bound(back, "first-again");
  await until(() => operations(back).includes("session.close"));
  assert.deepEqual(back.tasks[0]?.input, { keepFiles: true });
  assert.equal((await made.echo()).session.workerId, "workspaces");
});

Deno.test("what a caller is refused with is a session's error, whatever their way to Coder throws", async () => {
  await using made = await WorkspaceRig.start();
  await made.create();
  const options = made.options("ann", () => Promise.reject(new TypeError("the issuer is away")));
  const error = await made.echo("hi", options).catch((error) => error);
  assert.ok(error instanceof SessionError);
  assert.equal(error.code, "unavailable");
  assert.match(error.message, /Coder cannot be reached as you: the issuer is away/);
});
