/** Turns refusals of the API server into errors that say what was tried and what the server said. */
import { type CallDescription, KubeApiError } from "../errors.ts";

/** An answer, as far as an error needs it. */
export interface RefusedAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

const BODY_EXCERPT = 300;

/** The error for an answer that is not 2xx. `target` names the object in words, such as `deployments.apps "ns/x"`. */
export function apiError(
  call: CallDescription,
  target: string,
  answer: RefusedAnswer,
  wallTime: number = Date.now(),
  advice: Readonly<Record<number, string>> = OWN_ADVICE,
): KubeApiError {
  const status = parseStatus(answer.body);
  const reason = text(status?.["reason"]) ?? "";
  const said = text(status?.["message"]) ?? excerpt(answer.body);
  const details = status?.["details"];
  const hint = advice[answer.status];
  const label = reason === "" ? `HTTP ${answer.status}` : `${reason} (${answer.status})`;
  const message = `${call.method} ${target}: ${label}${said === "" ? "" : `: ${said}`}` +
    (hint === undefined ? "" : `. ${hint}`);
  const retryAfterMs = parseRetryAfter(answer.headers["retry-after"], wallTime) ?? retryAfterOf(details);
  return new KubeApiError(answer.status, reason, message, call, retryAfterMs, details);
}

/** What to do about refusals of calls with our own credentials, by status. */
export const OWN_ADVICE: Readonly<Record<number, string>> = {
  401: "Check the credentials of the kubeconfig user or of the pod's service account",
};
/** The same of calls with somebody's token. */
export const TOKEN_ADVICE: Readonly<Record<number, string>> = {
  401: "The API server does not take the caller's bearer token: it may have expired",
};

/** `Retry-After` in seconds or as an HTTP date, as milliseconds from `wallTime`; undefined where it says nothing. */
export function parseRetryAfter(
  header: string | string[] | undefined,
  wallTime: number = Date.now(),
): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - wallTime);
}

function retryAfterOf(details: unknown): number | undefined {
  const seconds = isRecord(details) ? details["retryAfterSeconds"] : undefined;
  return typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined;
}

function parseStatus(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) && value["kind"] === "Status" ? value : undefined;
  } catch {
    return undefined;
  }
}

function excerpt(body: string): string {
  const line = body.trim().replace(/\s+/g, " ");
  return line.length > BODY_EXCERPT ? `${line.slice(0, BODY_EXCERPT)}…` : line;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
