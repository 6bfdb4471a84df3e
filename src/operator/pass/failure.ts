/** Failures of steps, sorted by what helps. */
import { ForeignObjectError } from "../../kube/applier.ts";
import { DuplicateKeyError } from "../../kube/apply/duplicate_keys.ts";
import { isConflict, isForbidden, isTransient, KubeApiError } from "../../kube/errors.ts";
import { SpecError } from "../../workload/spec_error.ts";

/** Reasons of conditions. Stable: alerts and scripts may rely on them. */
export type FailureReason =
  /** An object of that name exists and is somebody else's. */
  | "ForeignObject"
  /** The spec asks for something that cannot be made. */
  | "InvalidSpec"
  /** The API server refuses the object. */
  | "Rejected"
  /** The operator lacks a right. */
  | "Forbidden"
  /** The API server cannot be reached, or is overloaded. */
  | "APIUnavailable"
  /** Another writer was first; this passes by itself. */
  | "Conflict"
  /** Anything else. */
  | "Failed";

/** One step that did not do its work. */
export interface StepFailure {
  step: string;
  reason: FailureReason;
  /** For people; no secrets. */
  message: string;
  error: unknown;
}

/** Sorts an error. `redact` takes secrets out of texts that come from elsewhere. */
export function stepFailure(step: string, error: unknown, redact: (text: string) => string): StepFailure {
  const text = error instanceof Error ? error.message : String(error);
  return { step, reason: reasonOf(error), message: redact(text), error };
}

function reasonOf(error: unknown): FailureReason {
  if (error instanceof ForeignObjectError) return "ForeignObject";
  if (error instanceof SpecError || error instanceof DuplicateKeyError) return "InvalidSpec";
  if (isConflict(error)) return "Conflict";
  if (isForbidden(error)) return "Forbidden";
  if (isTransient(error)) return "APIUnavailable";
  if (error instanceof KubeApiError && (error.code === 422 || error.code === 400)) return "Rejected";
  return "Failed";
}

/** True where waiting does not help: somebody must change something. */
export function isStalling({ reason }: StepFailure): boolean {
  return reason === "ForeignObject" || reason === "InvalidSpec";
}

/** The failures that say something about the object: a lost race says nothing. */
export function notable(failures: readonly StepFailure[]): StepFailure[] {
  return failures.filter(({ reason }) => reason !== "Conflict");
}

/** One line for all of them. */
export function failureText(failures: readonly StepFailure[]): string {
  return failures.map(({ step, message }) => `${step}: ${message}`).join("; ");
}
