import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { withLiveLine } from "./live_line.ts";

function recorder(isTerminal: boolean) {
  const written: string[] = [];
  return { written, sink: { isTerminal, write: (text: string) => void written.push(text) } };
}

Deno.test("on a terminal the line is rewritten in place, and gone at the end", async () => {
  const { written, sink } = recorder(true);
  let step = 0;
  const result = await withLiveLine(sink, () => `step ${step}`, async () => {
    step = 1;
    await waitFor(() => written.includes("\r\x1b[K  step 1"), { what: "the line to change", intervalMs: 1 });
    return "result";
  }, { terminalMs: 1 });
  assert.equal(result, "result");
  assert.equal(written[0], "\r\x1b[K  step 0");
  assert.equal(written.at(-1), "\r\x1b[K");
});

Deno.test("elsewhere plain lines are written, and they stay", async () => {
  const { written, sink } = recorder(false);
  await withLiveLine(
    sink,
    () => "at work",
    () => waitFor(() => written.length >= 3, { what: "three lines", intervalMs: 1 }),
    { plainMs: 1 },
  );
  assert.deepEqual([...new Set(written)], ["  at work\n"]);
});

Deno.test("a failure is passed on, and the line is gone all the same", async () => {
  const { written, sink } = recorder(true);
  await assert.rejects(
    withLiveLine(sink, () => "at work", () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(written.at(-1), "\r\x1b[K");
});
