/** A resource that asks for something that cannot be made. */

/** The spec must change before this can work: retrying does not help. The message names field, problem and remedy. */
export class SpecError extends Error {
  override readonly name = "SpecError";
  constructor(
    /** The field, as a path below the object: `spec.tls.secretNames[1]`. */
    readonly field: string,
    problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}
