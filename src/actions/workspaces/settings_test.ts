import assert from "node:assert/strict";
import { ActionRig } from "../../../tests/actions/rig.ts";
import { refuse } from "../../../tests/fake-coder/reply.ts";
import { CoderError } from "../../coder/mod.ts";
import { applySettings, problemsOfSettings, type SettingsChange, settingsFor } from "./settings.ts";
import { Session } from "./world.ts";

async function setUp() {
  const rig = new ActionRig();
  const id = rig.addWorkspace("a");
  const session = new Session(rig.world(), rig.signal);
  const workspace = (await session.look(id))!;
  return {
    rig,
    id,
    session,
    workspace,
    calls: (change: SettingsChange) => settingsFor(workspace, change).map(({ call }) => call),
    apply: (change: SettingsChange) => applySettings(session, workspace, settingsFor(workspace, change)),
  };
}

Deno.test("only what would change anything is called", async () => {
  const { calls, rig, id } = await setUp();
  const same = {
    ttlMs: null,
    autostart: null,
    automaticUpdates: "never",
    dormant: false,
    name: "a",
  } as const;
  assert.deepEqual(calls(same), []);
  assert.deepEqual(calls({}), []);
  const all = {
    ttlMs: 60_000,
    autostart: "0 9 * * *",
    automaticUpdates: "always",
    dormant: true,
    name: "b",
    deadline: new Date(rig.now),
  } as const;
  assert.deepEqual(calls(all), [
    "rename",
    "set ttl",
    "set autostart",
    "set automatic updates",
    "set dormancy",
    "extend",
  ]);
  assert.equal(typeof id, "string");
});

Deno.test("settings are made, and the workspace is known as it is then", async () => {
  const { rig, id, apply } = await setUp();
  rig.settings.renames = true;
  Object.assign(rig.row(id)["latest_build"] as object, { deadline: new Date(rig.now).toISOString() });
  const deadline = new Date(rig.now + 3_600_000);
  const change = {
    ttlMs: 90_000,
    autostart: "0 9 * * *",
    automaticUpdates: "always",
    dormant: true,
    name: "b",
    deadline,
  } as const;
  const now = await apply(change);
  assert.deepEqual(
    [now?.name, now?.ttl_ms, now?.autostart_schedule, now?.automatic_updates, now?.latest_build.deadline],
    ["b", 60_000, "0 9 * * *", "always", deadline.toISOString()],
  );
  assert.equal(typeof now?.dormant_at, "string");
  // It is so: cut to whole minutes.
  assert.deepEqual(settingsFor(now!, change), []);
  assert.deepEqual(rig.copy.get(id), now);
});

Deno.test("a setting whose answer was lost is looked at, and made again only where it is not so", async () => {
  for (const [fault, writes] of [["lost", 1], ["dropped", 1]] as const) {
    const { rig, apply } = await setUp();
    let left = 1;
    rig.fault = (method) => method === "PUT" && left-- > 0 ? fault : undefined;
    assert.equal((await apply({ ttlMs: 60_000 }))?.ttl_ms, 60_000);
    assert.equal(rig.writes.length, writes);
  }
});

Deno.test("a setting whose answer was lost is not made again over what somebody else has made of it since", async () => {
  const { rig, id, apply } = await setUp();
  let asked = 0;
  rig.fault = (method) => {
    if (method === "GET" && asked === 1) rig.row(id)["ttl_ms"] = 120_000;
    return method === "PUT" && asked++ === 0 ? "lost" : undefined;
  };
  await assert.rejects(
    apply({ ttlMs: 60_000 }),
    (error) => error instanceof CoderError && error.kind !== "conflict",
  );
  assert.deepEqual([rig.row(id)["ttl_ms"], rig.writes.length], [120_000, 1]);
});

Deno.test("what was done before a refusal is known", async () => {
  const { rig, id, apply, session } = await setUp();
  rig.fault = (_method, path) => path.endsWith("/autostart") ? refuse(400, "no") : undefined;
  await assert.rejects(
    apply({ ttlMs: 60_000, autostart: "0 9 * * *" }),
    (error) => error instanceof CoderError && error.kind === "invalid",
  );
  assert.equal(rig.copy.get(id)?.ttl_ms, 60_000);
  assert.deepEqual(session.calls.map(({ call }) => call), ["set ttl", "set autostart"]);
});

Deno.test("a workspace that goes meanwhile is gone", async () => {
  const { rig, id, apply } = await setUp();
  rig.fault = (method) => {
    if (method === "PUT") rig.row(id)["deleted"] = true;
    return method === "PUT" ? "lost" : undefined;
  };
  assert.equal(await apply({ ttlMs: 60_000 }), undefined);
});

Deno.test("what is wrong with settings is known without Coder", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const problems = (change: SettingsChange) => problemsOfSettings(change, now).map(({ field }) => field);
  assert.deepEqual(problems({ ttlMs: 1, autostart: "x", name: "a b", deadline: new Date(now) }), [
    "ttlMillis",
    "autostartSchedule",
    "name",
    "deadline",
  ]);
  assert.deepEqual(problems({ ttlMs: null, autostart: null, deadline: new Date(now + 1_800_000) }), []);
});
