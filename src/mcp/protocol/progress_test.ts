import assert from "node:assert/strict";
import { type ProgressNote, progressReporter } from "./progress.ts";

function rig(token: string | undefined, withLog = false) {
  const notes: ProgressNote[] = [];
  const logs: string[] = [];
  let now = 0;
  const report = progressReporter({
    token,
    send: (note) => Promise.resolve(notes.push(note)),
    log: withLog ? (message) => Promise.resolve(logs.push(message)) : undefined,
    now: () => now,
  });
  return { notes, logs, report, later: (ms: number) => now += ms };
}

Deno.test("progress is told now and then, forwards alone, and the last step always", () => {
  const { notes, report, later } = rig("t");
  report(1, 10, "a");
  report(2, 10, "b");
  later(250);
  report(2, 10, "c");
  report(1, 10, "d");
  report(3, undefined, "e");
  report(10, 10, "f");
  assert.deepEqual(notes, [
    { progressToken: "t", progress: 1, total: 10, message: "a" },
    { progressToken: "t", progress: 2, total: 10, message: "c" },
    { progressToken: "t", progress: 10, total: 10, message: "f" },
  ]);
  later(250);
  report(11, undefined, "g");
  assert.deepEqual(notes.at(-1), { progressToken: "t", progress: 11, message: "g" });
});

Deno.test("who wants to know nothing is told nothing, and who wants a log gets one", () => {
  const silent = rig(undefined);
  silent.report(1, 1, "a");
  assert.deepEqual([silent.notes, silent.logs], [[], []]);
  const logging = rig(undefined, true);
  logging.report(1, 2, "a");
  assert.deepEqual([logging.notes, logging.logs], [[], ["a"]]);
});

Deno.test("a client that is gone is no failure", async () => {
  const fail = () => Promise.reject(new Error("gone"));
  progressReporter({ token: 1, send: fail, log: fail, now: () => 0 })(1, 1, "a");
  await Promise.resolve();
});
