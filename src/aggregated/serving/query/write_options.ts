/** The query of a request that changes something. */
import { badRequest, invalid, type StatusCause } from "../status_errors.ts";

export interface WriteOptions {
  /** Everything is checked, and nothing is changed. */
  readonly dryRun: boolean;
  /** Who changes the fields; absent: not said. */
  readonly fieldManager?: string;
  /** What becomes of unknown fields. @default {"Warn"} */
  readonly fieldValidation: "Ignore" | "Warn" | "Strict";
  /** An apply takes fields from others. */
  readonly force: boolean;
}

const MAX_MANAGER = 128;
const VALIDATIONS: readonly WriteOptions["fieldValidation"][] = ["Ignore", "Warn", "Strict"];

/**
 * @param kind how a refusal names the options: `CreateOptions`, `UpdateOptions`, `PatchOptions`, `DeleteOptions`
 * @throws {StatusError} 400 for flags that are none, 422 for values that there are not
 */
export function readWriteOptions(query: URLSearchParams, kind: string): WriteOptions {
  const dryRuns = query.getAll("dryRun").filter((value) => value !== "");
  const validation = query.get("fieldValidation") || "Warn";
  const fieldValidation = VALIDATIONS.find((known) => known === validation);
  const fieldManager = query.get("fieldManager") || undefined;
  const causes: StatusCause[] = [
    ...dryRuns.filter((value) => value !== "All").map((value) => unsupported("dryRun", value, ["All"])),
    ...(fieldValidation === undefined ? [unsupported("fieldValidation", validation, VALIDATIONS)] : []),
    ...(fieldManager === undefined ? [] : objectionsTo(fieldManager)),
  ];
  if (causes.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", causes);
  return {
    dryRun: dryRuns.length > 0,
    fieldValidation: fieldValidation ?? "Warn",
    ...(fieldManager === undefined ? {} : { fieldManager }),
    force: flagOf(query, "force"),
  };
}

function flagOf(query: URLSearchParams, name: string): boolean {
  const value = (query.get(name) ?? "").toLowerCase();
  if (value === "" || value === "0" || value === "false") return false;
  if (value === "1" || value === "true") return true;
  throw badRequest(`${name} must be true or false, not ${JSON.stringify(value)}`);
}

function unsupported(field: string, value: string, supported: readonly string[]): StatusCause {
  const list = supported.map((one) => JSON.stringify(one)).join(", ");
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  return { reason: "FieldValueNotSupported", message, field };
}

function objectionsTo(fieldManager: string): StatusCause[] {
  if (fieldManager.length > MAX_MANAGER) {
    const message = `Invalid value: may not be more than ${MAX_MANAGER} characters long`;
    return [{ reason: "FieldValueTooLong", message, field: "fieldManager" }];
  }
  // deno-lint-ignore no-control-regex -- exactly these are refused
  if (!/[\u0000-\u001f\u007f]/.test(fieldManager)) return [];
  return [{
    reason: "FieldValueInvalid",
    message: "Invalid value: should only contain printable characters",
    field: "fieldManager",
  }];
}
