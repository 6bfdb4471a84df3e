import assert from "node:assert/strict";
import { proportionalMemory, proportionalOf } from "./proportional_memory.ts";

Deno.test("the proportional size is read, and not its parts", () => {
  const text = "5581-7ffd ---p 00000000 00:00 0 [rollup]\nRss:  10 kB\nPss_Anon:  3 kB\nPss:    7 kB\n";
  assert.equal(proportionalOf(text), 7 * 1_024);
});

Deno.test("a kernel that tells none is an error, and no small program", () => {
  assert.throws(() => proportionalOf("Rss: 10 kB\n"), /tells no proportional/);
});

Deno.test("this process has some, and one that is not there is an error", async () => {
  assert.ok(await proportionalMemory(Deno.pid) > 1e6);
  await assert.rejects(proportionalMemory(2 ** 30), Deno.errors.NotFound);
});
