import assert from "node:assert/strict";
import type { Workspace } from "../../inventory/mod.ts";
import { ActionError } from "../error.ts";
import { accept } from "./accept.ts";
import type { WishRecord } from "./types.ts";

const ASKING = { id: "1", by: "jane", at: new Date("2026-01-01T00:00:00Z") };

function workspace(how: string, number = 5): Workspace {
  const [transition, status] = how.split(" ");
  const latest_build = {
    id: `build-${number}`,
    build_number: number,
    transition,
    status,
    template_version_id: "v1",
    reason: "initiator",
    resources: [],
  };
  return { id: "w", owner_id: "o", name: "a", latest_build } as unknown as Workspace;
}

const wantOf = ({ wish }: WishRecord) => wish.want;

Deno.test("what is asked for is wished, and what is not stays as it is", () => {
  const accepted = accept(workspace("start running"), undefined, { running: false }, ASKING);
  assert.deepEqual(accepted, {
    owner: "o",
    name: "a",
    workspace: "w",
    wish: {
      id: "1",
      by: "jane",
      at: "2026-01-01T00:00:00.000Z",
      base: 5,
      want: { running: false, isRunningAsked: true },
    },
    built: [],
  });
  for (const [how, running] of [["start running", true], ["start failed", true], ["stop stopped", false]]) {
    const { want } = accept(workspace(String(how)), undefined, { version: "v2" }, ASKING).wish;
    assert.deepEqual(want, { running, isRunningAsked: false, version: "v2" });
  }
});

Deno.test("a later wish wins in what it says, and leaves the rest", () => {
  const starting = workspace("start starting");
  const first = accept(
    starting,
    undefined,
    { running: false, version: "v2", parameters: [{ name: "a", value: "1" }, { name: "b", value: "2" }] },
    ASKING,
  );
  const second = accept(
    starting,
    first,
    { parameters: [{ name: "b", value: "3" }], presetId: "p" },
    { ...ASKING, id: "2", by: "john" },
  );
  assert.deepEqual([second.wish.id, second.wish.by], ["2", "john"]);
  assert.deepEqual(wantOf(second), {
    running: false,
    isRunningAsked: true,
    version: "v2",
    parameters: [{ name: "a", value: "1" }, { name: "b", value: "3" }],
    presetId: "p",
  });
  const third = accept(starting, second, { running: true, version: "v3" }, ASKING);
  assert.deepEqual([wantOf(third).running, wantOf(third).version], [true, "v3"]);
});

Deno.test("a wish that has ended, or is of another workspace, is no part of a later one", () => {
  const before = accept(workspace("start starting"), undefined, { running: false, version: "v2" }, ASKING);
  const other = { ...before, workspace: "another" };
  assert.equal(
    wantOf(accept(workspace("start starting"), other, { running: true }, ASKING)).version,
    undefined,
  );
  // Its build failed.
  const failed = { ...before, built: [6] };
  const now = accept(workspace("stop failed", 6), failed, { running: true }, ASKING);
  assert.deepEqual(wantOf(now), { running: true, isRunningAsked: true });
});

Deno.test("what was sent for an earlier wish is not forgotten", () => {
  const sent = { what: "stop" as const, above: 5, at: "2026-01-01T00:00:00Z" };
  const before = { ...accept(workspace("start running"), undefined, { running: false }, ASKING), sent };
  const now = accept(workspace("start running"), before, { running: true }, ASKING);
  assert.deepEqual([now.sent, wantOf(now).running], [sent, true]);
});

Deno.test("a restart is a start where it does not run, and none while it is started", () => {
  const restart = { restart: true };
  assert.equal(wantOf(accept(workspace("start running"), undefined, restart, ASKING)).rebuild, true);
  assert.equal(wantOf(accept(workspace("stop stopped"), undefined, restart, ASKING)).running, true);
  assert.equal(wantOf(accept(workspace("start pending"), undefined, restart, ASKING)).rebuild, undefined);
  const before = accept(workspace("start running"), undefined, restart, ASKING);
  const stopped = accept(
    workspace("stop stopping", 6),
    { ...before, built: [6] },
    { running: false },
    ASKING,
  );
  assert.equal(wantOf(stopped).rebuild, undefined);
  const kept = accept(workspace("stop stopping", 6), { ...before, built: [6] }, { version: "v2" }, ASKING);
  assert.deepEqual([wantOf(kept).rebuild, wantOf(kept).running], [true, true]);
});

Deno.test("a deletion takes the place of everything, and nothing takes the place of a deletion", () => {
  const before = accept(workspace("start starting"), undefined, { running: false, version: "v2" }, ASKING);
  const removal = accept(workspace("start starting"), before, { remove: { orphan: false } }, ASKING);
  assert.deepEqual(wantOf(removal), { running: false, isRunningAsked: true, remove: { orphan: false } });
  const isDeleting = (error: unknown) => error instanceof ActionError && error.reason === "conflict";
  assert.throws(() => accept(workspace("start starting"), removal, { running: true }, ASKING), isDeleting);
  for (const how of ["delete pending", "delete deleting", "delete deleted"]) {
    assert.throws(() => accept(workspace(how), undefined, { version: "v2" }, ASKING), isDeleting);
  }
  assert.equal(
    wantOf(accept(workspace("delete failed"), undefined, { running: true }, ASKING)).running,
    true,
  );
  const orphan = accept(workspace("start starting"), removal, { remove: { orphan: true } }, ASKING);
  const again = accept(workspace("start starting"), orphan, { remove: { orphan: false } }, ASKING);
  assert.deepEqual(wantOf(again).remove, { orphan: true });
});
