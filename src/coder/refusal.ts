/** What a refusing answer means. Coder's status codes alone do not tell: see the comments. */
import { type CallDescription, CoderApiError, type CoderErrorKind, type CoderErrorReason } from "./errors.ts";
import { adviceFor } from "./advice.ts";
import { headerOf, retryAfterMs } from "./retry_after.ts";
import { foreignMessage, readRefusal, type RefusalBody } from "./refusal_body.ts";
import type { TransportAnswer } from "./transport.ts";

/** Every answer of coderd has it; an answer without it comes from something in front of Coder. */
export const BUILD_VERSION_HEADER = "x-coder-build-version";

/** Which call was refused, and how to take secrets out of text. */
export interface RefusedCall extends CallDescription {
  readonly path: string;
  readonly address: string;
  readonly clean: (text: string) => string;
}

export interface Verdict {
  readonly kind: CoderErrorKind;
  readonly reason?: CoderErrorReason | undefined;
}

/** True where coderd itself wrote the answer. */
export function isFromCoder(answer: TransportAnswer): boolean {
  return headerOf(answer.headers, BUILD_VERSION_HEADER) !== undefined;
}

/** The error for an answer that is not a success. */
export function refusalOf(answer: TransportAnswer, call: RefusedCall): CoderApiError {
  const { status } = answer;
  const coder = isFromCoder(answer);
  const body = coder ? readRefusal(answer.body, call.clean) : undefined;
  const verdict = coder ? judge(status, body) : judgeForeign(status);
  const words = coder ? coderWords(body) : foreignMessage(answer, call.clean);
  const said = words === "" ? "" : `: ${words}`;
  const who = coder ? "Coder" : "something in front of Coder (the answer is not coderd's)";
  const advice = adviceFor(verdict);
  const message = `${call.method} ${call.path} at ${call.address}: ${who} answered ${status}${said}`;
  return new CoderApiError(advice === "" ? message : `${message.replace(/[.\s]+$/, "")}. ${advice}`, {
    ...verdict,
    call: { method: call.method, route: call.route },
    status,
    coderMessage: body?.message ?? "",
    detail: body?.detail ?? "",
    validations: body?.validations ?? [],
    retryAfterMs: retryAfterMs(answer.headers),
  });
}

function coderWords(body: RefusalBody | undefined): string {
  if (body === undefined) return "";
  const fields = body.validations.map(({ field, detail }) => `${field}: ${detail}`).join("; ");
  const extra = [body.detail === body.message ? "" : body.detail, fields].filter((part) => part !== "");
  const said = body.message.replace(/[.\s]+$/, "");
  return extra.length === 0 ? said : `${said} (${extra.join("; ").replace(/[.\s]+$/, "")})`;
}

/** Neither a 401 nor a 404 of a proxy says anything about Coder's tokens or objects. */
function judgeForeign(status: number): Verdict {
  return status === 429 ? { kind: "rateLimited" } : { kind: "unavailable", reason: "notCoder" };
}

function judge(status: number, body: RefusalBody | undefined): Verdict {
  const message = body?.message ?? "";
  const detail = body?.detail ?? "";
  switch (status) {
    case 401:
      return judge401(message, detail);
    case 403:
      return judge403(message);
    case 404:
      return /^Route not found/i.test(message)
        ? { kind: "unsupported", reason: "routeMissing" }
        : { kind: "notFound" };
    case 405:
      // The path exists with other methods; the AGPL build answers so for `POST /organizations`.
      return { kind: "unsupported", reason: "routeMissing" };
    case 410:
      return { kind: "notFound" };
    case 406:
    case 409:
    case 412:
      return { kind: "conflict" };
    case 429:
      return { kind: "rateLimited" };
    case 400:
      // An unknown user in the path.
      return /must be an existing uuid or username/i.test(message)
        ? { kind: "notFound" }
        : { kind: "invalid" };
  }
  // A 500 that no waiting helps.
  if (/^Archived template versions cannot/i.test(message)) return { kind: "invalid" };
  // The database's own check of rights comes after coderd's, and what it says is answered with 500.
  if (/unauthorized: rbac: forbidden/i.test(`${message} ${detail}`)) return { kind: "forbidden" };
  if (status >= 500) return judge5xx(detail);
  return { kind: "invalid" };
}

/** coderd answers 401 to every token, valid or not, while its database is away: that is no verdict on the token. */
function judge401(message: string, detail: string): Verdict {
  if (/internal error/i.test(message) || /internal error|database/i.test(detail)) {
    return { kind: "unavailable", reason: "databaseAway" };
  }
  const kind = "unauthorized";
  const text = `${message} ${detail}`;
  if (/API key expired/i.test(text)) return { kind, reason: "tokenExpired" };
  if (/API key (secret )?is invalid/i.test(text)) return { kind, reason: "tokenRefused" };
  if (/must be provided/i.test(text)) return { kind, reason: "tokenMissing" };
  if (/format|length/i.test(detail)) return { kind, reason: "tokenMalformed" };
  if (/not active/i.test(text)) return { kind, reason: "userInactive" };
  if (/email or password/i.test(text)) return { kind, reason: "wrongPassword" };
  return { kind };
}

function judge403(message: string): Verdict {
  if (/contact sales|enterprise feature|premium feature|licen[cs]e/i.test(message)) {
    return { kind: "forbidden", reason: "notEntitled" };
  }
  if (/experiment/i.test(message)) return { kind: "forbidden", reason: "experimentOff" };
  return { kind: "forbidden" };
}

function judge5xx(detail: string): Verdict {
  // Two writers at once, seen by the database before coderd could: a 500 that is a conflict.
  if (/duplicate key value|unique constraint/i.test(detail)) return { kind: "conflict" };
  const away =
    /connection refused|database system is|dial tcp|bad connection|broken pipe|unexpected EOF|: EOF$/i;
  return away.test(detail)
    ? { kind: "unavailable", reason: "databaseAway" }
    : { kind: "unavailable", reason: "serverError" };
}
