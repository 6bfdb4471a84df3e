/** What is wrong with an object, field by field, as `details.causes` of a `Status` has it. */
import type { KubeObject, ResourceType } from "../../../api/object.ts";
import { invalid, type StatusCause } from "../../serving/status_errors.ts";
import type { Json } from "./json_value.ts";

/** How many mistakes a client is told of at once. */
export const MAX_CAUSES = 100;

/** @throws {StatusError} 422 where anything is wrong */
export function refuseFor(causes: readonly StatusCause[], object: KubeObject, type: ResourceType): void {
  if (causes.length > 0) throw invalid(type, object.metadata.name ?? "", causes.slice(0, MAX_CAUSES));
}

/** A value is missing that must be there. */
export function required(field: string, why = ""): StatusCause {
  return { reason: "FieldValueRequired", message: `Required value${after(why)}`, field };
}

/** A value breaks a rule. */
export function invalidValue(field: string, value: Json, why: string): StatusCause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${shown(value)}${after(why)}`, field };
}

/** A value is of another sort than the field. */
export function wrongType(field: string, value: Json, why: string): StatusCause {
  return { reason: "FieldValueTypeInvalid", message: `Invalid value: ${shown(value)}${after(why)}`, field };
}

/** A value is none of those that there are. */
export function notSupported(field: string, value: Json, supported: readonly string[]): StatusCause {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${shown(value)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field };
}

/** A value is not allowed as things are. */
export function forbiddenValue(field: string, why: string): StatusCause {
  return { reason: "FieldValueForbidden", message: `Forbidden${after(why)}`, field };
}

/** A value may be there once, and is there again. */
export function duplicate(field: string, value: Json): StatusCause {
  return { reason: "FieldValueDuplicate", message: `Duplicate value: ${shown(value)}`, field };
}

/** @param unit such as `bytes` */
export function tooLong(field: string, max: number, unit = "bytes"): StatusCause {
  return { reason: "FieldValueTooLong", message: `Too long: may not be more than ${max} ${unit}`, field };
}

export function tooMany(field: string, count: number, max: number): StatusCause {
  return {
    reason: "FieldValueTooMany",
    message: `Too many: ${count}: must have at most ${max} items`,
    field,
  };
}

/** What a refusal repeats of a value: no file of megabytes. */
const MAX_SHOWN = 200;

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function after(why: string): string {
  return why === "" ? "" : `: ${why}`;
}
