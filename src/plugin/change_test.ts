import assert from "node:assert/strict";
import type { CoderWorkspace } from "../api/workspace.ts";
import { KubeConnectionError } from "../kube/errors.ts";
import { type Change, change, type ChangeOptions, shownName } from "./change.ts";
import { fakeWorld, refusal, workspace } from "./testing.ts";

const key = { namespace: "coder", name: "acme.alice.dev" };
const become = (object: CoderWorkspace, like: CoderWorkspace) => Object.assign(object, structuredClone(like));
const build = (number: number, running: boolean, status: string, conditions: Record<string, boolean> = {}) =>
  workspace(key.name, {
    running,
    conditions,
    status: { latestBuildStatus: status, latestBuild: { number, transition: running ? "start" : "stop" } },
  });

/** A workspace whose builds take as long as `next` is not called. */
function rig(first: CoderWorkspace) {
  const world = fakeWorld([first]);
  const object = world.objects[0]!;
  world.patched = (object, body) => {
    const { running } = (body as { spec: { running: boolean } }).spec;
    if (object.spec.running === running) return;
    const number = (object.status.latestBuild?.number ?? 0) + 1;
    become(object, build(number, running, running ? "starting" : "stopping", { Building: true }));
  };
  const told: string[] = [];
  const abort = new AbortController();
  const progress = { left: "" };
  const begin = (what: Change, more: Partial<ChangeOptions> = {}) => {
    const done = change(world, what, key, {
      signal: abort.signal,
      wait: true,
      timeoutMs: 60_000,
      tell: (words) => told.push(words),
      ...more,
    }, progress);
    done.catch(() => {});
    return done;
  };
  const finish = () => {
    const { latestBuild } = object.status;
    const isStart = latestBuild?.transition === "start";
    become(
      object,
      build(latestBuild?.number ?? 0, isStart, isStart ? "running" : "stopped", { Ready: isStart }),
    );
  };
  const patches = () => world.calls.filter((call) => call.startsWith("PATCH"));
  return { world, object, told, abort, progress, begin, finish, patches };
}

Deno.test("a start is asked for, and waited for where that is wanted", async () => {
  const { world, told, begin, finish, patches } = rig(build(1, false, "stopped"));
  await begin("start", { wait: false });
  assert.deepEqual(told, ["starting"]);
  const done = begin("start");
  await world.clock.advance(3_000);
  finish();
  await world.clock.advance(1_000);
  await done;
  assert.equal(told.at(-1), "runs");
  assert.equal(patches().length, 2);
  assert.match(patches()[0]!, /\{"spec":\{"running":true\}\}/);
});

Deno.test("what is so already is said, and nothing is waited for", async () => {
  const { told, begin, world } = rig(build(1, true, "running", { Ready: true }));
  await begin("start");
  assert.deepEqual(told, ["runs"]);
  assert.ok(!world.calls.some((call) => call.startsWith("GET")));
});

Deno.test("a restart stops, waits, and starts", async () => {
  const { world, told, begin, finish, object } = rig(build(1, true, "running", { Ready: true }));
  const done = begin("restart");
  await world.clock.advance(2_000);
  assert.deepEqual(told, ["stopping"]);
  finish();
  await world.clock.until(() => told.includes("starting"), "the start");
  finish();
  await world.clock.advance(1_000);
  await done;
  assert.deepEqual(told, ["stopping", "is stopped", "starting", "runs"]);
  assert.equal(object.status.latestBuild?.number, 3);
});

Deno.test("a restart of what is stopped is a start", async () => {
  const { told, begin } = rig(build(4, false, "stopped"));
  await begin("restart", { wait: false });
  assert.deepEqual(told, ["is stopped", "starting"]);
});

Deno.test("who interrupts a restart knows how it is left", async () => {
  const { world, begin, abort, progress, finish } = rig(build(1, true, "running", { Ready: true }));
  const done = begin("restart");
  await world.clock.advance(2_000);
  assert.match(
    progress.left,
    /^is being stopped, and stays so: kubectl coder start acme\.alice\.dev -n coder starts it$/,
  );
  finish();
  world.patched = () => abort.abort(new Error("interrupted"));
  await world.clock.advance(1_000);
  await assert.rejects(done, /interrupted/);
  assert.match(progress.left, /^(is stopped, and stays so|may have been asked to start)/);
});

Deno.test("a start that cannot be asked for after the stop leaves it stopped, and says so", async () => {
  const { world, begin, told, finish } = rig(build(1, true, "running", { Ready: true }));
  const done = begin("restart");
  await world.clock.advance(1_000);
  finish();
  world.refuse = { matches: /PATCH.*true/, error: refusal(403, "Forbidden", "no") };
  await world.clock.advance(2_000);
  await assert.rejects(done, /Forbidden/);
  assert.match(told.at(-1)!, /^it is stopped, and stays so: kubectl coder start/);
});

Deno.test("a build that fails ends the wait with its words, and so does the deadline", async () => {
  const failing = rig(build(1, false, "stopped"));
  const done = failing.begin("start");
  await failing.world.clock.advance(1_000);
  become(failing.object, build(2, false, "failed"));
  failing.object.status.latestBuild = { number: 2, transition: "start", error: "no quota" };
  await failing.world.clock.advance(1_000);
  await assert.rejects(done, /build 2 \(start\) failed: no quota/);
  const slow = rig(build(1, false, "stopped"));
  const late = slow.begin("start", { timeoutMs: 5_000 });
  await slow.world.clock.advance(6_000);
  await assert.rejects(late, /not running within 5 s \(--timeout\): a build is under way/);
});

Deno.test("servers that go away for a while are waited for; other refusals are not", async () => {
  const { world, begin, finish } = rig(build(1, false, "stopped"));
  const done = begin("start");
  const call = { method: "GET", path: "/x" };
  world.refuse = { matches: /^GET/, error: new KubeConnectionError("reset", call) };
  await world.clock.advance(5_000);
  world.refuse = undefined;
  finish();
  await world.clock.advance(1_000);
  await done;
  const other = rig(build(1, false, "stopped"));
  const refused = other.begin("start");
  other.world.refuse = { matches: /^GET/, error: refusal(404, "NotFound", "gone") };
  await other.world.clock.advance(1_000);
  await assert.rejects(refused, /gone/);
});

Deno.test("agents that stay unwell end the wait, those that recover do not", async () => {
  const unwell = () => build(2, true, "running");
  const unwellConditions = () =>
    workspace("a.b.c", { conditions: { Ready: [false, "AgentsUnhealthy", "main (timeout)"] } }).status
      .conditions ?? [];
  const sick = rig(build(1, false, "stopped"));
  const done = sick.begin("start");
  become(sick.object, unwell());
  sick.object.status.conditions = unwellConditions();
  await sick.world.clock.advance(14_000);
  sick.finish();
  await sick.world.clock.advance(1_000);
  await done;
  const dead = rig(build(1, false, "stopped"));
  const failed = dead.begin("start");
  become(dead.object, unwell());
  dead.object.status.conditions = unwellConditions();
  await dead.world.clock.advance(20_000);
  await assert.rejects(failed, /^PluginError: main \(timeout\)$/);
});

Deno.test("the log is that of the build that was asked for, and ends with the wait", async () => {
  const { world, begin, finish } = rig(build(7, false, "stopped"));
  const followed: number[] = [];
  let ended = false;
  const done = begin("start", {
    followBuild: (number, signal) => {
      followed.push(number);
      return new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          ended = true;
          resolve();
        })
      );
    },
  });
  await world.clock.advance(2_000);
  assert.deepEqual(followed, [8]);
  finish();
  await world.clock.advance(10_000);
  await done;
  assert.ok(ended);
});

Deno.test("names are short where the namespace is that of the context", () => {
  assert.equal(shownName(key, "coder"), "acme.alice.dev");
  assert.equal(shownName(key, "default"), "coder/acme.alice.dev");
});
