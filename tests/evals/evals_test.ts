/** Every task can be done with the tools there are, in both eras, with no more calls and bytes than it allows for. */
import assert from "node:assert/strict";
import { fencedIn, unfenced } from "../../src/mcp/testing.ts";
import { waitFor } from "../cluster/mod.ts";
import { isCall, nameOf, textOf } from "./figures.ts";
import { commandProgram, ERAS, type Program } from "./program.ts";
import { reportOf, reportText } from "./report.ts";
import { startEvalRig } from "./rig.ts";
import { runTask, runTasks, type WatchedResult } from "./run.ts";
import { obedientProgram, scriptedProgram, SCRIPTS, watchedProgram } from "./scripted/client.ts";
import { follow } from "./scripted/talk.ts";
import { KINDS, readTasks, type Task } from "./task.ts";

/** Those that the issue asks for, and of which kinds. */
const LEAST = 30;
const LEAST_PLANTED = 6;

const tasks = await readTasks();
const planted = tasks.filter((task) => task.planted !== undefined);
const named = (id: string) => tasks.filter((task) => task.id === id);
const SCRIPTED_COMMAND = `${Deno.execPath()} run -A --no-check --config ${
  new URL("../../deno.json", import.meta.url).pathname
} ${new URL("./scripted/client.ts", import.meta.url).pathname}`;
/** Worlds for what is asked besides, and for what is asked again. */
const MORE = 40;
const AWAY = /does not answer|no answer (?:in time|within)|cannot be asked now/;
const wasAway = ({ success, exchanges }: WatchedResult) =>
  !success && exchanges.filter(isCall).some((one) => AWAY.test(textOf(one)));
const titleOf = ({ task, era }: WatchedResult) => `${task} (${era})`;

Deno.test("there are enough tasks of each kind, and a script for each", () => {
  assert.ok(tasks.length >= LEAST, `${tasks.length}`);
  for (const kind of KINDS) {
    assert.ok(tasks.filter((task) => task.kind === kind).length >= 8, `tasks of the kind ${kind}`);
  }
  assert.ok(planted.length >= LEAST_PLANTED);
  assert.deepEqual(Object.keys(SCRIPTS).sort(), tasks.map(({ id }) => id).sort());
});

Deno.test("every task can be done with these tools", async (t) => {
  await using rig = await startEvalRig((tasks.length + planted.length) * ERAS.length + MORE);
  const recorded: WatchedResult["exchanges"][number][] = [];
  const record = ({ exchanges }: WatchedResult) => void recorded.push(...exchanges.filter(isCall));
  const ask = async (asked: readonly Task[], program: Program): Promise<WatchedResult[]> => {
    const results = await runTasks(rig, asked, { program, eras: ERAS });
    results.forEach(record);
    for (const [index, result] of results.entries()) {
      // On a machine that is busy with other tests Coder may be away for a second. What hangs on that is asked again.
      const task = asked.find(({ id }) => id === result.task)!;
      for (let time = 0; time < 3 && wasAway(results[index]!); time++) {
        record(results[index] = await runTask(rig, task, result.era, { program }));
      }
    }
    return results;
  };
  const results = await ask(tasks, scriptedProgram);

  await t.step("what clients did is what the server has on record", async () => {
    // Lines of another process come when they come.
    await waitFor(() => rig.audit().length >= recorded.length, { what: "the last record" });
    const audited = rig.audit().map(({ tool }) => tool).sort();
    assert.deepEqual(recorded.map(nameOf).sort(), audited);
  });

  for (const result of results) {
    await t.step(titleOf(result), () => {
      const { era, kind, problems, violations, figures: { calls, bytes }, most, exchanges } = result;
      assert.deepEqual(problems, []);
      assert.deepEqual(violations, [], "what Coder must never be asked");
      assert.equal(exchanges.some(({ method }) => method === "initialize"), era === "sessions");
      const all = bytes.in + bytes.out;
      assert.ok(
        calls <= most.calls && all <= most.bytes,
        `${calls} calls, ${all} bytes; most: ${JSON.stringify(most)}`,
      );
      // What a task allows for is of use as long as it is near to what is needed. Diagnoses say more and less as rules go.
      const isLoose = kind !== "diagnosing" && era === "sessionless" && all * 2 < most.bytes;
      const isFar = calls < most.calls || isLoose;
      assert.ok(!isFar, `${calls} calls, ${all} bytes: allow for ${Math.ceil(all / 80) * 100} bytes`);
      const text = tasks.find(({ id }) => id === result.task)?.planted?.text;
      if (text === undefined) return;
      const told = exchanges.filter(isCall).map(textOf).join("\n");
      assert.ok(
        fencedIn(told).some((inside) => inside.includes(text)),
        `what was planted is not fenced: ${told}`,
      );
      assert.ok(!unfenced(told).includes(text), `what was planted is outside of the fence, too: ${told}`);
    });
  }

  await t.step("a program of its own is asked as any other", async () => {
    const program = commandProgram(SCRIPTED_COMMAND);
    for (const { era, problems, figures } of await ask(named("stop-mine"), program)) {
      assert.deepEqual([problems, figures.calls], [[], 2], era);
    }
  });

  await t.step(
    "a client that says what it has not done is found out, and so is one that does more",
    async () => {
      const [boasting] = await ask(
        named("stop-mine"),
        () => Promise.resolve({ answer: "Your workspace is stopped." }),
      );
      assert.deepEqual(boasting?.problems, [
        'workspace ann/dev is as it was, not {"state":"stopped","builds":2}',
      ]);
      const [eager] = await ask(named("schedule"), async (input) => ({
        answer: await follow(async (talk) => {
          await talk.changes("update_workspace", { name: "coder.ann.dev", ttlMinutes: 60 });
          return "It starts at 8:30 in Berlin, and stops after 8 hours.";
        }, input),
      }));
      assert.deepEqual(eager?.problems, [], "she may only look");
      assert.deepEqual([eager?.figures.calls, eager?.isOver], [1, false]);
      const [failing] = await ask(named("schedule"), () => Promise.reject(new Error("no model")));
      assert.deepEqual(failing?.problems, ["the client failed: no model", "there is no answer"]);
    },
  );

  const beyond = planted.filter((task) => task.planted?.reach === "beyond");
  for (const result of await ask(beyond.map(judgedByState), obedientProgram)) {
    await t.step(`${titleOf(result)}: a client that obeys gets nothing that its caller may not do`, () => {
      assert.deepEqual(result.problems, []);
      assert.match(result.answer ?? "", /^refused: /);
    });
  }
  const own = planted.filter((task) => task.planted?.reach === "own");
  for (const result of await ask(own.map(judgedByState), watchedProgram)) {
    await t.step(
      `${titleOf(result)}: a client that obeys gets nothing done that a person does not agree to`,
      () => {
        assert.deepEqual(result.problems, []);
        assert.match(result.answer ?? "", /^refused: .*declined, and nothing was changed/);
      },
    );
  }

  const text = reportText(reportOf("scripted", results));
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
});

/** What it says does not matter. */
function judgedByState(task: Task): Task {
  return { ...task, expect: { ...task.expect, says: [], never: [], unclaimed: [] } };
}
