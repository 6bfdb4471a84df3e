/** Why there is no access, where that is neither Coder's nor the database's own failure. */

/** A reason for the condition `OperatorAccess`, and what to do. */
export class AccessError extends Error {
  override readonly name = "AccessError";
  constructor(
    /** CamelCase, stable. */
    readonly reason: string,
    message: string,
    /** `change`: nothing helps before the spec or a Secret changes. `later`: somebody may change something in Coder. */
    readonly retry: "change" | "later",
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
