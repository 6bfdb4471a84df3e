import assert from "node:assert/strict";
import { ToolError } from "../mcp/errors.ts";
import { FakeClock, settle } from "../telemetry/testing/fake_clock.ts";
import { buildLog, type BuildLogOptions, lineOf } from "./build_log.ts";
import { LiveCluster, refusal, workspaceOf } from "./testing.ts";

const T = "2026-11-22T04:00:00.000Z";
const line = (text: string) => `${T} ${text}\n`;
const building = (isOver: boolean, number = 3) =>
  workspaceOf("a.ann.dev", {
    latestBuild: { number, transition: "start", ...(isOver ? { completedAt: T } : {}) },
  } as never);

function reading(live: LiveCluster, more: Partial<BuildLogOptions> = {}) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const texts: string[] = [];
  let error: unknown;
  const ended = (async () => {
    const key = { namespace: "lab", name: "a.ann.dev" };
    const options = { cluster: () => live.cluster, key, signal: abort.signal, clock, ...more };
    for await (const lines of buildLog(options)) {
      texts.push(...lines.map(({ stage, text }) => `[${stage}] ${text}`));
    }
  })().catch((thrown) => error = thrown);
  return { clock, abort, texts, ended, error: () => error };
}

Deno.test("the log of a build that is over is all of it, with its stages", async () => {
  const live = new LiveCluster();
  live.put(building(true));
  live.log = line("==> Planning") + line("plan") + line("==> Applying") + line("[error] apply");
  const { texts, ended } = reading(live);
  await ended;
  assert.deepEqual(texts, [
    "[Planning] ==> Planning",
    "[Planning] plan",
    "[Applying] ==> Applying",
    "[Applying] [error] apply",
  ]);
  assert.ok(live.asked.includes("text coderworkspaces lab/a.ann.dev log 3"));
});

Deno.test("the log of a build that runs goes on until it is over, and says each line once", async () => {
  const live = new LiveCluster();
  live.put(building(false));
  live.log = line("one");
  const { texts, ended, clock } = reading(live);
  await settle();
  assert.deepEqual(texts, ["[] one"]);
  live.log += line("two");
  await clock.advance(2_000);
  assert.deepEqual(texts, ["[] one", "[] two"]);
  live.log += line("three");
  live.put(building(false, 4));
  await clock.advance(2_000);
  await ended;
  assert.deepEqual(texts, ["[] one", "[] two", "[] three"], "another build has begun: this one is over");
});

Deno.test("that it can be read is known before there is a line", async () => {
  const live = new LiveCluster();
  live.put(building(false));
  live.log = "";
  const clock = new FakeClock();
  const abort = new AbortController();
  const key = { namespace: "lab", name: "a.ann.dev" };
  const lines = buildLog({ cluster: () => live.cluster, key, signal: abort.signal, clock });
  assert.deepEqual(await lines.next(), { value: [], done: false });
  const next = lines.next();
  await settle();
  live.log = line("one");
  await clock.advance(2_000);
  assert.deepEqual((await next).value?.map(({ text }) => text), ["one"]);
  abort.abort();
  assert.equal((await lines.next()).done, true);
});

Deno.test("the build that was asked for is read, and one that is not there is told", async () => {
  const live = new LiveCluster();
  live.put(building(false, 7));
  live.log = line("old");
  const { texts, ended } = reading(live, { build: 2 });
  await ended;
  assert.deepEqual(texts, ["[] old"]);
  assert.ok(live.asked.includes("text coderworkspaces lab/a.ann.dev log 2"));
  live.refuse = (what) => what.startsWith("text") ? refusal(404, "NotFound", "no such build") : undefined;
  const gone = reading(live, { build: 99 });
  await gone.ended;
  assert.ok(gone.error() instanceof ToolError);
  assert.match(String(gone.error()), /no such build/);
});

Deno.test("what cannot be read in the middle is tried again for a minute, and then told", async () => {
  const live = new LiveCluster();
  live.put(building(false));
  live.log = line("one");
  const { texts, ended, clock, error } = reading(live);
  await settle();
  live.refuse = () => refusal(503, "ServiceUnavailable", "Coder is away");
  await clock.advance(10_000);
  live.refuse = () => undefined;
  live.log += line("two");
  await clock.advance(10_000);
  assert.deepEqual(texts, ["[] one", "[] two"]);
  live.refuse = () => refusal(503, "ServiceUnavailable", "Coder is away");
  await clock.advance(90_000);
  await ended;
  assert.match(String(error()), /Coder is away/);
});

Deno.test("who may not read it any more is told so at once, and who leaves is not waited for", async () => {
  const live = new LiveCluster();
  live.put(building(false));
  live.log = line("one");
  const { ended, clock, error } = reading(live);
  await settle();
  live.refuse = () => refusal(403, "Forbidden", "you may not");
  await clock.advance(3_000);
  await ended;
  assert.match(String(error()), /you may not/);
  live.refuse = () => undefined;
  const left = reading(live);
  await settle();
  left.abort.abort();
  await left.ended;
  assert.equal(left.error(), undefined);
  assert.equal(left.clock.pendingTimers, 0);
});

Deno.test("a line has its time, its stage and no end without end", () => {
  assert.deepEqual(lineOf(`${T} text`, "Plan"), { at: T, stage: "Plan", text: "text" });
  assert.deepEqual(lineOf(`${T} ==> Apply`, "Plan"), { at: T, stage: "Apply", text: "==> Apply" });
  assert.deepEqual(lineOf("no time", ""), { at: "", stage: "", text: "no time" });
  assert.equal(lineOf(`${T} ${"x".repeat(9_000)}`, "").text.length, 4_097);
});
