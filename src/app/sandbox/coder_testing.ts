/** Refusals of Coder. For tests alone. */
import { CoderApiError, type CoderErrorKind, type CoderErrorReason } from "../../coder/mod.ts";

export function coderError(
  kind: CoderErrorKind,
  reason?: CoderErrorReason,
  retryAfterMs?: number,
): CoderApiError {
  const call = { method: "GET", route: "/api/v2/users/{user}" };
  return new CoderApiError("GET /api/v2/users/me: no", { kind, reason, retryAfterMs, status: 400, call });
}
