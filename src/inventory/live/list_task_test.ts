import assert from "node:assert/strict";
import { CoderNotSentError } from "../../coder/mod.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { ListTask, type SureList } from "./list_task.ts";
import { Pace } from "./pace.ts";

const START = Date.parse("2026-01-01T00:00:00Z");

function task(answers: (Partial<SureList> | Error)[], instead?: () => Promise<boolean>) {
  let now = 0;
  let completed = 0;
  const failures: unknown[] = [];
  const { logger: log, lines } = recordingLogger();
  const made = new ListTask({
    name: "workspaces",
    pace: new Pace({ jitter: 0 }),
    now: () => now,
    wallTime: () => START + now,
    log,
    list() {
      const answer = answers.shift() ?? {};
      now += 100;
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ count: 0, pages: 1, problems: [], tookMs: 100, isSure: true, ...answer });
    },
    completed: () => void completed++,
    failed: (error) => void failures.push(error),
    isBuilding: () => false,
    ...(instead === undefined ? {} : { instead }),
  });
  return {
    task: made,
    lines,
    failures,
    get completed() {
      return completed;
    },
    pass: (ms: number) => now += ms,
    run: (signal = new AbortController().signal) => made.run(signal),
  };
}

Deno.test("the second list comes soon after the first, later ones at the usual pace", async () => {
  const rig = task([]);
  assert.equal(Math.round(await rig.run()), 3_233);
  assert.equal(await rig.run(), 30_000);
  assert.equal(rig.completed, 2);
  assert.deepEqual(rig.task.state, { completeAt: START + 100 });
});

Deno.test("a list from which not all could be made sure is no complete one, and is repeated", async () => {
  const rig = task([{ isSure: false }]);
  assert.equal(await rig.run(), 5_000);
  assert.deepEqual([rig.completed, rig.task.state], [0, {}]);
});

Deno.test("failures are remembered with their number and their beginning, and said once", async () => {
  const rig = task([{}, new Error("one"), new Error("one"), {}]);
  await rig.run();
  assert.equal(await rig.run(), 5_000);
  rig.pass(5_000);
  assert.equal(await rig.run(), 10_000);
  const { trouble, completeAt } = rig.task.state;
  assert.deepEqual([trouble?.failures, trouble?.since, completeAt], [2, START + 200, START]);
  assert.equal(rig.failures.length, 2);
  assert.deepEqual(rig.lines.map(({ level }) => level), ["warn"]);
  await rig.run();
  assert.equal(rig.task.state.trouble, undefined);
  assert.deepEqual(rig.lines.map(({ level }) => level), ["warn", "info"]);
});

Deno.test("trouble of another kind is said, too: a token that is refused, and then gone from its Secret", async () => {
  const refused = (kind: "unauthorized" | "unavailable", reason: string) =>
    new CoderNotSentError(reason, { kind, reason: "held", call: { method: "GET", route: "/" } });
  const gone = () => new Error("Secret lab/token, which should hold a token, does not exist");
  const rig = task([
    refused("unauthorized", "a"),
    refused("unauthorized", "b"),
    gone(),
    gone(),
    refused("unavailable", "c"),
  ]);
  const said: number[] = [];
  for (let pass = 0; pass < 5; pass++) {
    await rig.run();
    rig.pass(60_000);
    said.push(rig.lines.length);
  }
  assert.deepEqual(said, [1, 1, 2, 2, 3]);
});

Deno.test("a Coder that asks for silence gets it", async () => {
  const error = new CoderNotSentError("held", {
    kind: "rateLimited",
    reason: "held",
    call: { method: "GET", route: "/" },
    retryAfterMs: 70_000,
  });
  assert.equal(await task([error]).run(), 70_000);
});

Deno.test("a list that is ended is no failure", async () => {
  const rig = task([new Error("aborted")]);
  assert.equal(await rig.run(AbortSignal.abort()), 0);
  assert.deepEqual([rig.failures, rig.lines], [[], []]);
});

Deno.test("after a list Coder rests for as long as its share asks for", async () => {
  const rig = task([{ tookMs: 6_000 }]);
  assert.equal(rig.task.restMs, 0);
  assert.equal(await rig.run(), 194_000);
  assert.equal(rig.task.restMs, 194_000);
  rig.pass(100_000);
  assert.equal(rig.task.restMs, 94_000);
});

Deno.test("records that cannot be read are said when they are others than before", async () => {
  const rig = task([{ problems: ["a"] }, { problems: ["a"] }, { problems: [] }, { problems: ["a", "b"] }]);
  for (let round = 0; round < 4; round++) await rig.run();
  assert.deepEqual(rig.lines.map(({ fields }) => fields["count"]), [1, 2]);
});

Deno.test("a turn may go to something else once there is a list, and not while there is trouble", async () => {
  let asked = 0;
  const rig = task([{}, new Error("away"), {}, {}], () => Promise.resolve(++asked === 1));
  await rig.run();
  assert.equal(asked, 0);
  assert.equal(await rig.run(), 30_000);
  assert.deepEqual([asked, rig.completed], [1, 1], "this turn went to something else");
  await rig.run();
  assert.deepEqual([asked, rig.failures.length], [2, 1]);
  await rig.run();
  assert.deepEqual([asked, rig.completed], [2, 2], "the list has to be well again first");
});
