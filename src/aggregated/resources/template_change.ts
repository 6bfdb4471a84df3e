/** What a change of a template's spec asks of Coder, and of what is kept beside it. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { FirstSettings, TemplateSettingsChange, TemplateUpdate } from "../../actions/templates/mod.ts";
import type { CoderTemplate, TemplateSettingsSpec, TemplateSpec } from "../../api/template.ts";
import type { ShadowRecord } from "../../shadow/mod.ts";
import { metadataToKeep } from "./metadata_to_keep.ts";

/** Settings of Coder by their names in the spec. */
const SETTINGS = {
  defaultTTLMillis: "default_ttl_ms",
  activityBumpMillis: "activity_bump_ms",
  allowUserAutostart: "allow_user_autostart",
  allowUserAutostop: "allow_user_autostop",
  allowUserCancelWorkspaceJobs: "allow_user_cancel_workspace_jobs",
  failureTTLMillis: "failure_ttl_ms",
  timeTilDormantMillis: "time_til_dormant_ms",
  timeTilDormantAutoDeleteMillis: "time_til_dormant_autodelete_ms",
  requireActiveVersion: "require_active_version",
  deprecationMessage: "deprecation_message",
  maxPortShareLevel: "max_port_share_level",
  corsBehavior: "cors_behavior",
  useClassicParameterFlow: "use_classic_parameter_flow",
} as const satisfies Partial<Record<keyof TemplateSettingsSpec, keyof TemplateSettingsChange>>;

const TEXTS = { displayName: "display_name", description: "description", icon: "icon" } as const;

/** Where in the object a field is that Coder, or an action, has something against. */
export function templateField(field: string): string {
  const inverse = (names: object) => Object.entries(names).find(([, name]) => name === field)?.[0];
  const setting = inverse(SETTINGS) ?? REQUIREMENTS[field];
  if (setting !== undefined) return `spec.settings.${setting}`;
  if (field === "name") return "metadata.name";
  return `spec.${inverse(TEXTS) ?? field}`;
}

const REQUIREMENTS: Readonly<Record<string, string>> = {
  autostop_requirement: "autostopRequirement",
  autostart_requirement: "autostartRequirement",
  // As Coder calls it where it refuses it.
  max_port_sharing_level: "maxPortShareLevel",
};

/** Settings that a spec has otherwise than the one before; texts that it leaves out are cleared. */
export function settingsChange(after: TemplateSpec, before: TemplateSpec): TemplateSettingsChange {
  const texts = Object.entries(TEXTS).flatMap(([field, name]) => {
    const [is, was] = [after[field as keyof typeof TEXTS] ?? "", before[field as keyof typeof TEXTS] ?? ""];
    return is === was ? [] : [[name, is]];
  });
  return { ...Object.fromEntries(texts), ...changedSettings(after.settings ?? {}, before.settings ?? {}) };
}

/** All that a new template is given. */
export function firstSettings(
  { displayName, description, icon, settings = {} }: TemplateSpec,
): FirstSettings {
  const {
    time_til_dormant_ms,
    time_til_dormant_autodelete_ms,
    use_classic_parameter_flow,
    deprecation_message: _later,
    ...same
  } = changedSettings(settings, {});
  const all = {
    display_name: displayName,
    description,
    icon,
    ...same,
    // They have other names here.
    dormant_ttl_ms: time_til_dormant_ms,
    delete_ttl_ms: time_til_dormant_autodelete_ms,
    template_use_classic_parameter_flow: use_classic_parameter_flow,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ""));
}

/** What Coder does not take with a new template, and is told afterwards. */
export function laterSettings({ settings = {} }: TemplateSpec): TemplateSettingsChange {
  const { deprecationMessage = "" } = settings;
  return deprecationMessage === "" ? {} : { deprecation_message: deprecationMessage };
}

function changedSettings(
  after: TemplateSettingsSpec,
  before: TemplateSettingsSpec,
): TemplateSettingsChange {
  const plain = Object.entries(SETTINGS).flatMap(([field, name]) => {
    const [is, was] = [after[field as keyof typeof SETTINGS], before[field as keyof typeof SETTINGS]];
    return is === undefined || is === was ? [] : [[name, is]];
  });
  const { autostopRequirement: stop, autostartRequirement: start } = after;
  const isStop = stop !== undefined && !isDeepStrictEqual(stop, before.autostopRequirement);
  const isStart = start !== undefined && !isDeepStrictEqual(start, before.autostartRequirement);
  return {
    ...Object.fromEntries(plain),
    ...(isStop
      ? { autostop_requirement: { days_of_week: stop.daysOfWeek ?? [], weeks: stop.weeks ?? 0 } }
      : {}),
    ...(isStart ? { autostart_requirement: { days_of_week: start.daysOfWeek ?? [] } } : {}),
  };
}

/** What Coder is asked for; nothing where nothing is to be changed there. */
export function wantedOf(after: TemplateSpec, before: TemplateSpec): TemplateUpdate {
  const settings = settingsChange(after, before);
  const hasOtherFiles = after.files !== undefined && !isDeepStrictEqual(after.files, before.files);
  // With a source, who follows it builds.
  const hasOtherInputs = after.source === undefined && !isSameInputs(after, before);
  const isMoved = after.versionID !== undefined && after.versionID !== before.versionID;
  return {
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(isMoved ? { versionId: after.versionID } : {}),
    ...(hasOtherFiles ? { files: after.files } : hasOtherInputs ? { isAsBefore: true } : {}),
  };
}

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Whether a client-side apply has said files, by an annotation that is another one: its patch has none where they are as
 * they are shown.
 */
export function appliesFiles({ metadata }: CoderTemplate, before: CoderTemplate): boolean {
  const text = metadata.annotations?.[LAST_APPLIED];
  if (text === undefined || text === before.metadata.annotations?.[LAST_APPLIED]) return false;
  try {
    return JSON.parse(text)?.spec?.files !== undefined;
  } catch {
    return false;
  }
}

/** Asks for what is shown already. @param spoken fields of the spec that the caller has said */
export function sameAgain(
  { files, versionID }: TemplateSpec,
  spoken: { has(name: string): boolean } = new Set(),
): TemplateUpdate {
  if (versionID !== undefined && spoken.has("versionID") && !spoken.has("files")) {
    return { versionId: versionID };
  }
  return files === undefined ? { isAsBefore: true } : { files };
}

function isSameInputs(after: TemplateSpec, before: TemplateSpec): boolean {
  return isDeepStrictEqual(after.variables, before.variables) &&
    isDeepStrictEqual(after.provisionerTags, before.provisionerTags);
}

/**
 * Secrets that who follows the source will read, where something differs that decides what becomes of them: credentials
 * go to the source's server, and values of variables to whatever Terraform is in it.
 */
export function namedSecrets(after: TemplateSpec, before: TemplateSpec): string[] {
  const { source, variables = [] } = after;
  if (source === undefined) return [];
  if (isDeepStrictEqual(source, before.source) && isSameInputs(after, before)) return [];
  const own = source.git?.secretRef?.name ?? source.oci?.secretRef?.name;
  const names = variables.map(({ valueFrom }) => valueFrom?.secretKeyRef.name);
  return [...new Set([own, ...names].filter((name) => name !== undefined))];
}

/** Variables and tags that are not there any more as empty ones: nobody takes that for "as they are". */
export function withEmptied(after: TemplateSpec, before: TemplateSpec): TemplateSpec {
  return {
    ...after,
    ...(after.variables === undefined && before.variables !== undefined ? { variables: [] } : {}),
    ...(after.provisionerTags === undefined && before.provisionerTags !== undefined
      ? { provisionerTags: {} }
      : {}),
  };
}

/** What is kept of a template. @param before what was kept of it so far */
export function templateRecord(
  { metadata, spec }: CoderTemplate,
  { id, name }: { readonly id: string; readonly name: string },
  before?: ShadowRecord,
): ShadowRecord {
  const { variables, provisionerTags, source } = spec;
  const kept = {
    ...(variables === undefined ? {} : { variables }),
    ...(provisionerTags === undefined ? {} : { provisionerTags }),
    ...(source === undefined ? {} : { source }),
  };
  const isAsBefore = isDeepStrictEqual(kept, before?.spec ?? {});
  return {
    kind: "templates",
    id,
    name,
    metadata: metadataToKeep(metadata),
    ...(Object.keys(kept).length === 0 ? {} : { spec: kept }),
    ...(source === undefined || before?.source === undefined ? {} : { source: before.source }),
    ...(isAsBefore && before?.refusal !== undefined ? { refusal: before.refusal } : {}),
  };
}

/** What a spec has that leaves it out: of a change, everything that stays as it is. */
export function defaultedTemplate(
  object: CoderTemplate,
  organization: string,
  change?: { readonly before: CoderTemplate; readonly isWhole: boolean },
): CoderTemplate {
  // Accepted, and means nothing.
  const { running: _running, ...given } = object.spec ?? {};
  const before = change?.before.spec;
  const spec: TemplateSpec = { ...given, organization: given.organization || organization };
  for (const field of ["displayName", "description", "icon", "versionID"] as const) {
    if (spec[field] === "") delete spec[field];
  }
  if (before !== undefined) {
    keep(spec, "versionID", before);
    if (spec.files === undefined) keep(spec, "files", before);
    const settings = mergedSettings(spec.settings, before.settings);
    if (settings !== undefined) spec.settings = settings;
    if (change?.isWhole === true) {
      keep(spec, "variables", before);
      keep(spec, "provisionerTags", before);
      // Whoever sends other files has no use for a source of files.
      if (isDeepStrictEqual(spec.files, before.files)) keep(spec, "source", before);
    }
  }
  for (const field of ["variables", "provisionerTags"] as const) {
    if (Object.keys(spec[field] ?? {}).length === 0) delete spec[field];
  }
  return { ...object, spec };
}

function keep<K extends keyof TemplateSpec>(spec: TemplateSpec, field: K, before: TemplateSpec): void {
  if (spec[field] === undefined && before[field] !== undefined) spec[field] = before[field];
}

function mergedSettings(
  after: TemplateSettingsSpec | undefined,
  before: TemplateSettingsSpec | undefined,
): TemplateSettingsSpec | undefined {
  if (after === undefined || before === undefined) return after ?? before;
  const stop = after.autostopRequirement === undefined
    ? {}
    : { autostopRequirement: { ...before.autostopRequirement, ...after.autostopRequirement } };
  return { ...before, ...after, ...stop };
}

interface FieldCause {
  readonly field: string;
  readonly message: string;
  readonly reason?: string;
}

/** Rules beside the schema, for new templates (`before`: absent) and for changes. */
export function templateCauses(
  { spec }: CoderTemplate,
  before: CoderTemplate | undefined,
): readonly FieldCause[] {
  const causes: FieldCause[] = [];
  const add = (field: string, message: string) => void causes.push({ field, message });
  if (before !== undefined && spec.organization !== before.spec.organization) {
    add("spec.organization", "cannot be changed");
  }
  const hasOtherFiles = spec.files !== undefined && !isDeepStrictEqual(spec.files, before?.spec.files);
  if (spec.source !== undefined && hasOtherFiles) {
    add("spec.files", "come from spec.source: give one of the two");
  }
  const isMoved = spec.versionID !== undefined && spec.versionID !== before?.spec.versionID;
  if (before !== undefined && isMoved && hasOtherFiles) {
    add("spec.versionID", "follows spec.files: give one of the two");
  }
  if (
    before === undefined && spec.files === undefined && spec.source === undefined &&
    spec.versionID === undefined
  ) {
    causes.push({
      field: "spec.files",
      message: "a new template needs spec.files, spec.source or spec.versionID",
      reason: "FieldValueRequired",
    });
  }
  causes.push(...variableCauses(spec), ...sourceCauses(spec));
  return causes;
}

function variableCauses({ variables = [] }: TemplateSpec): FieldCause[] {
  return variables.flatMap(({ name, value, valueFrom }, index) => {
    const field = `spec.variables[${index}]`;
    if (name === "") return [{ field: `${field}.name`, message: "must not be empty" }];
    const isOne = (value === undefined) !== (valueFrom === undefined);
    return isOne ? [] : [{ field, message: "needs one of value and valueFrom" }];
  });
}

function sourceCauses({ source }: TemplateSpec): FieldCause[] {
  if (source === undefined) return [];
  const { git, oci } = source;
  if ((git === undefined) === (oci === undefined)) {
    return [{ field: "spec.source", message: "needs one of git and oci" }];
  }
  const [field, url] = git === undefined
    ? ["spec.source.oci.url", oci?.url]
    : ["spec.source.git.url", git.url];
  return url === "" ? [{ field, message: "must not be empty" }] : [];
}
