/** Settings of templates: Coder sets to zero what a change leaves out, so every change says all of them. */
import type { Template, TemplatePatch } from "../../coder/mod.ts";
import type { Cause } from "../error.ts";
import type { TemplateSettingsChange } from "./types.ts";

/** Kept by Coder where they are left out, and some refused without a licence where they come: sent only when changed. */
const KEPT = [
  "deprecation_message",
  "autostop_requirement",
  "autostart_requirement",
  "max_port_share_level",
  "cors_behavior",
  "use_classic_parameter_flow",
] as const;

/** The settings that `change` has and `current` has otherwise. */
export function changedSettings(
  current: Template,
  change: TemplateSettingsChange,
): (keyof TemplateSettingsChange)[] {
  return (Object.keys(change) as (keyof TemplateSettingsChange)[]).filter((key) =>
    change[key] !== undefined && !isSame(current[key], change[key])
  );
}

/** The whole body of a change: what is, and what shall be different. */
export function patchOf(current: Template, change: TemplateSettingsChange): TemplatePatch {
  const wanted = { ...current, ...withoutUndefined(change) };
  const changed = changedSettings(current, change);
  const kept = Object.fromEntries(
    KEPT.filter((key) => changed.includes(key)).map((key) => [key, change[key]]),
  );
  return {
    name: current.name,
    display_name: wanted.display_name,
    description: wanted.description,
    icon: wanted.icon,
    default_ttl_ms: wanted.default_ttl_ms,
    activity_bump_ms: wanted.activity_bump_ms,
    allow_user_cancel_workspace_jobs: wanted.allow_user_cancel_workspace_jobs,
    allow_user_autostart: wanted.allow_user_autostart,
    allow_user_autostop: wanted.allow_user_autostop,
    failure_ttl_ms: wanted.failure_ttl_ms,
    time_til_dormant_ms: wanted.time_til_dormant_ms,
    time_til_dormant_autodelete_ms: wanted.time_til_dormant_autodelete_ms,
    require_active_version: wanted.require_active_version,
    ...kept,
  };
}

/** What was asked for and is not so afterwards: Coder drops without a word what the licence does not cover. */
export function droppedSettings(after: Template, change: TemplateSettingsChange): string[] {
  return changedSettings(after, change);
}

/** What Coder would refuse, some of it with an error of its database. */
export function problemsOfSettings(change: TemplateSettingsChange): Cause[] {
  const causes: Cause[] = [];
  const most = (field: "description" | "display_name", limit: number) => {
    if ([...change[field] ?? ""].length <= limit) return;
    causes.push({ field, message: `is longer than ${limit} characters` });
  };
  most("description", 128);
  most("display_name", 64);
  for (const [field, value] of Object.entries(change)) {
    if (typeof value === "number" && !(Number.isInteger(value) && value >= 0)) {
      causes.push({ field, message: "must be milliseconds, and not negative" });
    }
  }
  return causes;
}

function withoutUndefined(change: TemplateSettingsChange): TemplateSettingsChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

/** Days have no order. */
function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(plain(left)) === JSON.stringify(plain(right));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.toSorted();
  if (typeof value !== "object" || value === null) return value ?? "";
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, inner]) => [key, plain(inner)]);
}
