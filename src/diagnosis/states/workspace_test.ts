import assert from "node:assert/strict";
import type { Facts } from "../facts.ts";
import { agent, ago, build, daemon, failed, object, pending, seen, UNREAD } from "../rules/builds/testing.ts";
import { workspaceState } from "./workspace.ts";

function told(facts: Facts): string {
  const { state, isWell } = workspaceState(facts, []);
  return `${isWell ? "well" : "unwell"}: ${state}`;
}

const running = (...agents: Parameters<typeof agent>[0][]) =>
  seen({ build: build({ agents: agents.map(agent) }) });

Deno.test("a workspace that runs says how its agents are", () => {
  assert.equal(told(running({})), "well: It runs; agent main is connected.");
  assert.equal(told(running({}, { name: "gpu" })), "well: It runs; agents main, gpu are connected.");
  assert.equal(told(running()), "well: It runs since 2026-11-22T07:49:59Z; its template has no agents.");
  assert.equal(
    told(running({ lifecycle: "starting" })),
    "well: It runs; agent main is connected, start scripts still run: main.",
  );
  assert.equal(
    told(running({ lifecycle: "start_error" })),
    "unwell: It runs; agent main is connected, but not all scripts did well: main (start_error).",
  );
  assert.equal(
    told(running({ status: "connecting" })),
    "well: It runs, but agent main has not connected yet since 2026-11-22T07:50:00Z.",
  );
  assert.equal(
    told(
      running({}, { name: "a", status: "timeout" }, {
        name: "b",
        status: "disconnected",
        disconnectedAt: ago(9),
      }),
    ),
    "unwell: It runs, but agent a has never connected since 2026-11-22T07:50:00Z; " +
      "agent b is disconnected since 2026-11-22T07:59:51Z.",
  );
  assert.equal(told(running({ status: "odd" })), "unwell: It runs, but agent main is odd.");
  assert.equal(told(running({ status: "" })), "unwell: It runs, but agent main is in no known state.");
});

Deno.test("a stopped workspace says by whom and when, and is well", () => {
  const stopped = (reason: string, initiator = "ann", workspace = {}) =>
    told(seen({ build: build({ status: "stopped", transition: "stop", reason, initiator, workspace }) }));
  assert.equal(stopped("autostop"), "well: It was stopped by autostop at 2026-11-22T07:49:59Z.");
  assert.equal(stopped("initiator"), "well: It was stopped by ann at 2026-11-22T07:49:59Z.");
  assert.equal(stopped("initiator", ""), "well: It was stopped at 2026-11-22T07:49:59Z.");
  assert.equal(stopped("autodelete"), "well: It was stopped by Coder at 2026-11-22T07:49:59Z.");
  assert.equal(stopped("dormancy"), "well: It was stopped at 2026-11-22T07:49:59Z, as nobody used it.");
  assert.equal(
    stopped("dormancy", "", { dormantAt: ago(60), deletingAt: ago(-60) }),
    "unwell: It is dormant since 2026-11-22T07:59:00Z, and Coder deletes it at 2026-11-22T08:01:00Z. " +
      "It was stopped at 2026-11-22T07:49:59Z, as nobody used it.",
  );
});

Deno.test("a build that waits says for whom", () => {
  const waits = (daemons?: Parameters<typeof daemon>[0][], job = {}) =>
    told(seen({ build: pending(60, job), ...(daemons && { daemons: daemons.map(daemon) }) }));
  const begin = "well: It waits for a provisioner with the tags env=gpu";
  assert.equal(waits([]), `${begin}: none is connected.`);
  assert.equal(
    waits([{ status: "offline", lastSeenAt: ago(90) }]),
    `${begin}: none is connected since 2026-11-22T07:58:30Z.`,
  );
  assert.equal(waits([{}]), `${begin} since 2026-11-22T07:59:00Z.`);
  assert.equal(waits(), `${begin} since 2026-11-22T07:59:00Z.`);
  assert.equal(
    waits([{ status: "busy" }], { queuePosition: 2, queueSize: 3 }),
    `${begin} since 2026-11-22T07:59:00Z: the one that is connected is busy, it is number 2 of 3 in the queue.`,
  );
  assert.equal(
    waits([{ status: "busy" }, { status: "busy" }]),
    `${begin} since 2026-11-22T07:59:00Z: all 2 are busy.`,
  );
  const workspace = object({ latestBuildStatus: "pending" });
  assert.equal(
    told(seen({ workspace })),
    "unwell: Its build 4 (start) waits for a provisioner since 2026-11-22T07:49:40Z.",
  );
});

Deno.test("a build that is on its way says since when, and one that is over says how", () => {
  const status = (status: string, job = {}) =>
    told(seen({ build: build({ status, job: { startedAt: ago(619), ...job } }) }));
  assert.equal(status("starting"), "well: It is being started since 2026-11-22T07:49:41Z.");
  assert.equal(status("stopping"), "well: It is being stopped since 2026-11-22T07:49:41Z.");
  assert.equal(status("deleting"), "well: It is being deleted since 2026-11-22T07:49:41Z.");
  assert.equal(status("deleted"), "well: It was deleted at 2026-11-22T07:49:59Z.");
  assert.equal(
    status("canceling", { canceledAt: ago(9) }),
    "well: Its build 4 (start) is being cancelled since 2026-11-22T07:59:51Z.",
  );
  assert.equal(status("canceled"), "unwell: Its build 4 (start) was cancelled at 2026-11-22T07:49:59Z.");
  assert.equal(
    told(seen({ build: failed("exit status 1") })),
    "unwell: Its build 4 (start) failed at 2026-11-22T07:59:30Z.",
  );
  assert.equal(
    told(seen({ build: failed("exit status 1", { canceledAt: ago(31) }) })),
    "unwell: Its build 4 (start) was cancelled at 2026-11-22T07:59:29Z.",
  );
  assert.equal(status("new"), "unwell: Coder calls its state new.");
  assert.equal(status(""), "unwell: Coder does not say what its state is.");
});

Deno.test("what could not be read is said, and nothing is guessed", () => {
  assert.equal(told(seen({})), "unwell: Its state is not known.");
  assert.equal(told({ ...seen({}), workspace: UNREAD }), "unwell: Its state is not known: you may not.");
  assert.equal(
    told({ ...seen({}), workspace: UNREAD, build: { ...UNREAD, why: "Coder is away." } as typeof UNREAD }),
    "unwell: Its state is not known: Coder is away.",
  );
});

Deno.test("what the aggregated API has kept is old where Coder does not answer", () => {
  const facts = seen({ workspace: object() });
  const away = { ...UNREAD, kind: "timeout" } as typeof UNREAD;
  assert.equal(
    told({ ...facts, build: away }),
    "unwell: It runs since 2026-11-22T07:49:59Z; its template has no agents. " +
      "That is what was known last: Coder does not answer.",
  );
  assert.match(told({ ...facts, build: UNREAD }), /^well: It runs since/);
});

Deno.test("a build that takes too long is not well, though nobody may know why", () => {
  const isWell = (facts: Facts) => workspaceState(facts, []).isWell;
  const starting = (seconds: number) =>
    seen({ build: build({ status: "starting", job: { startedAt: ago(seconds) } }) });
  assert.deepEqual([isWell(starting(890)), isWell(starting(910))], [true, false]);
  assert.deepEqual([isWell(seen({ build: pending(110) })), isWell(seen({ build: pending(130) }))], [
    true,
    false,
  ]);
});
