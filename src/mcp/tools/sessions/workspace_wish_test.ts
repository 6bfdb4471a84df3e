import assert from "node:assert/strict";
import type { CoderClient } from "../../../coder/mod.ts";
import type { CallerCoders, CoderChoice, CoderRef } from "../../../caller/types.ts";
import type { CreateSession, SessionCallOptions, Sessions } from "../../../sessions/coordinator/types.ts";
import { SessionError, type SessionRecord } from "../../../sessions/types.ts";
import { StartNeeded } from "../../../sessions/workspaces/types.ts";
import { ToolError } from "../../errors.ts";
import { toolRig, type ToolRigOptions } from "../../testing.ts";
import { sandboxTools } from "./mod.ts";
import { answeringSessions, RECORD } from "./testing.ts";

const IN_WORKSPACE: SessionRecord = {
  ...RECORD,
  name: "box",
  workerId: "workspaces",
  isolation: "workspace",
  workspace: {
    coder: "lab/acme",
    namespace: "lab",
    controlPlane: "acme",
    workspaceId: "00000000-0000-4000-8000-000000000001",
    workspace: "ann/dev",
    ownerId: "00000000-0000-4000-8000-000000000002",
    agent: "main",
    directory: "",
    files: "workspace",
  },
};
const CLIENT = {} as CoderClient;

function rig(refs: readonly CoderRef[] = [{ id: "lab/acme", namespace: "lab", controlPlane: "acme" }]) {
  const created: CreateSession[] = [];
  const options: SessionCallOptions[] = [];
  const opened: CoderChoice[] = [];
  let answer: (request: CreateSession) => SessionRecord = () => IN_WORKSPACE;
  const rest: Partial<Sessions> = {
    create(_owner, request, given) {
      created.push(request);
      options.push(given);
      given.onEvent?.({ kind: "progress", done: 3, message: "agent main connects" });
      return Promise.resolve().then(() => answer(request));
    },
    close: (_owner, _ref, signal, coder) => {
      options.push({ signal, coder });
      return Promise.resolve({ ...IN_WORKSPACE, state: "closed" });
    },
    list: () => Promise.resolve([IN_WORKSPACE]),
    checkpoints: () => Promise.resolve([]),
  };
  const coders: CallerCoders = {
    list: (namespace) =>
      Promise.resolve(refs.filter((ref) => namespace === undefined || ref.namespace === namespace)),
    open(choice) {
      opened.push(choice);
      const ref = refs.find((ref) => ref.namespace === choice.namespace);
      if (ref === undefined) {
        throw new ToolError("not_found", `no Coder is known in namespace ${choice.namespace}`);
      }
      return Promise.resolve({ ref, client: CLIENT, as: "caller", user: "ann" });
    },
  };
  const { sessions } = answeringSessions(() => ({ output: {} }), rest);
  const tools = sandboxTools(sessions);
  return {
    created,
    options,
    opened,
    coders,
    answers: (next: typeof answer) => void (answer = next),
    tool: (name: string) => tools.find((one) => one.name === name)!,
    tools: (given: ToolRigOptions = {}) => toolRig({ coders, ...given }),
  };
}

Deno.test("a session in a workspace is asked for with its Coder, and shows where it is", async () => {
  const { created, tool, tools } = rig();
  const run = tools();
  const { output } = await run.run(tool("session.create"), { name: "box", workspace: "dev" });
  assert.deepEqual(JSON.parse(JSON.stringify(created)), [
    { name: "box", workspace: { namespace: "lab", controlPlane: "acme", workspace: "dev" } },
  ]);
  assert.deepEqual([output["workspace"], output["files"], output["isolation"], "directory" in output], [
    "ann/dev.main",
    "workspace",
    "workspace",
    false,
  ]);
  assert.deepEqual(run.progress, ["agent main connects"]);
  const { sessions } = (await run.run(tool("session.list"))).output as {
    sessions: Record<string, unknown>[];
  };
  assert.equal(sessions[0]?.["workspace"], "ann/dev.main");
});

Deno.test("all that can be said of it is passed on; what is not said is not", async () => {
  const { created, tool, tools, answers } = rig();
  answers(() => ({
    ...IN_WORKSPACE,
    workspace: { ...IN_WORKSPACE.workspace!, directory: "src", files: "scratch" },
  }));
  const asked = { workspace: "bob/dev.gpu", directory: "src", files: "scratch", start: true };
  const { output } = await tools().run(tool("session.create"), {
    ...asked,
    namespace: "lab",
    controlPlane: "acme",
  });
  assert.deepEqual(created[0]?.workspace, { ...asked, namespace: "lab", controlPlane: "acme" });
  assert.deepEqual([output["directory"], output["files"]], ["src", "scratch"]);
});

Deno.test("what is of workspaces alone needs one", async () => {
  const { created, tool, tools } = rig();
  for (const wrong of [{ directory: "src" }, { start: true }, { files: "scratch" }, { namespace: "lab" }]) {
    const { code, message } = await tools().refuses(tool("session.create"), wrong);
    assert.equal(code, "invalid");
    assert.match(message, new RegExp(`${Object.keys(wrong)[0]} is of sessions in a Coder workspace`));
  }
  for (const wrong of [{ workspace: "" }, { workspace: "dev", files: "mine" }]) {
    assert.equal((await tools().refuses(tool("session.create"), wrong)).code, "invalid");
  }
  assert.deepEqual(created, []);
});

Deno.test("of several Coders one must be named, and what is not known is said by who opens it", async () => {
  const beta = { id: "lab/beta", namespace: "lab", controlPlane: "beta" };
  const two = rig([{ id: "lab/acme", namespace: "lab", controlPlane: "acme" }, beta]);
  const { code, message } = await two.tools().refuses(two.tool("session.create"), { workspace: "dev" });
  assert.deepEqual([code, message], [
    "invalid",
    "there are several Coders: give namespace and controlPlane, one of lab/acme, lab/beta",
  ]);
  await two.tools().run(two.tool("session.create"), { workspace: "dev", controlPlane: "beta" });
  assert.equal(two.created[0]?.workspace?.controlPlane, "beta");
  const none = rig([]);
  await none.tools().run(none.tool("session.create"), { workspace: "dev" });
  assert.deepEqual([none.created[0]?.workspace?.namespace, none.created[0]?.workspace?.controlPlane], [
    "",
    "",
  ]);
  // Of a Coder that no control plane is known of, its address is its name.
  const plain = rig([{ id: "https://coder.example.com", namespace: "lab" }]);
  await plain.tools().run(plain.tool("session.create"), { workspace: "dev" });
  assert.equal(plain.created[0]?.workspace?.controlPlane, "");
});

Deno.test("calls have the way to Coder as the caller, and what it refuses is a session's refusal", async () => {
  const { options, opened, tool, tools } = rig();
  await tools().run(tool("session.create"), { workspace: "dev" });
  await tools().run(tool("session.close"), { session: "box" });
  assert.equal(options.length, 2);
  for (const { coder } of options) {
    const { id, client, user } = await coder!(
      { namespace: "lab", controlPlane: "acme" },
      AbortSignal.timeout(60_000),
    );
    assert.deepEqual([id, user], ["lab/acme", "ann"]);
    assert.equal(client, CLIENT);
  }
  assert.deepEqual(opened, [
    { namespace: "lab", controlPlane: "acme", as: "caller" },
    { namespace: "lab", controlPlane: "acme", as: "caller" },
  ]);
  const open = options[0]!.coder!;
  const error = await open({ namespace: "elsewhere", controlPlane: "" }, AbortSignal.timeout(60_000)).catch((
    e,
  ) => e);
  assert.ok(error instanceof SessionError);
  assert.deepEqual([error.code, error.message], ["not_found", "no Coder is known in namespace elsewhere"]);
});

const stopped = () => {
  throw new StartNeeded(
    "workspace ann/dev is stopped: ask with start: true",
    "ann/dev",
    "Workspace ann/dev is stopped. Start it",
    "b1",
  );
};

Deno.test("whoever can be asked is asked whether a stopped workspace may be started", async () => {
  const { answers, created, tool, tools } = rig();
  answers((request) => request.workspace?.start === true ? IN_WORKSPACE : stopped());
  const asked: string[] = [];
  const elicit = ({ message }: { readonly message: string }) => {
    asked.push(message);
    return Promise.resolve("accept" as const);
  };
  const { output } = await tools({ elicit }).run(tool("session.create"), { name: "box", workspace: "dev" });
  assert.equal(output["session"], IN_WORKSPACE.id);
  assert.deepEqual(asked, ["Workspace ann/dev is stopped. Start it?"]);
  assert.deepEqual(created.map(({ workspace }) => workspace?.start), [undefined, true]);
});

Deno.test("who declines, who cannot be asked, and who has said no gets no start", async () => {
  const { answers, created, tool, tools } = rig();
  answers(stopped);
  const args = { name: "box", workspace: "dev" };
  const declined = await tools({ elicit: () => Promise.resolve("decline") }).refuses(
    tool("session.create"),
    args,
  );
  assert.deepEqual([declined.code, created.length], ["declined", 1]);
  const cannot = await tools().refuses(tool("session.create"), args);
  assert.deepEqual([cannot.code, cannot.message], [
    "unavailable",
    "workspace ann/dev is stopped: ask with start: true",
  ]);
  const elicit = () => Promise.reject(new Error("nobody is to be asked"));
  const no = await tools({ elicit }).refuses(tool("session.create"), { ...args, start: false });
  assert.equal(no.code, "unavailable");
  assert.deepEqual(created.map(({ workspace }) => workspace?.start), [undefined, undefined, false]);
});

Deno.test("a question that is the call's answer ends it as it is, and no failure is made of it", async () => {
  const { answers, tool, tools } = rig();
  answers(stopped);
  class Question extends Error {}
  const run = tools({ elicit: () => Promise.reject(new Question("first this")) });
  await assert.rejects(run.run(tool("session.create"), { name: "box", workspace: "dev" }), Question);
});

Deno.test("on record is the workspace that a call was for", async () => {
  const { tool, coders } = rig();
  const notes: unknown[] = [];
  const { runTool } = await import("../../run.ts");
  const { CALLER, MemoryPlans } = await import("../../testing.ts");
  await runTool(tool("session.create"), { name: "box", workspace: "dev" }, {
    caller: CALLER,
    cluster: {} as never,
    coders,
    signal: AbortSignal.timeout(60_000),
    now: Date.now,
    progress() {},
    provenance: (where) => void notes.push(where),
  }, { plans: new MemoryPlans() });
  assert.deepEqual(notes, [{ session: IN_WORKSPACE.id, workspace: "ann/dev.main" }]);
});
