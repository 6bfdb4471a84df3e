import assert from "node:assert/strict";
import { waitFor } from "../../../tests/cluster/wait.ts";
import { ActionError } from "../../actions/mod.ts";
import { SourceError } from "../errors.ts";
import { below as belowOf, seededRandom } from "../../telemetry/testing/random.ts";
import { CrashError, SourceWorld, workspaceOf } from "./testing.ts";

const signal = () => new AbortController().signal;
const MINUTE = 60_000;

/** Lets a replica do all there is to do now, again and again, while builds go on. */
async function settled(world: SourceWorld, rounds = 6, me = "a"): Promise<void> {
  const follower = world.replica(me);
  for (let round = 0; round < rounds; round++) {
    await follower.settle(signal());
    world.step();
    world.now += 2_000;
  }
}

Deno.test("a new revision is built, promoted and told; an old one is left alone", async () => {
  const world = new SourceWorld();
  await settled(world);
  const { checkedAt, of, claim: _, ...state } = world.state;
  assert.ok(checkedAt !== undefined && of !== undefined);
  assert.deepEqual(state, {
    revision: "r1",
    versionID: "version-1",
    attemptedRevision: "r1",
    lastGoodVersionID: "version-1",
  });
  world.now += 10 * MINUTE;
  await settled(world);
  assert.notEqual(world.state.checkedAt, checkedAt);
  assert.deepEqual([world.uploads, world.promotions], [["r1"], ["r1 version-1"]]);
});

Deno.test("between looks nothing is asked, and a suspended source is not looked at", async () => {
  const world = new SourceWorld();
  await settled(world);
  const touched: string[] = [];
  world.fault = (what) => void touched.push(what);
  world.revision = "r2";
  await settled(world);
  assert.deepEqual(touched, []);
  world.source = { ...world.source, suspend: true };
  world.now += 60 * MINUTE;
  await settled(world);
  assert.deepEqual(touched, []);
  world.source = { ...world.source, suspend: false };
  await settled(world);
  assert.equal(world.state.revision, "r2");
});

Deno.test("a revision that cannot be built is told and not tried again, unless somebody asks", async () => {
  const world = new SourceWorld();
  world.isGood = () => false;
  await settled(world);
  assert.deepEqual([world.state.badRevisions, world.state.problem?.reason], [["r1"], "BuildFailed"]);
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual([world.uploads, world.active, world.state.problem?.reason], [
    ["r1"],
    "by-hand-0",
    "BuildFailed",
  ]);
  world.isGood = () => true;
  world.request = "now";
  await settled(world);
  assert.deepEqual([world.uploads.length, world.state.badRevisions, world.state.problem], [
    2,
    undefined,
    undefined,
  ]);
  assert.equal(world.state.revision, "r1");
});

Deno.test("what cannot be read is told, with the time since when, and tried again", async () => {
  const world = new SourceWorld();
  world.unreadable = new SourceError("AuthenticationFailed", "git.example.com wants credentials");
  await settled(world);
  const { problem } = world.state;
  assert.deepEqual([problem?.reason, world.state.badRevisions], ["AuthenticationFailed", undefined]);
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual(world.state.problem, problem);
  world.unreadable = undefined;
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual([world.state.problem, world.state.revision], [undefined, "r1"]);
  // Between the look and the fetch, it may go away, or turn out to be nothing that can be read.
  for (const [reason, bad] of [["Unreachable", undefined], ["InvalidContent", ["r2"]]] as const) {
    world.revision = "r2";
    world.now += 10 * MINUTE;
    world.fault = (what) => {
      if (what === "fetch") throw new SourceError(reason, "no");
    };
    await settled(world);
    assert.deepEqual([world.state.problem?.reason, world.state.badRevisions], [reason, bad]);
  }
  assert.equal(world.state.revision, "r1");
});

Deno.test("other content that is asked for, such as another folder, is built at once, and clears what was bad", async () => {
  const world = new SourceWorld();
  world.isGood = () => false;
  await settled(world);
  world.isGood = () => true;
  world.source = { ...world.source, path: "other" };
  await settled(world);
  assert.deepEqual([world.state.revision, world.state.badRevisions], ["r1", undefined]);
});

Deno.test("a hand's choice stays, is told as drift, and yields to the next revision", async () => {
  const world = new SourceWorld();
  await settled(world);
  world.choose("by-hand-1");
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual([world.state.drift, world.active], [true, "by-hand-1"]);
  world.choose("version-1");
  await settled(world);
  assert.equal(world.state.drift, undefined);
  world.choose("by-hand-1");
  world.revision = "r2";
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual([world.state.drift, world.active], [undefined, "version-2"]);
});

Deno.test("a hand's choice while a version is built stays, and that version is not promoted later", async () => {
  const world = new SourceWorld();
  const follower = world.replica("a");
  await follower.settle(signal());
  assert.equal(world.state.attempt?.stage, "build");
  world.choose("by-hand-1");
  await settled(world);
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual([world.active, world.state.problem?.reason, world.promotions], [
    "by-hand-1",
    "Superseded",
    [],
  ]);
  world.request = "now";
  await settled(world);
  assert.deepEqual([world.active, world.state.problem], ["version-1", undefined]);
});

Deno.test("a version is tried before it is promoted, and its workspace is deleted whatever comes of it", async () => {
  const world = new SourceWorld();
  world.source = { ...world.source, canary: {} };
  world.isTrialGood = (revision) => revision !== "r1";
  await settled(world, 40);
  assert.deepEqual([world.state.problem?.reason, world.active], ["CanaryFailed", "by-hand-0"]);
  assert.deepEqual([[...world.trials], world.state.leftovers], [[], undefined]);
  world.revision = "r2";
  world.now += 10 * MINUTE;
  await settled(world, 40);
  assert.deepEqual([world.active, world.state.phase], ["version-2", undefined]);
  assert.deepEqual([[...world.trials], world.state.leftovers], [[], undefined]);
});

Deno.test("a trial that takes too long fails", async () => {
  const world = new SourceWorld();
  world.source = { ...world.source, canary: { timeoutSeconds: 60 } };
  const follower = world.replica("a");
  world.versions.push({ id: "version-1", name: "name-version-1", revision: "r1", status: "succeeded" });
  await follower.settle(signal());
  assert.equal(world.trials.size, 1);
  await follower.settle(signal());
  assert.equal(world.state.phase, "Canary");
  world.now += MINUTE;
  await follower.settle(signal());
  assert.match(world.state.problem?.message ?? "", /not ready within 60 s: its build is pending/);
});

Deno.test("a version that people cannot start is taken back, and the same revision is not tried again", async () => {
  const world = new SourceWorld();
  world.source = { ...world.source, rollback: { failedBuilds: 2 } };
  await settled(world);
  assert.equal(world.state.watch?.before.version, "by-hand-0");
  const fail = (id: string, version: string) => workspaceOf(id, version, "failed", world.now);
  world.workspaces = [workspaceOf("good", "version-1", "running", world.now), fail("a", "version-1")];
  await settled(world);
  assert.deepEqual([world.state.watch, world.state.lastGoodVersionID], [undefined, "version-1"]);
  world.revision = "r2";
  world.now += 10 * MINUTE;
  await settled(world);
  assert.equal(world.active, "version-2");
  world.workspaces = [fail("a", "version-2"), fail("canary-1", "version-2")];
  await settled(world);
  assert.equal(world.active, "version-2");
  world.workspaces.push(fail("b", "version-2"));
  await settled(world);
  const { problem, badRevisions, revision, versionID } = world.state;
  assert.deepEqual([problem?.reason, badRevisions, revision, versionID], [
    "RolledBack",
    ["r2"],
    "r1",
    "version-1",
  ]);
  world.now += 10 * MINUTE;
  await settled(world);
  assert.deepEqual([world.active, world.state.problem?.reason], ["version-1", "RolledBack"]);
});

Deno.test("a version that nobody has started is good after its time, and one that was replaced by hand is not taken back", async () => {
  const world = new SourceWorld();
  world.source = { ...world.source, rollback: { withinSeconds: 60 } };
  await settled(world);
  assert.equal(world.state.lastGoodVersionID, "by-hand-0");
  world.now += MINUTE;
  await settled(world);
  assert.deepEqual([world.state.watch, world.state.lastGoodVersionID], [undefined, "version-1"]);
  world.revision = "r2";
  world.now += 10 * MINUTE;
  await settled(world);
  assert.ok(world.state.watch);
  world.choose("by-hand-1");
  await settled(world);
  assert.deepEqual([world.state.watch, world.state.drift, world.active], [undefined, true, "by-hand-1"]);
});

Deno.test("while one replica is at work, no other is; when it is dead, another goes on", async () => {
  const world = new SourceWorld();
  world.state = { claim: { by: "dead", until: new Date(world.now + 30_000).toISOString() } };
  await settled(world, 3);
  assert.deepEqual(world.uploads, []);
  world.now += 30_000;
  await settled(world);
  assert.equal(world.state.revision, "r1");
});

Deno.test("a look that finds nothing new is one write, and tells others to leave it alone for a moment", async () => {
  const world = new SourceWorld();
  await settled(world);
  world.now += 10 * MINUTE;
  const writes: string[] = [];
  world.fault = (what) => {
    if (what === "written") writes.push(what);
  };
  await settled(world);
  assert.equal(writes.length, 1);
  assert.equal(world.state.claim?.by, "a");
  // Whoever has it is not held up by it.
  world.revision = "r2";
  world.request = "now";
  await settled(world, 4);
  assert.deepEqual([world.state.revision, world.state.claim], ["r2", undefined]);
});

Deno.test("what Coder refuses for good is told, wherever it comes up", async () => {
  const refused = () => Promise.reject(new ActionError("invalid", "it cannot be so"));
  for (
    const [more, reason, source] of [
      [{ templates: { update: refused } }, "InvalidContent", {}],
      [{ workspaces: { create: refused } }, "CanaryFailed", { canary: {} }],
    ] as const
  ) {
    const world = new SourceWorld();
    world.source = { ...world.source, ...source };
    const options = world.options();
    const follower = world.replica("a", {
      templates: { ...options.templates, ...("templates" in more ? more.templates : {}) },
      workspaces: { ...options.workspaces, ...("workspaces" in more ? more.workspaces : {}) },
    });
    for (let round = 0; round < 4; round++) {
      await follower.settle(signal());
      world.step();
      world.now += 2_000;
    }
    assert.deepEqual([world.state.problem?.reason, world.state.badRevisions], [reason, ["r1"]]);
    assert.match(world.state.problem?.message ?? "", /it cannot be so/);
  }
});

Deno.test("content that has just failed is told as failed, and what Coder says of builds is believed", async () => {
  const failure = {
    reason: "BuildFailed" as const,
    message: "no such provider",
    log: [],
    at: "2026-01-01T00:00:00Z",
  };
  const failed = new SourceWorld();
  const { templates } = failed.options();
  const files = { state: "failed" as const, version: undefined, failure };
  const update = () => Promise.resolve({ changed: [], dropped: [], files });
  await failed.replica("a", { templates: { ...templates, update } }).settle(signal());
  assert.deepEqual([failed.state.problem?.message, failed.state.badRevisions], ["no such provider", ["r1"]]);
  for (
    const [reason, stage, problem] of [
      ["BuildTimedOut", undefined, "BuildTimedOut"],
      ["Superseded", undefined, "Superseded"],
      ["InputsLost", "build", undefined],
    ] as const
  ) {
    const world = new SourceWorld();
    const condition = () =>
      Promise.resolve({
        type: "SourceApplied" as const,
        status: "False" as const,
        reason,
        message: "it is over",
        summary: "it is over",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      });
    const follower = world.replica("a", { templates: { ...world.options().templates, condition } });
    await follower.settle(signal());
    assert.deepEqual([world.state.attempt?.stage, world.state.problem?.reason], [stage, problem], reason);
  }
});

Deno.test("a way back that somebody has gone already, or that is gone, is not gone again", async () => {
  for (const isRefused of [false, true]) {
    const world = new SourceWorld();
    world.source = { ...world.source, rollback: { failedBuilds: 1 } };
    await settled(world);
    world.workspaces = [workspaceOf("a", "version-1", "failed", world.now)];
    const { templates } = world.options();
    const follower = world.replica("a", {
      templates: {
        ...templates,
        update: (template, wanted, request) => {
          if (isRefused) return Promise.reject(new ActionError("invalid", "the version is gone"));
          world.choose("by-hand-1");
          return templates.update(template, wanted, request);
        },
      },
    });
    await follower.settle(signal());
    assert.deepEqual([world.state.watch, world.state.badRevisions], [undefined, undefined]);
  }
});

Deno.test("an error of Coder is tried again after a while", async () => {
  const world = new SourceWorld();
  const follower = world.replica("a");
  let tries = 0;
  world.fault = (what) => {
    if (what === "update" && tries++ < 2) throw new Error("Coder is away");
  };
  await follower.settle(signal());
  await follower.settle(signal());
  assert.equal(tries, 1);
  for (let round = 0; round < 10; round++) {
    world.now += 10_000;
    await follower.settle(signal());
    world.step();
  }
  assert.equal(world.state.revision, "r1");
});

Deno.test("it runs until it is stopped, and is woken by news", async () => {
  const world = new SourceWorld();
  const stop = new AbortController();
  const follower = world.replica("a", { tickMs: 60_000 });
  const running = follower.run(stop.signal);
  await waitFor(() => world.versions.length === 1, { what: "the build" });
  await waitFor(() => {
    world.step();
    follower.wake();
    return world.state.revision === "r1";
  }, { what: "the promotion" });
  stop.abort();
  await running;
});

Deno.test("a template that is gone, or follows nothing any more, is left alone", async () => {
  const world = new SourceWorld();
  const touched: string[] = [];
  world.fault = (what) => void touched.push(what);
  const options = world.options();
  await world.replica("a", { copy: { ...options.copy, template: () => undefined } }).settle(signal());
  assert.deepEqual(touched, []);
  world.fault = (what) => {
    if (what === "read") world.removed();
  };
  await settled(world);
  assert.deepEqual(world.uploads, []);
});

Deno.test("a claim is renewed as long as the work takes, and the work ends where it is lost", async () => {
  const world = new SourceWorld();
  const options = world.options();
  const reader = {
    ...options.reader,
    look: ({ signal }: { signal: AbortSignal }) =>
      new Promise<string>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const settling = world.replica("a", { reader, claimMs: 60 }).settle(signal());
  await waitFor(() => world.state.claim?.by === "a", { what: "the claim" });
  const first = world.state.claim!;
  world.now += 5_000;
  await waitFor(() => world.state.claim?.until !== first.until, { what: "a longer claim" });
  world.state = { ...world.state, claim: { by: "b", until: new Date(world.now + MINUTE).toISOString() } };
  await settling;
  assert.deepEqual([world.state.claim?.by, world.uploads], ["b", []]);
});

Deno.test("random histories: replicas crash anywhere, hands meddle, and no revision is promoted twice unasked", async () => {
  for (let seed = 1; seed <= 100; seed++) {
    try {
      await history(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});

/** One life of a template. */
async function history(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (most: number) => belowOf(random, most);
  const world = new SourceWorld();
  const bad = new Set<string>();
  const badTrials = new Set<string>();
  world.isGood = (revision) => !bad.has(revision);
  world.isTrialGood = (revision) => !badTrials.has(revision);
  world.source = {
    ...world.source,
    ...(below(2) === 0 ? { canary: {} } : {}),
    ...(below(2) === 0 ? { rollback: { failedBuilds: 1, withinSeconds: 600 } } : {}),
  };
  /** How often each revision was asked for by somebody, which allows one more promotion. */
  const asked = new Map<string, number>();
  let crashing = true;
  let dead = false;
  world.fault = (what) => {
    // A process that is dead does nothing any more.
    if (dead) throw new CrashError();
    if (crashing && below(25) === 0) {
      dead = true;
      throw new CrashError(what);
    }
  };
  let replica = 0;
  let follower = world.replica("replica-0");
  let hands = 0;
  for (let turn = 0; turn < 120; turn++) {
    await follower.settle(signal());
    if (dead) {
      dead = false;
      follower = world.replica(`replica-${++replica}`);
    }
    world.step();
    world.now += below(3) === 0 ? 6 * MINUTE : 10_000;
    const revisions = Number(world.revision.slice(1));
    const action = below(14);
    if (action === 0 && turn < 90) {
      world.revision = `r${revisions + 1}`;
      if (below(3) === 0) bad.add(world.revision);
      if (below(3) === 0) badTrials.add(world.revision);
    }
    // Between a promotion and its record nobody can tell a hand's choice from what was before.
    if (action === 1 && world.state.attempt?.stage !== "promote" && turn < 90) {
      world.choose(`by-hand-${++hands}`);
    }
    if (action === 2 && turn < 90) {
      world.request = `request-${turn}`;
      asked.set(world.revision, (asked.get(world.revision) ?? 0) + 1);
    }
    if (action === 3 && world.state.watch !== undefined) {
      world.workspaces = [
        workspaceOf(`w${turn}`, world.state.watch.version, below(2) === 0 ? "failed" : "running", world.now),
      ];
    }
    if (turn === 100) crashing = false;
  }
  const { state } = world;
  assert.equal(state.attempt, undefined, "every attempt ends");
  assert.deepEqual([[...world.trials], state.leftovers], [[], undefined], "no workspace is left");
  // Going back is a promotion, too: of what was promoted before.
  const counts = new Map<string, number>();
  for (const line of world.promotions) {
    counts.set(line.split(" ")[0]!, (counts.get(line.split(" ")[0]!) ?? 0) + 1);
  }
  if (world.source.rollback === undefined) {
    for (const [revision, count] of counts) {
      assert.ok(count <= 1 + (asked.get(revision) ?? 0), `${revision} was promoted ${count} times`);
    }
  }
  for (const revision of bad) {
    assert.ok(!counts.has(revision), `${revision} cannot be built, and was promoted`);
  }
  if (world.source.canary !== undefined) {
    for (const revision of badTrials) {
      assert.ok(!counts.has(revision), `${revision} failed its trial, and was promoted`);
    }
  }
  if (state.drift !== true && state.versionID !== undefined) assert.equal(world.active, state.versionID);
}
