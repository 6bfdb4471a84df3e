import assert from "node:assert/strict";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { Board } from "../board.ts";
import { LiveCluster, refusal, visitorOf, workspaceOf } from "../testing.ts";
import type { BuildRow, Section } from "../types.ts";
import { controlPlanes } from "./control_planes.ts";
import { provisioners } from "./provisioners.ts";
import type { Source } from "./source.ts";
import { BUILD_MS, buildRow, workspaceRow, workspaces } from "./workspaces.ts";

const START = Date.parse("2026-11-22T04:05:00Z");

async function running(source: Source, live: LiveCluster) {
  const clock = new FakeClock();
  const abort = new AbortController();
  const board = new Board();
  const ended = source.run({
    visitor: () => visitorOf("ann", live.cluster),
    board,
    signal: abort.signal,
    clock,
    now: () => START + clock.now(),
  });
  await settle();
  return {
    board,
    clock,
    rows: (section: Section) => [...board.ids(section)].map((id) => board.row(section, id)!),
    async end() {
      abort.abort();
      await ended;
      assert.equal(clock.pendingTimers, 0);
    },
  };
}

const building = (number: number, transition: string, state: string, more: object = {}) => ({
  latestBuildStatus: state,
  latestBuild: { number, transition, createdAt: "2026-11-22T04:04:00Z", ...more },
});

Deno.test("a workspace is a row, with what Coder says of it", () => {
  const one = workspaceOf("acme.ann.dev", {
    health: { healthy: false },
    outdated: true,
    lastUsedAt: "2026-11-22T03:00:00Z",
  });
  const row = {
    id: "lab/acme.ann.dev",
    namespace: "lab",
    name: "acme.ann.dev",
    owner: "ann",
    template: "docker",
    state: "running",
    healthy: false,
    outdated: true,
    lastUsedAt: "2026-11-22T03:00:00.000Z",
  };
  assert.deepEqual(workspaceRow(one), row);
  assert.equal(workspaceRow(one), workspaceRow(one), "made once");
  const stopped = workspaceRow(workspaceOf("acme.ann.dev", { latestBuildStatus: "stopped" }));
  assert.deepEqual([stopped.healthy, stopped.outdated, stopped.lastUsedAt], [true, false, ""]);
  const leaving = workspaceOf("acme.ann.dev");
  leaving.metadata.deletionTimestamp = "2026-11-22T04:00:00Z";
  assert.equal(workspaceRow(leaving).state, "deleting");
  const empty = { ...workspaceOf("x"), spec: undefined, status: undefined } as never;
  assert.deepEqual([workspaceRow(empty).state, buildRow(empty)], ["", undefined]);
});

Deno.test("workspaces are shown as they change", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one"), workspaceOf("a.bob.two"));
  const { rows, board, end } = await running(workspaces(), live);
  assert.deepEqual(rows("workspaces").map(({ id }) => id), ["lab/a.ann.one", "lab/a.bob.two"]);
  assert.ok(board.isComplete("workspaces") && board.isComplete("builds"));
  live.put(workspaceOf("a.ann.one", { latestBuildStatus: "stopped" }));
  live.remove("CoderWorkspace", "lab", "a.bob.two");
  await settle();
  assert.deepEqual(rows("workspaces").map((row) => [row.id, (row as { state: string }).state]), [
    ["lab/a.ann.one", "stopped"],
  ]);
  await end();
});

Deno.test("builds are shown while they run and for minutes after, and those of long ago are not", async () => {
  const live = new LiveCluster();
  let wakes = 0;
  live.put(
    workspaceOf("a.ann.old", building(3, "start", "running", { completedAt: "2026-11-21T00:00:00Z" })),
    workspaceOf("a.ann.late", building(2, "stop", "stopped", { completedAt: "2026-11-22T04:04:30Z" })),
    workspaceOf("a.ann.now", building(1, "start", "starting")),
  );
  const { rows, clock, end } = await running(workspaces(() => wakes++), live);
  const builds = () =>
    (rows("builds") as BuildRow[]).map(({ id, state, endedAt }) => [id, state, endedAt !== ""]);
  assert.deepEqual(builds(), [["lab/a.ann.late#2", "stopped", true], ["lab/a.ann.now#1", "starting", false]]);
  assert.equal(wakes, 1);
  live.put(workspaceOf(
    "a.ann.now",
    building(1, "start", "failed", { completedAt: "2026-11-22T04:05:10Z", error: "no quota" }),
  ));
  await settle();
  assert.equal((rows("builds") as BuildRow[]).find(({ number }) => number === 1)?.message, "no quota");
  assert.equal(wakes, 2);
  await clock.advance(BUILD_MS + 30_000);
  assert.deepEqual(builds(), []);
  await end();
});

Deno.test("the end of a build is known when its workspace is gone, or has another one", async () => {
  const live = new LiveCluster();
  live.put(
    workspaceOf("a.ann.one", building(2, "delete", "deleting")),
    workspaceOf("a.ann.two", building(5, "start", "starting")),
  );
  const { rows, end } = await running(workspaces(), live);
  live.remove("CoderWorkspace", "lab", "a.ann.one");
  live.put(workspaceOf("a.ann.two", building(6, "stop", "stopping")));
  await settle();
  const builds = Object.fromEntries((rows("builds") as BuildRow[]).map((row) => [row.id, row]));
  assert.equal(builds["lab/a.ann.one#2"]?.state, "deleted");
  assert.notEqual(builds["lab/a.ann.one#2"]?.endedAt, "");
  assert.notEqual(builds["lab/a.ann.two#5"]?.endedAt, "");
  assert.deepEqual([builds["lab/a.ann.two#6"]?.state, builds["lab/a.ann.two#6"]?.endedAt], ["stopping", ""]);
  await end();
});

Deno.test("who may see fewer workspaces than before sees no builds of the others", async () => {
  const live = new LiveCluster();
  const over = building(2, "stop", "stopped", { completedAt: "2026-11-22T04:04:30Z" });
  live.put(
    workspaceOf("a.ann.one", over),
    workspaceOf("a.bob.two", over),
    workspaceOf("a.bob.three", building(1, "start", "starting")),
    workspaceOf("a.ann.gone", over),
  );
  const { rows, clock, end } = await running(workspaces(), live);
  const builds = () => rows("builds").map(({ id }) => id);
  assert.equal(builds().length, 4);
  live.remove("CoderWorkspace", "lab", "a.ann.gone");
  await settle();
  // Nobody is told that something may not be seen any more.
  live.remove("CoderWorkspace", "lab", "a.bob.two", true);
  live.remove("CoderWorkspace", "lab", "a.bob.three", true);
  await clock.advance(130_000);
  assert.deepEqual(rows("workspaces").map(({ id }) => id), ["lab/a.ann.one"]);
  assert.deepEqual(builds(), ["lab/a.ann.one#2", "lab/a.ann.gone#2"]);
  await end();
});

Deno.test("who may not see workspaces sees no builds of them, and why", async () => {
  const live = new LiveCluster();
  live.put(workspaceOf("a.ann.one", building(1, "start", "starting")));
  const { rows, board, clock, end } = await running(workspaces(), live);
  assert.equal(rows("builds").length, 1);
  live.refuse = () => refusal(403, "Forbidden", "you may not");
  await clock.advance(61_000);
  for (const section of ["workspaces", "builds"] as const) {
    assert.deepEqual(rows(section), [], section);
    assert.match(board.problemOf(section), /you may not/);
  }
  await end();
});

Deno.test("control planes and provisioners are shown with their conditions, whatever is in their status", async () => {
  const live = new LiveCluster();
  const conditions = [{ type: "Ready", status: "False", reason: "Waiting", message: "for PostgreSQL" }];
  const metadata = { namespace: "lab", name: "coder" };
  live.put(
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata,
      spec: { replicas: 2 },
      status: { phase: "Ready", readyReplicas: 1, version: "2.30.0", url: "http://coder.lab", conditions },
    } as never,
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { ...metadata, name: "odd" },
      status: { phase: 7, conditions: "none", readyReplicas: "many", url: [] },
    } as never,
    {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderProvisioner",
      metadata,
      status: { phase: "Ready", readyReplicas: 3, replicas: 3, conditions },
    } as never,
  );
  const planes = await running(controlPlanes, live);
  const shown = [{ type: "Ready", status: "False", reason: "Waiting", message: "for PostgreSQL", since: "" }];
  assert.deepEqual(planes.rows("controlplanes"), [
    {
      id: "lab/coder",
      ...metadata,
      phase: "Ready",
      version: "2.30.0",
      replicas: "1/2",
      url: "http://coder.lab",
      conditions: shown,
    },
    {
      id: "lab/odd",
      namespace: "lab",
      name: "odd",
      phase: "",
      version: "",
      replicas: "0",
      url: "",
      conditions: [],
    },
  ]);
  await planes.end();
  const others = await running(provisioners, live);
  assert.deepEqual(others.rows("provisioners"), [
    { id: "lab/coder", ...metadata, phase: "Ready", ready: "3/3", conditions: shown },
  ]);
  await others.end();
});
