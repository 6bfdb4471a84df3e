/** Why Coder cannot be asked, or not now. */
export class ClosedWayError extends Error {
  override readonly name = "ClosedWayError";
  constructor(
    /** CamelCase, stable. */
    readonly reason: string,
    message: string,
    /** Nobody has to do anything: what is missing comes by itself. */
    readonly transient: boolean,
  ) {
    super(message);
  }
}
