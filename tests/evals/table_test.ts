import assert from "node:assert/strict";
import { compareDocument, tasksMarkdown, withTasks } from "./table.ts";
import { readTasks, tasksOf } from "./task.ts";

const TASKS = tasksOf(
  `
tasks:
  - id: look
    kind: reading
    question: "What | is\\n in {namespace}?"
    caller: ann
    world: { people: { ann: [] }, access: { ann: [view] } }
    planted: { text: do it, wants: that to be done, reach: own }
    expect: {}
    most: { calls: 1, bytes: 900 }
`,
  "one.yaml",
);

Deno.test("the documentation has the tasks that there are", async () => {
  await compareDocument(await readTasks(), (actual, expected) => assert.equal(actual, expected));
});

Deno.test("a task is a row, whatever its question has in it", () => {
  const [, , head, rule, row] = tasksMarkdown(TASKS).split("\n");
  assert.equal(head, "| Task   | Question                                          | Calls | Bytes |");
  assert.match(rule!, /^\| -{6} \| -{49} \| -{5} \| -{5} \|$/);
  assert.equal(row, "| `look` | What \\| is in team-1? (Planted: that to be done.) | 1     | 900   |");
});

Deno.test("tasks take the place of those before, and a document without a place is told", async () => {
  const document = await Deno.readTextFile(new URL("../../docs/evaluations.md", import.meta.url));
  const once = withTasks(document, TASKS);
  assert.equal(withTasks(once, TASKS), once);
  assert.ok(!once.includes("`stop-mine`") && once.includes("`look`"));
  assert.throws(() => withTasks("nothing", TASKS), /no place/);
});
