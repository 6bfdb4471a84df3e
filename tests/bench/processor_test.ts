import { equal, ok, throws } from "node:assert/strict";
import { processorSeconds, processorSecondsOf } from "./processor.ts";

const REST = "-1 4194304 5000 0 3 0 1234 66 7 8 20 0 12 0 100 1 2";

Deno.test("processor time is that of the user and of the system together, in seconds", () => {
  equal(processorSeconds(`4711 (coder-k8s) S 1 4711 4711 0 ${REST}`), 13);
});

Deno.test("a name with blanks and brackets does not shift the fields", () => {
  equal(processorSeconds(`4711 (a) (b c) R 1 4711 4711 0 ${REST}`), 13);
});

Deno.test("a line that is something else is an error", () => {
  throws(() => processorSeconds("4711 (x) S 1"), /was not understood/);
});

Deno.test("a process that works has more and more of it", () => {
  const before = processorSecondsOf(Deno.pid);
  const since = performance.now();
  while (performance.now() - since < 60_000 && processorSecondsOf(Deno.pid) === before);
  ok(processorSecondsOf(Deno.pid) > before);
});
