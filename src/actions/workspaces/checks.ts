/** What Coder would refuse, or drop without a word, found out before anything is written. */
import type { ParameterValue, TemplateParameter, TemplateVersion } from "../../coder/mod.ts";
import type { Cause } from "../error.ts";

/** A minute, and thirty days, in milliseconds. */
const LEAST_TTL_MS = 60_000;
const MOST_TTL_MS = 30 * 24 * 3_600_000;

/** What is wrong with a name for a workspace. */
export function problemsOfName(name: string): Cause[] {
  if (name.length > 32) return [{ field: "name", message: "is longer than 32 characters" }];
  const isGood = /^[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*$/.test(name) && name !== "new" && name !== "create";
  const message = "must be letters and digits with single dashes between them, and neither new nor create";
  return isGood ? [] : [{ field: "name", message }];
}

/** What is wrong with a time to live. */
export function problemsOfTtl(ttlMs: number): Cause[] {
  if (Number.isInteger(ttlMs) && ttlMs >= LEAST_TTL_MS && ttlMs <= MOST_TTL_MS) return [];
  return [{ field: "ttlMillis", message: "must be from 60000 (a minute) to 2592000000 (30 days)" }];
}

/** What is wrong with a schedule. Whether the zone and the numbers are good, Coder says. */
export function problemsOfSchedule(schedule: string): Cause[] {
  const fields = schedule.replace(/^(CRON_TZ|TZ)=\S+\s+/, "").trim().split(/\s+/);
  const message = fields.length !== 5
    ? "must be five fields: minute, hour, *, *, days of the week; before them may be CRON_TZ=<zone>"
    : fields[2] !== "*" || fields[3] !== "*"
    ? "must have * as day of the month and as month: it is a weekly schedule"
    : undefined;
  return message === undefined ? [] : [{ field: "autostartSchedule", message }];
}

/** What is wrong with using a version for workspaces of a template. */
export function problemsOfVersion(version: TemplateVersion, templateId: string): Cause[] {
  const about = (message: string) => [{ field: "templateVersionID", message }];
  if (version.template_id !== templateId) return about("is a version of another template");
  const { status, error } = version.job;
  if (status === "pending" || status === "running") return about(`its import is ${status}`);
  if (status !== "succeeded") {
    return about(`its import ended as ${status}${error === "" ? "" : `: ${error}`}`);
  }
  return [];
}

/** What a check of values came to. */
export interface ValueCheck {
  readonly problems: readonly Cause[];
  /** What is likely to be a mistake, and is no reason to refuse. */
  readonly warnings: readonly string[];
}

/** Checks values for a version; `before`: those of the workspace, absent where it is new. */
export function checkValues(
  given: readonly ParameterValue[],
  parameters: readonly TemplateParameter[],
  before?: readonly ParameterValue[],
): ValueCheck {
  const problems: Cause[] = [];
  const warnings: string[] = [];
  const known = new Map(parameters.map((one) => [one.name, one]));
  const old = new Map(before?.map(({ name, value }) => [name, value]));
  const seen = new Set<string>();
  for (const { name, value } of given) {
    const parameter = known.get(name);
    if (seen.has(name)) problems.push({ field: name, message: "is given twice" });
    else if (parameter === undefined) {
      warnings.push(`the template has no parameter ${name}: Coder ignores it`);
    } else problems.push(...problemsOfValue(parameter, value, old.get(name)));
    seen.add(name);
  }
  if (before === undefined) {
    for (const { name, required } of parameters) {
      if (required && !seen.has(name)) problems.push({ field: name, message: "is required" });
    }
  }
  return { problems, warnings };
}

function problemsOfValue(parameter: TemplateParameter, value: string, before: string | undefined): Cause[] {
  const field = parameter.name;
  if (before !== undefined && before !== value && !parameter.mutable) {
    return [{ field, message: "cannot be changed once the workspace was made" }];
  }
  const { type, options, form_type: form } = parameter;
  if (type === "bool" && value !== "true" && value !== "false") {
    return [{ field, message: "must be true or false" }];
  }
  if (type === "number") return problemsOfNumber(parameter, value);
  if (type === "list(string)" && !isListOfTexts(value)) {
    return [{ field, message: 'must be a JSON list of texts, such as ["a","b"]' }];
  }
  const isChoice = options.length > 0 && type === "string" && form !== "multi-select" &&
    form !== "tag-select";
  if (isChoice && !options.some((option) => option.value === value)) {
    const choices = options.slice(0, 20).map((option) => option.value).join(", ");
    return [{ field, message: `must be one of ${choices}` }];
  }
  return [];
}

function problemsOfNumber(
  { name, validation_min: min, validation_max: max }: TemplateParameter,
  value: string,
) {
  const number = Number(value);
  const message = value.trim() === "" || Number.isNaN(number)
    ? "must be a number"
    : typeof min === "number" && number < min
    ? `must be at least ${min}`
    : typeof max === "number" && number > max
    ? `must be at most ${max}`
    : undefined;
  return message === undefined ? [] : [{ field: name, message }];
}

function isListOfTexts(value: string): boolean {
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.every((item) => typeof item === "string");
  } catch {
    return false;
  }
}
