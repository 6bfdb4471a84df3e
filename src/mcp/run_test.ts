import assert from "node:assert/strict";
import { z } from "zod";
import { SessionError } from "../sessions/types.ts";
import { Redactor } from "../telemetry/redactor.ts";
import { answerRedaction } from "./answers/redacted.ts";
import { ToolError } from "./errors.ts";
import { actTool, changeTool, namespaceInput, readTool } from "./tool.ts";
import { toolRig } from "./testing.ts";

const world = { count: 0 };
const reads = readTool({
  name: "get_count",
  description: "The count",
  toolset: "core",
  input: z.object({ namespace: namespaceInput() }),
  output: z.object({ count: z.int() }),
  idempotent: true,
  read(_input, call) {
    call.warn("it is only a number");
    return Promise.resolve({ count: world.count, secret: "hidden" } as { count: number });
  },
});
const changes = changeTool({
  name: "set_count",
  description: "Sets the count",
  toolset: "core",
  input: z.object({ to: z.int() }),
  output: z.object({ count: z.int() }),
  idempotent: true,
  destructive: false,
  plan({ to }) {
    const plan = { summary: `Set the count to ${to}`, preconditions: { count: String(world.count) } };
    return Promise.resolve({ answer: { count: world.count }, ...(to === world.count ? {} : { plan }) });
  },
  apply({ to }) {
    world.count = to;
    return Promise.resolve({ count: to });
  },
});

const acts = actTool({
  name: "box.write",
  description: "Writes in the caller's own box",
  toolset: "core",
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  idempotent: false,
  destructive: true,
  verbatim: true,
  act: ({ text }) =>
    text === "" ? Promise.reject(new SessionError("limit", "the box is full")) : Promise.resolve({ text }),
});

Deno.test("what is the caller's own is acted on at once, and answered byte for byte", async () => {
  const redactor = new Redactor();
  redactor.add("hunter2-hunter2");
  const rig = toolRig({ redaction: answerRedaction(redactor) });
  const text = "password: hunter2-hunter2";
  const answer = await rig.run(acts, { text });
  assert.deepEqual(answer, { output: { text }, text: `text: ${text}`, changed: true });
  assert.match((await rig.refuses(acts, { text, dryRun: true })).message, /dryRun/);
  const error = await rig.refuses(acts, { text: "" });
  assert.deepEqual([error.code, error.message], ["limit", "the box is full"]);
});

Deno.test("of what is the caller's own, only what others say is without secrets", async () => {
  const redactor = new Redactor();
  redactor.add("hunter2-hunter2");
  const questions: string[] = [];
  const rig = toolRig({
    redaction: answerRedaction(redactor),
    elicit: ({ message }) => {
      questions.push(message);
      return Promise.resolve("accept");
    },
  });
  const said = "Coder said hunter2-hunter2";
  const tells = (verbatim: boolean) =>
    actTool({
      ...acts,
      name: "box.tell",
      input: z.object({}),
      asks: true,
      verbatim,
      async act(_input, call) {
        call.progress(1, 2, said);
        call.warn(said);
        call.warn(said);
        await call.agree?.({ summary: said, preconditions: {} });
        return { text: call.redact?.(said) ?? said };
      },
    });
  const { output } = await rig.run(tells(true), {});
  assert.deepEqual(output, { text: "Coder said [redacted]", warnings: ["Coder said [redacted]"] });
  await rig.run(tells(false), {});
  assert.deepEqual(questions, Array(2).fill("Coder said [redacted]?"));
  // Progress of the caller's own is what a command prints.
  assert.deepEqual(rig.progress, [said, "Coder said [redacted]"]);
});

Deno.test("answers have what their schema names, and what the caller should know besides", async () => {
  const rig = toolRig();
  const { output, text } = await rig.run(reads, { namespace: "lab" });
  assert.deepEqual(output, { count: world.count, warnings: ["it is only a number"] });
  assert.equal(text, `count: ${world.count}\nNote: it is only a number`);
});

Deno.test("wrong arguments are told, an empty one as the Go server told it", async () => {
  const rig = toolRig();
  assert.equal((await rig.refuses(reads, { namespace: "" })).message, "namespace is required");
  assert.match((await rig.refuses(reads, { namespace: "a", more: 1 })).message, /more/);
  assert.match((await rig.refuses(reads, {})).message, /^wrong arguments: namespace: /);
});

Deno.test("nothing is changed before the caller has seen what, and then once", async () => {
  const rig = toolRig();
  world.count = 0;
  const { output } = await rig.run(changes, { to: 1 });
  const { planToken } = output["plan"] as { planToken: string };
  assert.equal(world.count, 0);
  await rig.refuses(changes, { to: 2, planToken });
  const again = (await rig.run(changes, { to: 1 })).output["plan"] as { planToken: string };
  const done = await rig.run(changes, { to: 1, planToken: again.planToken });
  assert.deepEqual([done.output, done.changed, world.count], [{ count: 1 }, true, 1]);
  world.count = 0;
  await rig.refuses(changes, { to: 1, planToken: again.planToken });
});

Deno.test("a plan is no plan any more where something else would come of it", async () => {
  const rig = toolRig();
  world.count = 0;
  const { planToken } = (await rig.run(changes, { to: 5 })).output["plan"] as { planToken: string };
  world.count = 3;
  assert.equal((await rig.refuses(changes, { to: 5, planToken })).code, "conflict");
  assert.equal(world.count, 3);
});

Deno.test("a dry run tells, and gives nothing to go on with; what is so already needs no plan", async () => {
  const rig = toolRig();
  world.count = 0;
  assert.deepEqual((await rig.run(changes, { to: 1, dryRun: true })).output["plan"], {
    summary: "Set the count to 1",
  });
  assert.deepEqual((await rig.run(changes, { to: 0 })).output, { count: 0 });
});

Deno.test("who can be asked is asked, and no means no", async () => {
  world.count = 0;
  const asked: string[] = [];
  const rig = toolRig({
    elicit: ({ message }) => Promise.resolve(asked.push(message) === 1 ? "decline" : "accept"),
  });
  assert.equal((await rig.refuses(changes, { to: 1 })).code, "declined");
  assert.equal(world.count, 0);
  assert.equal((await rig.run(changes, { to: 1 })).changed, true);
  assert.deepEqual(asked, ["Set the count to 1?", "Set the count to 1?"]);
});

Deno.test("neither answers nor errors have secrets in them", async () => {
  const token = "aB3dE6gH9j-0123456789abcdefGHIJKL";
  const tells = readTool({
    name: "tell",
    description: "Tells",
    toolset: "core",
    input: z.object({ fail: z.boolean().default(false) }),
    output: z.object({ said: z.string(), nextCursor: z.string() }),
    idempotent: true,
    read({ fail }, call) {
      call.warn(`it is ${token}`);
      if (fail) return Promise.reject(new ToolError("conflict", `no ${token}`));
      return Promise.resolve({ said: `with ${token} and hunter2`, nextCursor: token });
    },
  });
  const redactor = new Redactor();
  redactor.add("hunter2");
  const rig = toolRig({ redaction: answerRedaction(redactor) });
  const { output, text } = await rig.run(tells);
  assert.deepEqual(output, {
    said: "with [redacted] and [redacted]",
    nextCursor: token,
    warnings: ["it is [redacted]"],
  });
  assert.equal(text, `said: with [redacted] and [redacted]\nnextCursor: ${token}\nNote: it is [redacted]`);
  const error = await toolRig().refuses(tells, { fail: true });
  assert.deepEqual([error.code, error.message], ["conflict", "no [redacted]"]);
});

Deno.test("an answer that is frozen is checked and told once, until there is another", async () => {
  const redactor = new Redactor();
  const rig = toolRig({ redaction: answerRedaction(redactor) });
  const answers = [Object.freeze({ count: 1 }), { count: 2 }];
  let told = 0;
  let at = 0;
  const again = readTool({
    name: "get_again",
    description: "The same",
    toolset: "core",
    input: z.object({}),
    output: z.object({ count: z.int() }),
    idempotent: true,
    read: (_input, call) => {
      if (at === 2) call.warn("part of it is missing");
      return Promise.resolve(answers[at === 1 ? 1 : 0]!);
    },
    text: ({ count }) => `${count} ${++told}`,
  });
  const first = await rig.run(again);
  assert.equal(await rig.run(again), first);
  assert.equal(first.text, "1 1");
  at = 1;
  assert.notEqual(await rig.run(again), await rig.run(again));
  at = 2;
  assert.equal((await rig.run(again)).text, "1 4\nNote: part of it is missing");
  at = 0;
  redactor.add("a secret that was not known before");
  assert.equal((await rig.run(again)).text, "1 5");
  assert.equal((await rig.run(again)).text, "1 5");
});
