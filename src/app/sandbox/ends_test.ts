import assert from "node:assert/strict";
import { Ends } from "./ends.ts";

Deno.test("what was begun last ends first, and once", async () => {
  const ends = new Ends();
  const seen: string[] = [];
  ends.add("first", () => seen.push("first"));
  ends.run("loop", async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    seen.push("loop");
  });
  ends.add("last", () => Promise.resolve().then(() => seen.push("last")));
  await ends[Symbol.asyncDispose]();
  await ends[Symbol.asyncDispose]();
  assert.deepEqual(seen, ["last", "loop", "first"]);
});

Deno.test("one that fails keeps nobody from ending, and is told", async () => {
  const ends = new Ends();
  let ended = false;
  ends.add("store", () => ended = true);
  ends.run("broken", () => Promise.reject(new Error("why")));
  await assert.rejects(
    ends[Symbol.asyncDispose](),
    (error: Error) =>
      error.message.startsWith("broken did not end") && (error.cause as Error).message === "why",
  );
  assert.equal(ended, true);
});
