/** Whatever may come in the place of an answer of Coder's. For tests alone. */
import { CoderApiError, CoderConnectionError, type CoderError, CoderResponseError } from "../../coder/mod.ts";
import { connectionRefused, refusal } from "./model_coder.ts";

/** Stands in every one of {@linkcode coderTroubles}: nobody outside may ever read it. */
export const INTERNAL = "coder.internal";

/** What Coder may answer the operator, and what is between the two. */
export function coderTroubles(): CoderError[] {
  const call = { method: "GET", route: `/api/v2/${INTERNAL}` };
  const message = `failed at http://${INTERNAL}`;
  const answered = (kind: "invalid" | "rateLimited" | "unavailable", status: number) =>
    new CoderApiError(message, { kind, call, status });
  return [
    refusal("unauthorized", 401),
    refusal("forbidden", 403),
    answered("invalid", 400),
    answered("rateLimited", 429),
    answered("unavailable", 502),
    new CoderResponseError(message, { call, status: 200 }),
    new CoderConnectionError(message, { kind: "unavailable", reason: "timeout", call, maybeSent: true }),
    connectionRefused(),
  ];
}
