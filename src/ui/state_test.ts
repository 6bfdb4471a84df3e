import assert from "node:assert/strict";
import { NOTHING, type Shown, shownAfter } from "./state.ts";
import type { SessionRow, WatchEvent } from "./types.ts";

const row = (id: string) => ({ id }) as SessionRow;
const after = (events: WatchEvent[], from: Shown = NOTHING) => events.reduce(shownAfter, from);
const hello: WatchEvent = {
  kind: "hello",
  user: "ann",
  version: "1",
  sections: ["sessions"],
  diagnosis: true,
  replica: "one",
};
const rows = (ids: string[], more: object = {}): WatchEvent => ({
  kind: "rows",
  section: "sessions",
  rows: ids.map(row),
  removed: [],
  ...more,
});
const ids = (shown: Shown) => [...shown.sections.sessions.rows.keys()];

Deno.test("rows come in pieces, change and go", () => {
  const first = after([hello, rows(["a", "b"], { reset: true }), rows(["c"], { complete: true })]);
  assert.deepEqual(first.hello, {
    user: "ann",
    version: "1",
    sections: ["sessions"],
    diagnosis: true,
    replica: "one",
  });
  assert.deepEqual([ids(first), first.sections.sessions.isComplete], [["a", "b", "c"], true]);
  const second = after([rows(["d"], { removed: ["a"] })], first);
  assert.deepEqual(ids(second), ["b", "c", "d"]);
  assert.ok(second.sections.sessions.isComplete);
  assert.deepEqual(ids(first), ["a", "b", "c"], "what was shown before stays as it was");
});

Deno.test("who begins anew keeps old rows until the first new ones, and nothing of what is shown no more", () => {
  const shown = after([hello, rows(["a"], { reset: true, complete: true }), {
    kind: "problem",
    section: "sessions",
    message: "away",
  }]);
  const again = after([hello], shown);
  assert.deepEqual([ids(again), again.sections.sessions.isComplete, again.sections.sessions.problem], [
    ["a"],
    false,
    "",
  ]);
  assert.deepEqual(ids(after([rows(["b"], { reset: true })], again)), ["b"]);
  assert.deepEqual(ids(after([{ ...hello, sections: [] }], shown)), []);
});

Deno.test("problems and the end are as they were told last", () => {
  const problem = (message: string): WatchEvent => ({ kind: "problem", section: "jobs", message });
  assert.equal(after([hello, problem("away")]).sections.jobs.problem, "away");
  assert.equal(after([hello, problem("away"), problem("")]).sections.jobs.problem, "");
  const ended = after([hello, { kind: "end", message: "come again" }]);
  assert.equal(ended.ended, "come again");
  assert.equal(after([hello], ended).ended, "");
});
