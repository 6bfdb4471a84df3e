/** How patches are refused. */
import { invalid, StatusError } from "../../serving/status_errors.ts";

/** 413. @param limit operations */
export function tooManyOperations(count: number, limit: number): StatusError {
  return new StatusError(
    413,
    "RequestEntityTooLarge",
    `The allowed maximum operations in a JSON patch is ${limit}, got ${count}`,
  );
}

/** 422: a patch that can be read, and does not go with the object as it is. */
export function doesNotApply(why: string): StatusError {
  return new StatusError(422, "Invalid", `the patch does not apply: ${why}`, {});
}

/** 422: what the patch makes of the object is none of its kind, or has fields that there are not. */
export function makesNoObject(why: string): StatusError {
  return invalid({ group: "", kind: "" }, "", [
    { reason: "FieldValueInvalid", message: `Invalid value: ${why}`, field: "patch" },
  ]);
}
