import assert from "node:assert/strict";
import { templateSchema } from "../../coder/schemas.ts";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { changedSettings, droppedSettings, patchOf, problemsOfSettings } from "./settings.ts";
import type { TemplateSettingsChange } from "./types.ts";

const ID = "6f0d7f0e-3c5c-4d7b-9a0e-0123456789ab";

/** As Coder sends a template. */
function current(changes: Record<string, unknown> = {}) {
  return templateSchema.parse({
    id: ID,
    name: "docker",
    display_name: "Docker",
    description: "with docker",
    icon: "/icon/docker.svg",
    organization_id: ID,
    active_version_id: ID,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    default_ttl_ms: 7,
    activity_bump_ms: 8,
    allow_user_cancel_workspace_jobs: true,
    allow_user_autostart: true,
    allow_user_autostop: false,
    failure_ttl_ms: 9,
    time_til_dormant_ms: 10,
    time_til_dormant_autodelete_ms: 11,
    require_active_version: true,
    autostop_requirement: { days_of_week: ["sunday", "monday"], weeks: 2 },
    autostart_requirement: { days_of_week: ["monday"] },
    max_port_share_level: "owner",
    cors_behavior: "simple",
    use_classic_parameter_flow: true,
    deprecation_message: "",
    ...changes,
  });
}

/** What coderd makes of a change: what is no pointer there becomes zero where it is left out. */
function carriedOut(patch: object) {
  const zero = {
    default_ttl_ms: 0,
    activity_bump_ms: 0,
    allow_user_cancel_workspace_jobs: false,
    allow_user_autostart: false,
    allow_user_autostop: false,
    failure_ttl_ms: 0,
    time_til_dormant_ms: 0,
    time_til_dormant_autodelete_ms: 0,
    require_active_version: false,
  };
  return { ...current(), ...zero, ...patch };
}

Deno.test("a change of one setting changes that one alone", () => {
  assert.deepEqual(carriedOut(patchOf(current(), { icon: "" })), { ...current(), icon: "" });
  const patch = patchOf(current(), { description: "new" });
  for (
    const key of ["max_port_share_level", "cors_behavior", "autostop_requirement", "deprecation_message"]
  ) {
    assert.ok(!Object.hasOwn(patch, key), key);
  }
});

Deno.test("whatever is changed, all else stays", () => {
  const choices: { [K in keyof TemplateSettingsChange]-?: readonly TemplateSettingsChange[K][] } = {
    display_name: ["", "Docker", "Other"],
    description: ["", "x"],
    icon: [""],
    default_ttl_ms: [0, 7, 60_000],
    activity_bump_ms: [0, 8],
    allow_user_cancel_workspace_jobs: [true, false],
    allow_user_autostart: [true, false],
    allow_user_autostop: [true, false],
    failure_ttl_ms: [0, 9],
    time_til_dormant_ms: [0, 10],
    time_til_dormant_autodelete_ms: [0],
    require_active_version: [true, false],
    deprecation_message: ["", "old"],
    autostop_requirement: [{ days_of_week: ["monday", "sunday"], weeks: 2 }, { days_of_week: [], weeks: 1 }],
    autostart_requirement: [{ days_of_week: [] }],
    max_port_share_level: ["owner", "public"],
    cors_behavior: ["passthru"],
    use_classic_parameter_flow: [true, false, undefined],
  };
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const change: Record<string, unknown> = {};
    for (const [key, values] of Object.entries(choices)) {
      if (below(random, 3) === 0) change[key] = pick<unknown>(random, values);
    }
    const after = carriedOut(patchOf(current(), change));
    assert.deepEqual(droppedSettings(after, change), [], `seed ${seed}`);
    const touched = changedSettings(current(), change);
    const untouched = (all: object) => Object.entries(all).filter(([key]) => !touched.includes(key as never));
    assert.deepEqual(untouched(after).sort(), untouched(current()).sort(), `seed ${seed}`);
  }
});

Deno.test("days in another order are no change, and neither is what is left out", () => {
  const days = { days_of_week: ["monday", "sunday"], weeks: 2 };
  assert.deepEqual(changedSettings(current(), { autostop_requirement: days, icon: undefined! }), []);
  assert.deepEqual(changedSettings(current(), { autostop_requirement: { ...days, weeks: 1 } }), [
    "autostop_requirement",
  ]);
});

Deno.test("what Coder has dropped is found by looking again", () => {
  assert.deepEqual(droppedSettings(current(), { failure_ttl_ms: 1, icon: "/icon/docker.svg" }), [
    "failure_ttl_ms",
  ]);
});

Deno.test("texts that its database would refuse, and times that are none, are refused here", () => {
  const wrong = {
    description: "ä".repeat(129),
    display_name: "x".repeat(65),
    default_ttl_ms: -1,
    failure_ttl_ms: 0.5,
  };
  assert.deepEqual(problemsOfSettings(wrong).map(({ field }) => field), [
    "description",
    "display_name",
    "default_ttl_ms",
    "failure_ttl_ms",
  ]);
  assert.deepEqual(problemsOfSettings({ description: "😀".repeat(128), default_ttl_ms: 0 }), []);
});
