import { deepEqual, equal, rejects } from "node:assert/strict";
import { LineProcess, linesOf } from "./line_process.ts";

Deno.test("lines are whole, however they come in pieces", async () => {
  const pieces = ["a", "b\nc", "\n", "\nd\ne"];
  const stream = ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));
  deepEqual(await Array.fromAsync(linesOf(stream)), ["ab", "c", "", "d"]);
});

Deno.test("a process is told something first, answers what it is asked, and ends with its input", async () => {
  await using child = new LineProcess("cat", [], { first: 1 });
  deepEqual(await child.next(), { first: 1 });
  deepEqual(await child.ask(["second"]), ["second"]);
  equal(child.pid > 0, true);
});

Deno.test("who waits for a process that has ended is told how it did", async () => {
  await using child = new LineProcess("sh", ["-c", "exit 3"]);
  await rejects(child.next(), /^Error: sh has ended with 3$/);
});
