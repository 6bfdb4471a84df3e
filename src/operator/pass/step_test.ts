import assert from "node:assert/strict";
import { widgetPass } from "../testing.ts";
import { type PassState, runSteps, type Step as SharedStep, type Tools } from "./step.ts";

type Step = SharedStep<PassState, Tools>;

const tools = { redact: (text: string) => text.replace("secret", "***") } as unknown as Tools;

function pass(signal = new AbortController().signal): PassState {
  return widgetPass({ signal });
}

Deno.test("a step that fails stops no other, in its stage or a later one", async () => {
  const done: string[] = [];
  const good = (name: string): Step => ({ name, run: () => Promise.resolve(void done.push(name)) });
  const bad: Step = { name: "Bad", run: () => Promise.reject(new Error("a secret")) };
  const failures = await runSteps([[bad, good("One")], [good("Two")]], pass(), tools);
  assert.deepEqual(done, ["One", "Two"]);
  assert.deepEqual(failures.map(({ step, message }) => [step, message]), [["Bad", "a ***"]]);
});

Deno.test("a later stage starts when the earlier one has ended, and sees what it found", async () => {
  const order: string[] = [];
  const first: Step = {
    name: "First",
    async run(state) {
      await Promise.resolve();
      state.pendingUpgrade = ["x"];
      order.push("first");
    },
  };
  const second: Step = {
    name: "Second",
    run: (state) => Promise.resolve(void order.push(`second sees ${state.pendingUpgrade}`)),
  };
  assert.deepEqual(await runSteps([[first], [second]], pass(), tools), []);
  assert.deepEqual(order, ["first", "second sees x"]);
});

Deno.test("an aborted pass ends with the reason of its signal", async () => {
  const abort = new AbortController();
  const reason = new Error("leadership was lost");
  const later: string[] = [];
  const aborting: Step = {
    name: "Aborting",
    run() {
      abort.abort(reason);
      return Promise.reject(new Error("cut short"));
    },
  };
  const next: Step = { name: "Next", run: () => Promise.resolve(void later.push("ran")) };
  await assert.rejects(runSteps([[aborting], [next]], pass(abort.signal), tools), reason);
  assert.deepEqual(later, []);
});
