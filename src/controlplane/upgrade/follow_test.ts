import assert from "node:assert/strict";
import { follow, type FollowFacts, PROGRESS_DEADLINE } from "./follow.ts";
import type { RolloutState } from "./rollout_state.ts";
import { coder, type DeploymentLook, deploymentOf } from "./testing.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const image = coder("2.30.0");
const fresh: RolloutState = { image, since: new Date(START).toISOString() };

function followed(
  look: Partial<DeploymentLook>,
  given:
    & { state?: RolloutState; seconds?: number }
    & Partial<Pick<FollowFacts, "inputs" | "recorded" | "retry">> = {},
) {
  const { state = fresh, seconds = 0, inputs = "i", recorded, retry = "" } = given;
  return follow({
    state,
    deployment: deploymentOf({ image, inputs: "i", ...look }),
    inputs,
    ...(recorded && { recorded }),
    retry,
    now: new Date(START + seconds * 1_000),
  });
}

/** One new pod that is not ready beside two old ones. */
const first = { updated: 1, updatedReady: 0, old: 2 };
const late = { ...first, timedOut: true };
const stop = () => followed(late, { seconds: PROGRESS_DEADLINE });

Deno.test("while the Deployment has another image nothing that it says counts", () => {
  const { phase, paused } = followed({ image: coder("2.29.0"), timedOut: true, updatedReady: 0 }, {
    seconds: 1e6,
  });
  assert.deepEqual([phase, paused], ["rollingOut", false]);
  const none = follow({
    state: { ...fresh, stopped: "x" },
    deployment: undefined,
    inputs: "i",
    retry: "",
    now: new Date(START),
  });
  assert.deepEqual(none, { state: fresh, phase: "rollingOut", paused: false });
});

Deno.test("a rollout goes from its first pod over migrations to its end", () => {
  assert.equal(followed({ updated: 0, old: 2 }).phase, "rollingOut");
  assert.equal(followed(first).phase, "waitingForMigrations");
  assert.equal(followed(first).state.ready, undefined);
  const one = followed({ updated: 1, old: 2 });
  assert.equal(one.phase, "rollingOut");
  assert.equal(one.state.ready, true, "its migrations are done");
  const later = followed(first, { state: { ...fresh, ready: true } });
  assert.equal(later.state.ready, true, "and stay done");
  assert.deepEqual(followed({}), { state: { ...fresh, ready: true }, phase: "complete", paused: false });
});

Deno.test("a rollout is stopped where the cluster's time and ours are both up", () => {
  assert.equal(
    followed(first, { seconds: 1e6 }).phase,
    "waitingForMigrations",
    "the cluster has not given up",
  );
  const early = followed(late, { seconds: PROGRESS_DEADLINE - 10 });
  assert.deepEqual([early.phase, early.paused, early.lookAgainMs], ["waitingForMigrations", false, 10_000]);
  const { phase, paused, state } = stop();
  assert.deepEqual([phase, paused], ["stopped", true]);
  assert.equal(typeof state.stopped, "string");
  assert.equal(state.since, fresh.since);
  assert.equal(
    followed({ ...late, deadline: 60 }, { seconds: 60 }).phase,
    "stopped",
    "the deadline that is set",
  );
});

Deno.test("a new pod that is ready after all, and a user's own pause, stop nothing", () => {
  assert.equal(followed({ ...late, updatedReady: 1 }, { seconds: 1e6 }).phase, "rollingOut");
  const users = followed({ ...late, paused: true }, { seconds: 1e6 });
  assert.deepEqual([users.phase, users.paused], ["waitingForMigrations", false]);
});

Deno.test("a template that changes right now gets its own time", () => {
  const { phase, state } = followed(late, { seconds: 5_000, inputs: "fixed" });
  assert.equal(phase, "waitingForMigrations");
  assert.deepEqual(state, { ...fresh, tried: new Date(START + 5_000_000).toISOString() });
  assert.deepEqual(followed(late, { seconds: 5_000, recorded: { secrets: "fixed" } }).state, state);
});

Deno.test("what is stopped stays stopped until something changes", () => {
  const { state } = stop();
  const look = { ...late, paused: true };
  const again = followed(look, { state, seconds: 1e6 });
  assert.deepEqual([again.phase, again.paused, again.state], ["stopped", true, state]);
  const now = new Date(START + 9_000_000).toISOString();
  for (
    const [change, what] of [
      [followed(look, { state, seconds: 9_000, retry: "1" }), "another try"],
      [followed(look, { state, seconds: 9_000, inputs: "fixed" }), "another template"],
      [followed(look, { state, seconds: 9_000, recorded: { secrets: "fixed" } }), "another Secret"],
      [followed({ ...look, paused: false }, { state, seconds: 9_000 }), "resumed by hand"],
    ] as const
  ) {
    assert.deepEqual([change.paused, change.state], [false, { ...fresh, tried: now }], what);
    assert.notEqual(change.phase, "stopped", what);
  }
  const { phase, paused } = followed(late, {
    state: { ...fresh, tried: now },
    seconds: 9_000 + PROGRESS_DEADLINE,
  });
  assert.deepEqual([phase, paused], ["stopped", true], "once more, a deadline later");
  const recovered = followed({ ...look, updatedReady: 1 }, { state, seconds: 9_000 });
  assert.deepEqual([recovered.phase, recovered.paused, recovered.state.stopped], [
    "rollingOut",
    false,
    undefined,
  ]);
  const done = followed({ paused: true }, { state, seconds: 9_000 });
  assert.deepEqual([done.phase, done.paused, done.state.stopped], ["complete", false, undefined]);
});
