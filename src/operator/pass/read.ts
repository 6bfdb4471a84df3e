/** Reads the object of a pass with its defaults. */
import type { KubeObject } from "../../api/object.ts";
import { InvalidObjectError } from "../../api/object_schema.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { type StepFailure, stepFailure } from "./failure.ts";

/** What `parse` makes of the object, or why it makes nothing of it. */
export function readOwner<P>(
  object: KubeObject,
  parse: (object: KubeObject) => P,
  redact: (text: string) => string,
): { readonly value: P } | { readonly failure: StepFailure } {
  try {
    return { value: parse(object) };
  } catch (error) {
    if (!(error instanceof InvalidObjectError)) throw error;
    return { failure: stepFailure("Spec", new SpecError("spec", error.message), redact) };
  }
}
