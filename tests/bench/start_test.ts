import assert from "node:assert/strict";
import { inTurns } from "./start.ts";

Deno.test("commands are run in turns, and each run of each is timed", async () => {
  const file = await Deno.makeTempFile();
  try {
    const say = (word: string) => ["sh", "-c", `echo ${word} >> ${file}`];
    const times = await inTurns([say("a"), say("b")], 3);
    assert.deepEqual((await Deno.readTextFile(file)).split("\n"), ["a", "b", "a", "b", "a", "b", ""]);
    assert.deepEqual(times.map((each) => each.length), [3, 3]);
    assert.ok(times.flat().every((ms) => ms > 0));
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a command that fails is no figure", async () => {
  await assert.rejects(inTurns([["sh", "-c", "exit 3"]], 1), /sh -c exit 3 ended with 3/);
});
