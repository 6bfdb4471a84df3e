import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { addJob } from "../../../tests/fake-coder/mod.ts";
import type { CallerCoders } from "../../caller/types.ts";
import { ToolError } from "../../mcp/errors.ts";
import { platformCoders } from "../../mcp/tools/platform_testing.ts";
import { systemClock } from "../../telemetry/clock.ts";
import { Board } from "../board.ts";
import { LiveCluster, until, visitorOf } from "../testing.ts";
import type { JobRow } from "../types.ts";
import { jobs } from "./jobs.ts";

function running(coders: CallerCoders) {
  const board = new Board();
  const abort = new AbortController();
  const { source, wake } = jobs();
  const ended = source.run({
    visitor: () => visitorOf("ann", new LiveCluster().cluster, coders),
    board,
    signal: abort.signal,
    clock: systemClock,
    now: Date.now,
  });
  return {
    board,
    wake,
    rows: () => [...board.ids("jobs")].map((id) => board.row("jobs", id) as JobRow),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await ended;
    },
  };
}

Deno.test("jobs are asked of each Coder, as the caller, and anew when something has happened", async () => {
  await using coder = await startClientRig();
  const { state } = coder.fake;
  addJob(state, { status: "succeeded" });
  const waiting = String(addJob(state, { status: "pending" })["id"]);
  await using running_ = running(platformCoders([{ id: "lab/main", open: coder.client }]));
  const { board, rows, wake } = running_;
  await until(() => board.isComplete("jobs"), "the jobs");
  assert.deepEqual(rows().map(({ state }) => state).sort(), ["pending", "succeeded"]);
  const row = rows().find(({ id }) => id === waiting);
  assert.equal(row?.namespace, "lab");
  assert.match(row?.createdAt ?? "", /^\d{4}-/);
  assert.equal(board.problemOf("jobs"), "");
  Object.assign(addJob(state, { status: "failed" }), { error: "no such image" });
  wake();
  await until(() => rows().some(({ message }) => message === "no such image"), "the new job");
});

Deno.test("Coders that cannot be asked are named, and the others are shown", async () => {
  await using coder = await startClientRig();
  addJob(coder.fake.state, { status: "running" });
  await using running_ = running(platformCoders([
    { id: "lab/main", open: coder.client },
    { id: "prod/main", open: new Error("no way") },
  ]));
  const { board, rows } = running_;
  await until(() => board.problemOf("jobs") !== "", "the problem");
  assert.match(board.problemOf("jobs"), /^list provisioner jobs of prod\/main: /);
  assert.deepEqual(rows().map(({ state }) => state), ["running"]);
});

Deno.test("with no Coder there are no jobs, and a list that fails is told", async () => {
  await using none = running(platformCoders([]));
  await until(() => none.board.isComplete("jobs"), "nothing");
  assert.deepEqual(none.rows(), []);
  await using failing = running({
    ...platformCoders([]),
    list: () => Promise.reject(new DOMException("late", "TimeoutError")),
  });
  await until(() => failing.board.problemOf("jobs") !== "", "the problem");
  assert.match(failing.board.problemOf("jobs"), /^list Coders: it took too long/);
});

Deno.test("who may not know of any Coder any more sees no jobs any more", async () => {
  await using coder = await startClientRig();
  addJob(coder.fake.state, { status: "running" });
  const coders = platformCoders([{ id: "lab/main", open: coder.client }]);
  let refuse: Error | undefined;
  await using running_ = running({
    ...coders,
    list: (...args) => refuse === undefined ? coders.list(...args) : Promise.reject(refuse),
  });
  const { board, rows, wake } = running_;
  await until(() => rows().length === 1, "the job");
  refuse = new ToolError("unavailable", "away");
  wake();
  await until(() => /away/.test(board.problemOf("jobs")), "that nobody answers");
  assert.equal(rows().length, 1, "who is away may be back");
  refuse = new ToolError("forbidden", "you may not");
  wake();
  await until(() => rows().length === 0, "that nothing is shown");
  assert.match(board.problemOf("jobs"), /you may not/);
});
