import assert from "node:assert/strict";
import { choiceOf, isGood, main } from "./main.ts";
import type { TaskResult } from "./report.ts";
import { readTasks } from "./task.ts";

const all = await readTasks();

Deno.test("all tasks are asked in both eras, unless something else is said", () => {
  const choice = choiceOf([], all);
  assert.deepEqual([choice?.tasks.length, choice?.eras], [all.length, ["sessions", "sessionless"]]);
  assert.deepEqual([choice?.client, choice?.concurrency, choice?.deadlineSeconds], [undefined, 2, 180]);
  const some = choiceOf(["--", "--kind", "reading", "--era=sessions", "--concurrency", "1", "--strict"], all);
  assert.ok(some?.tasks.every(({ kind }) => kind === "reading"));
  assert.deepEqual([some?.eras, some?.concurrency, some?.strict], [["sessions"], 1, true]);
  assert.deepEqual(choiceOf(["--task", "stop-mine,schedule"], all)?.tasks.map(({ id }) => id), [
    "schedule",
    "stop-mine",
  ]);
  assert.equal(choiceOf(["--help"], all), undefined);
});

Deno.test("what is wrong with a command line is said", async () => {
  assert.throws(() => choiceOf(["--task", "nonsense"], all), /--task: there is no nonsense; there are /);
  assert.throws(
    () => choiceOf(["--era", "stone"], all),
    /--era: there is no stone; there are sessions, sessionless/,
  );
  assert.throws(() => choiceOf(["--deadline", "0"], all), /--deadline: 0 is no number from 1/);
  assert.throws(() => choiceOf(["--fast"], all), /fast/);
  assert.equal(await main(["--client", '"open']), 2);
});

Deno.test("help and the list of tasks need no cluster", async () => {
  assert.equal(await main(["--help"]), 0);
  assert.equal(await main(["--list", "--kind=diagnosing"]), 0);
});

Deno.test("a run is good where every task is done; where it is strict, with no more than it takes", () => {
  const result = (success: boolean, isOver: boolean) => ({ success, isOver }) as TaskResult;
  assert.ok(isGood([result(true, true)], false));
  assert.ok(!isGood([result(true, true)], true));
  assert.ok(!isGood([result(true, false), result(false, false)], false));
});
