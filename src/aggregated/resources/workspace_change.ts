/** From what a workspace is said to be to what is asked of Coder. Pure functions. */
import { isDeepStrictEqual } from "node:util";
import type { Creation, WorkspaceChange } from "../../actions/mod.ts";
import type { CoderWorkspace, WorkspaceSpec } from "../../api/workspace.ts";
import type { Workspace } from "../../inventory/mod.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";
import { isMeantToRun } from "../convert/workspace.ts";
import type { WorkspaceName } from "../names.ts";
import { badRequest } from "../serving/status_errors.ts";
import { forbiddenValue, invalidValue, required } from "../writing/decode/causes.ts";

/** Of one thing that is wrong. */
export interface FieldCause {
  readonly field: string;
  readonly message: string;
  readonly reason?: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MINUTE_MS = 60_000;

/** A new workspace with what its name says. @throws {StatusError} 400 where the name says something else */
export function defaultedNew(object: CoderWorkspace, { organization }: WorkspaceName): CoderWorkspace {
  const said = object.spec.organization ?? "";
  if (said !== "" && said !== organization) {
    const { name = "" } = object.metadata;
    throw badRequest(
      `spec.organization ${JSON.stringify(said)} is not the organization of the name ${JSON.stringify(name)}`,
    );
  }
  return { ...object, spec: withoutNoValues(withoutEmptyIds({ ...object.spec, organization })) };
}

/** What nobody can take away from a workspace: it stays as it is where it is left out. */
const LASTING = ["organization", "templateName", "templateVersionID", "presetID", "running"] as const;
/** What an object that was sent whole leaves out stays as it is, too. */
const IGNORED = ["ttlMillis", "autostartSchedule", "parameters"] as const;

/** A changed workspace with what stays as it is. */
export function defaultedChange(
  object: CoderWorkspace,
  before: CoderWorkspace,
  isWhole: boolean,
): CoderWorkspace {
  const spec: Record<string, unknown> = withoutEmptyIds(object.spec ?? {});
  for (const name of isWhole ? [...LASTING, ...IGNORED] : LASTING) {
    const isLeftOut = spec[name] === undefined ||
      spec[name] === "" && (name === "organization" || name === "templateName");
    if (!isLeftOut) continue;
    delete spec[name];
    if (before.spec[name] !== undefined) spec[name] = before.spec[name];
  }
  return { ...object, spec: withoutNoValues(spec) };
}

/** It is shown so, too. */
function withoutNoValues({ parameters, ...spec }: WorkspaceSpec): WorkspaceSpec {
  return { ...spec, ...(Object.keys(parameters ?? {}).length === 0 ? {} : { parameters }) };
}

/** Ids that are empty say nothing. */
function withoutEmptyIds({ templateVersionID, presetID, ...spec }: WorkspaceSpec): WorkspaceSpec {
  return {
    ...spec,
    ...((templateVersionID ?? "") === "" ? {} : { templateVersionID }),
    ...((presetID ?? "") === "" ? {} : { presetID }),
  };
}

/** What is wrong beside what Coder knows. @param before absent: it is new */
export function workspaceCauses(
  { spec }: CoderWorkspace,
  before: CoderWorkspace | undefined,
): FieldCause[] {
  const causes: FieldCause[] = [];
  const add = (cause: { field?: string; message: string; reason?: string }) =>
    void causes.push({ field: "spec", ...cause });
  if (before === undefined && (spec.templateName ?? "") === "") add(required("spec.templateName"));
  for (const name of ["templateVersionID", "presetID"] as const) {
    const value = spec[name];
    if (value === undefined || value === before?.spec[name] || UUID.test(value)) continue;
    add(invalidValue(`spec.${name}`, value, "must be a UUID"));
  }
  if (before === undefined) return causes;
  for (const name of ["organization", "templateName", "presetID"] as const) {
    if (spec[name] !== before.spec[name]) {
      add(invalidValue(`spec.${name}`, spec[name] ?? "", "field is immutable"));
    }
  }
  if (before.metadata.deletionTimestamp !== undefined && changeOf(before.spec, spec) !== undefined) {
    add(forbiddenValue("spec", "the workspace is being deleted"));
  }
  return causes;
}

/** What Coder is asked for; undefined where it is asked for nothing. */
export function changeOf(before: WorkspaceSpec, after: WorkspaceSpec): WorkspaceChange | undefined {
  const { running, templateVersionID: version } = after;
  const parameters = Object.entries(after.parameters ?? {})
    .filter(([name, value]) => before.parameters?.[name] !== value)
    .map(([name, value]) => ({ name, value }));
  const ttlMs = after.ttlMillis || null;
  const autostart = after.autostartSchedule || null;
  const change: WorkspaceChange = {
    ...(running === undefined || running === before.running ? {} : { running }),
    ...(version === undefined || version === before.templateVersionID ? {} : { version }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(ttlMs === (before.ttlMillis || null) ? {} : { ttlMs }),
    ...(autostart === (before.autostartSchedule || null) ? {} : { autostart }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

/** Whether two records of a workspace say the same of what is asked for here. */
export function isSpecifiedAlike(one: Workspace, other: Workspace): boolean {
  const facts = ({ latest_build: build, ttl_ms, autostart_schedule }: Workspace) => [
    isMeantToRun(build),
    build.transition === "delete",
    build.template_version_id,
    ttl_ms || null,
    autostart_schedule || null,
  ];
  return isDeepStrictEqual(facts(one), facts(other));
}

/** What Coder is asked to make. @param template its id */
export function creationOf(
  spec: WorkspaceSpec,
  { name, owner, template }: { name: string; owner: Creation["owner"]; template: string },
): Creation {
  const { templateVersionID, parameters, presetID, ttlMillis, autostartSchedule, running } = spec;
  return {
    owner,
    name,
    source: templateVersionID === undefined ? { templateId: template } : { versionId: templateVersionID },
    ...(parameters === undefined || Object.keys(parameters).length === 0
      ? {}
      : { parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })) }),
    ...(presetID === undefined ? {} : { presetId: presetID }),
    ...(ttlMillis ? { ttlMs: ttlMillis } : {}),
    ...(autostartSchedule ? { autostart: autostartSchedule } : {}),
    ...(running === undefined ? {} : { running }),
  };
}

/** What Coder does not give back of a spec as it is: parts that are as they are shown stay as they are kept. */
export function keptSpec(
  after: WorkspaceSpec,
  shown: WorkspaceSpec,
  stored: ShadowRecord["spec"] = {},
): Pick<ShadowRecord, "spec"> {
  const kept: Record<string, unknown> = {};
  for (const name of ["parameters", "presetID", "ttlMillis", "autostartSchedule"] as const) {
    const value = isDeepStrictEqual(after[name], shown[name]) ? stored[name] : ownValue(name, after[name]);
    if (value !== undefined) kept[name] = value;
  }
  return Object.keys(kept).length === 0 ? {} : { spec: kept };
}

/** Coder knows of no time but that there is none, and of whole minutes: what somebody said instead is kept. */
function ownValue(name: string, value: unknown): unknown {
  if (name === "ttlMillis") return value === 0 || Number(value) % MINUTE_MS > 0 ? value : undefined;
  if (name === "autostartSchedule") return value === "" ? value : undefined;
  return isDeepStrictEqual(value, {}) ? undefined : value;
}

/** What is likely to be a mistake. */
export function warningsOf(after: WorkspaceSpec, before?: WorkspaceSpec): string[] {
  const { ttlMillis = 0 } = after;
  if (ttlMillis === (before?.ttlMillis ?? 0) || ttlMillis % MINUTE_MS === 0) return [];
  const kept = ttlMillis - ttlMillis % MINUTE_MS;
  return [`spec.ttlMillis: Coder keeps whole minutes, ${kept} of ${ttlMillis}`];
}

/** Where in the object a field of an action, or of Coder, is. */
export function workspaceField(field: string): string {
  return FIELDS[field] ?? `spec.parameters[${field}]`;
}

const FIELDS: Readonly<Record<string, string>> = {
  name: "metadata.name",
  ttlMillis: "spec.ttlMillis",
  ttl_ms: "spec.ttlMillis",
  autostartSchedule: "spec.autostartSchedule",
  autostart_schedule: "spec.autostartSchedule",
  schedule: "spec.autostartSchedule",
  template_id: "spec.templateName",
  templateVersionID: "spec.templateVersionID",
  template_version_id: "spec.templateVersionID",
  preset: "spec.presetID",
  template_version_preset_id: "spec.presetID",
  rich_parameter_values: "spec.parameters",
};
