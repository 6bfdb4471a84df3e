import assert from "node:assert/strict";
import type { BuildLogLine } from "../../coder/mod.ts";
import { BuildLog } from "./build_log.ts";

const line = (id: number, output = `line ${id}`): BuildLogLine => ({
  id,
  created_at: "2026-01-01T00:00:00Z",
  log_level: "info",
  stage: "Planning",
  output,
});
const ids = ({ lines }: BuildLog) => lines.map(({ id }) => id);

Deno.test("lines come in the order of their ids, each once", () => {
  const log = new BuildLog();
  assert.equal(log.last, undefined);
  assert.equal(log.take([line(5), line(3)]), 2);
  assert.deepEqual([ids(log), log.last], [[3, 5], 5]);
  assert.equal(log.take([line(3), line(5), line(9), line(9)]), 1);
  assert.deepEqual([ids(log), log.last], [[3, 5, 9], 9]);
  assert.equal(log.take([]), 0);
});

Deno.test("a line that comes late, before one that was shown, is not put between them", () => {
  const log = new BuildLog();
  log.take([line(5)]);
  assert.equal(log.take([line(4)]), 0);
  assert.deepEqual(ids(log), [5]);
});

Deno.test("what is too much is counted as read, and not kept", () => {
  const log = new BuildLog(500);
  assert.equal(log.take([line(1, "x".repeat(140)), line(2, "x".repeat(140)), line(3, "")]), 3);
  assert.deepEqual([ids(log), log.isCut, log.last], [[1], true, 3]);
  assert.equal(log.take([line(4, "")]), 1);
  assert.deepEqual([ids(log), log.last], [[1], 4]);
  assert.ok(log.size <= 500);
});

Deno.test("a log that is over stays as it is", () => {
  const log = new BuildLog();
  log.take([line(1)]);
  assert.deepEqual([log.isOver, log.isCut], [false, false]);
  log.end();
  assert.equal(log.isOver, true);
});

Deno.test("as much as Coder keeps is kept, also where the lines are short", () => {
  const log = new BuildLog();
  const output = "x".repeat(40);
  log.take(Array.from({ length: Math.ceil((1 << 20) / 40) }, (_, id) => line(id, output)));
  assert.equal(log.isCut, false);
  assert.deepEqual(log.lines.at(-1), line(log.lines.length - 1, output));
});
