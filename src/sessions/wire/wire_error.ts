/** What can go wrong between a worker and its coordinator, apart from the tasks. */

export const WIRE_ERROR_CODES = [
  /** No token, or none that is good. */
  "unauthenticated",
  /** A good token, of another worker. */
  "permission_denied",
  /** Another process has registered in this worker's name since. */
  "superseded",
  /** The coordinator does not know the registration: register anew. */
  "unknown_registration",
  /** What was sent cannot be so. */
  "invalid",
  /** The other side speaks another protocol. */
  "unsupported",
  /** The coordinator is there, and cannot do this now: try again. */
  "not_now",
  /** Away, or the connection broke: try again. */
  "unavailable",
] as const;
export type WireErrorCode = (typeof WIRE_ERROR_CODES)[number];

/** The message says what was tried, on what, and what to do. */
export class WireError extends Error {
  override readonly name = "WireError";
  constructor(readonly code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
