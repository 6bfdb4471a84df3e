import assert from "node:assert/strict";
import type { WishRecord } from "../../actions/mod.ts";
import type { WorkspaceBuild } from "../../inventory/mod.ts";
import type { Overlay } from "./overlay.ts";
import { workspaceDefinition } from "../../api/workspace.ts";
import { build, PLACE, shadowRecord, uuid, wishRecord, workspace } from "./testing.ts";
import { workspaceObject } from "./workspace.ts";

/** Of a workspace that runs. */
const shown = (overlay: Overlay, changes: Partial<WorkspaceBuild> = {}) =>
  workspaceObject(workspace({ latest_build: build(changes) }), PLACE, overlay);

function conditions(overlay: Overlay, changes: Partial<WorkspaceBuild> = {}): Record<string, string> {
  const all = shown(overlay, changes).status.conditions ?? [];
  return Object.fromEntries(
    all.map(({ type, status, reason, lastTransitionTime }) => [
      type,
      `${status} ${reason} ${lastTransitionTime.slice(11, 19)}`,
    ]),
  );
}

const message = (overlay: Overlay, changes: Partial<WorkspaceBuild> = {}) =>
  shown(overlay, changes).status.conditions?.find(({ type }) => type === "ChangePending")?.message ?? "";

const want = (
  wanted: Partial<WishRecord["wish"]["want"]>,
  changes: Partial<WishRecord> = {},
): Overlay => ({ wish: wishRecord(wanted, changes) });

Deno.test("what is wished is what the spec says, and the rest is as it is", () => {
  const { spec } = shown(want({ version: uuid(77), parameters: [{ name: "region", value: "us" }] }));
  assert.deepEqual([spec.running, spec.templateVersionID, spec.parameters, spec.ttlMillis], [
    false,
    uuid(77),
    { region: "us" },
    28_800_000,
  ]);
  const plain = shown(want({}));
  assert.deepEqual([plain.spec.templateVersionID, plain.spec.parameters], [uuid(11), undefined]);
});

Deno.test("values that are wished are shown over those that were given, which stay", () => {
  const shadow = shadowRecord({ spec: { parameters: { region: "eu", size: "xl" } } });
  const { spec } = shown({ ...want({ parameters: [{ name: "region", value: "us" }] }), shadow });
  assert.deepEqual(spec.parameters, { region: "us", size: "xl" });
});

Deno.test("where nobody asked for running, it is what was, or what somebody has made it since", () => {
  const other = { running: true, isRunningAsked: false, version: uuid(77) };
  // It is stopped to be started with the other version: the stop is ours.
  const stopping = { transition: "stop", status: "stopping", build_number: 4 };
  assert.equal(shown(want(other, { built: [4] }), stopping).spec.running, true);
  assert.equal(shown(want(other), stopping).spec.running, false);
});

Deno.test("a wish that waits is pending and progress, since it was asked for, and says who asked", () => {
  const overlay = want({ version: uuid(77), presetId: uuid(78), rebuild: true });
  assert.deepEqual(conditions(overlay), {
    Ready: "True Running 10:00:05",
    Building: "False Idle 10:00:05",
    Dormant: "False InUse 09:00:00",
    Outdated: "False UpToDate 10:00:00",
    ChangePending: "True Waiting 10:00:02",
    Reconciling: "True Waiting 10:00:02",
  });
  assert.equal(
    message(overlay),
    `jane asked at 2026-05-01T10:00:02Z for running false, version ${uuid(77)}, preset ${
      uuid(78)
    }, a restart: it is done as soon as Coder takes it`,
  );
});

Deno.test("values that are wished are not in the message, their names are", () => {
  const text = message(want({ isRunningAsked: false, parameters: [{ name: "token", value: "hunter2" }] }));
  assert.match(text, /for parameters token:/);
  assert.doesNotMatch(text, /hunter2/);
  assert.match(message(want({ isRunningAsked: false })), /for a build:/);
});

Deno.test("a wish waits for the build that is active, which is the progress then", () => {
  const overlay = want({});
  const all = conditions(overlay, { status: "starting" });
  assert.deepEqual([all["ChangePending"], all["Reconciling"]], [
    "True BuildActive 10:00:02",
    "True Starting 10:00:00",
  ]);
  assert.match(message(overlay, { status: "starting" }), /the build that is active \(start\) is over/);
});

Deno.test("as long as what was sent does not show, its answer is awaited", () => {
  const sent = { what: "stop" as const, above: 3, at: "2026-05-01T10:00:03Z" };
  assert.equal(conditions(want({}, { sent }))["ChangePending"], "True AnswerAwaited 10:00:02");
  // Somebody else was sooner.
  assert.equal(
    conditions(want({ running: true }, { sent }), { build_number: 4, status: "canceling" })["ChangePending"],
    "True BuildActive 10:00:02",
  );
});

Deno.test("a wish that the latest build fulfils, or has failed, is nothing that waits any more", () => {
  const sent = { what: "stop" as const, above: 3, at: "2026-05-01T10:00:03Z" };
  const bare = { transition: "stop", build_number: 4 };
  for (const status of ["pending", "stopping", "stopped", "failed"]) {
    const changes = { ...bare, status };
    assert.deepEqual(shown(want({}, { sent }), changes), shown({}, changes), status);
  }
  const remove = want({ running: false, remove: { orphan: false } });
  const deleting = { transition: "delete", status: "deleting", build_number: 4 };
  assert.deepEqual(shown(remove, deleting), shown({}, deleting));
  // The stop is only half of it.
  const version = want({ running: true, version: uuid(77) }, { sent });
  assert.equal(
    conditions(version, { ...bare, status: "stopping" })["ChangePending"],
    "True BuildActive 10:00:02",
  );
});

Deno.test("what has failed before is no failure while something is wished", () => {
  const all = conditions(want({ running: true }), { status: "failed" });
  assert.deepEqual([all["Ready"], all["Reconciling"], all["Stalled"]], [
    "False BuildFailed 10:00:05",
    "True Waiting 10:00:02",
    undefined,
  ]);
});

Deno.test("what was refused in the background is a failure until something else is asked for", () => {
  const refusal = { reason: "Refused", message: "403 Forbidden", at: "2026-05-01T11:00:00.9Z" };
  const shadow = shadowRecord({ refusal });
  const all = conditions({ shadow });
  assert.deepEqual([all["Ready"], all["ChangePending"], all["Reconciling"], all["Stalled"]], [
    "True Running 10:00:05",
    "False Refused 11:00:00",
    undefined,
    "True Refused 11:00:00",
  ]);
  assert.equal(message({ shadow }), "403 Forbidden");
  assert.equal(shown({ shadow }).spec.running, true);
  const again = conditions({ shadow, ...want({}) });
  assert.deepEqual([again["ChangePending"], again["Stalled"]], ["True Waiting 10:00:02", undefined]);
  const building = conditions({ shadow }, { status: "stopping", transition: "stop" });
  assert.deepEqual([building["Reconciling"], building["Stalled"]], ["True Stopping 10:00:00", undefined]);
  // The build's own failure is what people look for first.
  assert.equal(conditions({ shadow }, { status: "failed" })["Stalled"], "True BuildFailed 10:00:05");
});

Deno.test("a workspace is being deleted since somebody asked for it, or since its delete build", () => {
  const since = (overlay: Overlay, changes: Partial<WorkspaceBuild> = {}) => {
    const { deletionTimestamp, deletionGracePeriodSeconds } = shown(overlay, changes).metadata;
    assert.equal(deletionGracePeriodSeconds, deletionTimestamp === undefined ? undefined : 0);
    return deletionTimestamp?.slice(11, 19);
  };
  const remove = want({ running: false, remove: { orphan: false } });
  const kept = shadowRecord({ metadata: { deletionTimestamp: "2026-05-01T09:00:00Z" } });
  const held = shadowRecord({ metadata: { ...kept.metadata, finalizers: ["example.com/wait"] } });
  assert.equal(since({}), undefined);
  assert.equal(since(remove), "10:00:02");
  assert.equal(since({ shadow: held }), "09:00:00");
  // Nothing holds it back, and nothing goes on in Coder: it is not being deleted any more.
  assert.equal(since({ shadow: kept }), undefined);
  assert.equal(since({ ...remove, shadow: kept }), "09:00:00");
  for (const status of ["pending", "deleting", "canceling", "deleted"]) {
    assert.equal(since({}, { transition: "delete", status }), "10:00:00", status);
    assert.equal(since({ shadow: kept }, { transition: "delete", status }), "09:00:00", status);
  }
  for (const status of ["failed", "canceled"]) {
    assert.equal(since({}, { transition: "delete", status }), undefined, status);
    assert.equal(since({ shadow: kept }, { transition: "delete", status }), undefined, status);
    assert.equal(since({ shadow: held }, { transition: "delete", status }), "09:00:00", status);
    assert.equal(since(remove, { transition: "delete", status }), "10:00:02", status);
  }
});

Deno.test("a deletion that failed says why", () => {
  const job = { id: uuid(12), status: "failed", error: "still in use", error_code: "", completed_at: null };
  const { conditions = [] } = shown({}, { transition: "delete", status: "failed", job }).status;
  const stalled = conditions.find(({ type }) => type === "Stalled");
  assert.deepEqual([stalled?.reason, stalled?.message], ["BuildFailed", "still in use"]);
});

Deno.test("who wishes it gone wishes nothing else of it", () => {
  const overlay = want({ running: false, remove: { orphan: true }, version: uuid(77) });
  const { spec } = shown(overlay, { status: "starting" });
  assert.deepEqual([spec.running, spec.templateVersionID], [true, uuid(11)]);
  assert.match(message(overlay), /for its deletion:/);
});

Deno.test("presets are those that were given, or that of the latest build", () => {
  const preset = (overlay: Overlay, id: string | null | undefined) =>
    shown(overlay, id === undefined ? {} : { template_version_preset_id: id }).spec.presetID;
  assert.deepEqual([
    preset({}, undefined),
    preset({}, null),
    preset({}, uuid(0).replace("4000-8000", "0000-0000")),
  ], [
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal(preset({}, uuid(50)), uuid(50));
  assert.equal(preset({ shadow: shadowRecord({ spec: { presetID: uuid(51) } }) }, uuid(50)), uuid(51));
});

Deno.test("with all that can be kept and wished, no field is shown that the schema does not know", () => {
  const shadow = shadowRecord({
    metadata: { labels: { a: "b" } },
    spec: { presetID: uuid(51), parameters: { region: "eu" } },
    refusal: { reason: "Refused", message: "no", at: "2026-05-01T11:00:00Z" },
  });
  for (const overlay of [{ shadow }, { shadow, wish: wishRecord() }]) {
    const object = shown(overlay);
    assert.deepEqual(workspaceDefinition.spec.parse(object.spec), object.spec);
    assert.deepEqual(workspaceDefinition.status.parse(object.status), object.status);
    assert.equal(JSON.stringify(shown(overlay)), JSON.stringify(object));
    for (const { message, reason } of object.status.conditions ?? []) {
      assert.notEqual(message, "");
      assert.match(reason, /^[A-Za-z]+$/);
    }
  }
});

Deno.test("a ttl of 0 and an empty schedule that were given here are shown as long as Coder has none", () => {
  const shadow = shadowRecord({ spec: { ttlMillis: 0, autostartSchedule: "" } });
  const spec = (changes: Parameters<typeof workspace>[0]) => {
    const { ttlMillis, autostartSchedule } = workspaceObject(workspace(changes), PLACE, { shadow }).spec;
    return [ttlMillis, autostartSchedule];
  };
  assert.deepEqual(spec({ ttl_ms: null, autostart_schedule: null }), [0, ""]);
  assert.deepEqual(spec({}), [28_800_000, "CRON_TZ=UTC 30 9 * * 1-5"]);
});
