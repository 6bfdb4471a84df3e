import assert from "node:assert/strict";
import { FakeClock } from "../telemetry/testing/fake_clock.ts";
import { whenAborted } from "../telemetry/clock.ts";
import { Boards, type BoardsOptions } from "./boards.ts";
import type { Source, SourceWorld } from "./sources/source.ts";
import { LiveCluster, visitorOf } from "./testing.ts";

function rig(more: Partial<BoardsOptions> = {}) {
  const clock = new FakeClock();
  const worlds: SourceWorld[] = [];
  const source: Source = {
    sections: ["sessions"],
    async run(world) {
      worlds.push(world);
      await whenAborted(world.signal);
    },
  };
  const boards = new Boards({ sourcesOf: () => Promise.resolve([source]), clock, ...more });
  const open = (name: string) =>
    boards.open(visitorOf(name, new LiveCluster().cluster), new AbortController().signal);
  return { boards, open, worlds, clock };
}

Deno.test("pages of one caller are one board, and those of another are another", async () => {
  const { open, worlds, boards } = rig();
  const [one, two, other] = [await open("ann"), await open("ann"), await open("bob")];
  assert.equal(one.board, two.board);
  assert.notEqual(one.board, other.board);
  assert.equal(worlds.length, 2);
  assert.deepEqual(one.sections, ["sessions"]);
  boards.close();
  assert.ok(worlds.every(({ signal }) => signal.aborted));
  assert.equal(boards.size, 0);
});

Deno.test("a board goes on for seconds without anybody, and ends then", async () => {
  const { open, worlds, clock, boards } = rig();
  const first = await open("ann");
  first.release();
  first.release();
  await clock.advance(9_000);
  const again = await open("ann");
  assert.equal(again.board, first.board);
  await clock.advance(20_000);
  assert.equal(worlds[0]?.signal.aborted, false);
  again.release();
  await clock.advance(10_000);
  assert.equal(worlds[0]?.signal.aborted, true);
  assert.equal(boards.size, 0);
  assert.notEqual((await open("ann")).board, first.board);
});

Deno.test("sources work with the rights that somebody was let in with last", async () => {
  const { open, worlds } = rig();
  const watched = await open("ann");
  const again = visitorOf("ann", new LiveCluster().cluster);
  watched.admitted(again);
  assert.equal(worlds[0]?.visitor(), again);
});

Deno.test("who has become something else does not see what the other saw", async () => {
  let isAdmin = true;
  const source = (sections: Source["sections"]): Source => ({
    sections,
    run: ({ signal }) => whenAborted(signal),
  });
  const { open } = rig({
    sourcesOf: () => Promise.resolve([source(isAdmin ? ["workers", "sessions"] : ["sessions"])]),
  });
  const before = await open("ann");
  isAdmin = false;
  const after = await open("ann");
  assert.notEqual(before.board, after.board);
  assert.deepEqual(after.sections, ["sessions"]);
});

Deno.test("a source that throws, which it must not, is told at its sections", async () => {
  const mistakes: unknown[] = [];
  const { open } = rig({
    sourcesOf: () =>
      Promise.resolve([{ sections: ["jobs"], run: () => Promise.reject(new TypeError("a bug")) }]),
    onMistake: (error) => mistakes.push(error),
  });
  const { board } = await open("ann");
  await Promise.resolve();
  await Promise.resolve();
  assert.match(board.problemOf("jobs"), /a mistake in coder-k8s/);
  assert.equal(mistakes.length, 1);
});

Deno.test("what somebody is shown must be known", async () => {
  const { open, boards } = rig({ sourcesOf: () => Promise.reject(new Error("nobody can say")) });
  await assert.rejects(open("ann"), /nobody can say/);
  assert.equal(boards.size, 0);
});
