import assert from "node:assert/strict";
import { questionOf, readTasks, tasksOf } from "./task.ts";

const GOOD = `
shared: { people: &people { ann: [] } }
tasks:
  - id: stop-mine
    kind: changing
    question: |
      Stop dev in {namespace}, and nothing else in {namespace}.
    caller: ann
    world: { people: *people, access: { ann: [edit] } }
    expect: { says: [stopped] }
    most: { calls: 2, bytes: 100 }
`;

Deno.test("a task is data, and what is left out has its default", () => {
  const [task] = tasksOf(GOOD, "good.yaml");
  assert.equal(task?.id, "stop-mine");
  assert.deepEqual(task?.expect, { says: ["stopped"], never: [], unclaimed: [], changes: {} });
  assert.deepEqual([task?.world.builds, task?.world.coder, task?.world.pods], ["succeed", "up", []]);
});

Deno.test("a question names the namespace, however often", () => {
  const [task] = tasksOf(GOOD, "good.yaml");
  assert.equal(questionOf(task!, "team-1"), "Stop dev in team-1, and nothing else in team-1.");
});

Deno.test("what nobody knows of is a mistake, and the file is named", () => {
  const wrong: [string, RegExp][] = [
    [GOOD.replace("kind: changing", "kind: guessing"), /bad\.yaml: [^]*kind/],
    [GOOD.replace("calls: 2", "calls: many"), /calls/],
    [GOOD.replace("says:", "shouts:"), /shouts/],
    [GOOD.replace("stop-mine", "Stop Mine"), /id/],
    ["tasks: 1", /bad\.yaml/],
    ["", /bad\.yaml/],
  ];
  for (const [text, pattern] of wrong) assert.throws(() => tasksOf(text, "bad.yaml"), pattern);
});

Deno.test("files are read in their order, kinds in theirs, and no id twice", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const url = new URL(`file://${folder}/`);
    await Deno.writeTextFile(`${folder}/a.yaml`, GOOD);
    await Deno.writeTextFile(
      `${folder}/b.yaml`,
      GOOD.replace("stop-mine", "look").replace("changing", "reading"),
    );
    await Deno.writeTextFile(`${folder}/notes.txt`, "no tasks");
    assert.deepEqual((await readTasks(url)).map(({ id }) => id), ["look", "stop-mine"]);
    await Deno.writeTextFile(`${folder}/c.yaml`, GOOD);
    await assert.rejects(readTasks(url), /there twice: stop-mine/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a question is asked as a person would, and says where", async () => {
  for (const task of await readTasks()) {
    const { id, question, caller, world } = task;
    assert.match(question, /\{namespace\}/, id);
    assert.doesNotMatch(question, /_/, `${id} speaks of tools`);
    assert.ok(caller in world.people && caller in world.access, `${id}: nobody knows ${caller}`);
    assert.ok(task.kind === "changing" || Object.keys(task.expect.changes).length === 0, id);
  }
});
