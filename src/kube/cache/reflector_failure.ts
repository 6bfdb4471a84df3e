/** Why a list or a watch did not go on, and what to tell a human about it. */
import { apiVersionOf, resourceText, type ResourceType } from "../../api/object.ts";
import { isRecord } from "../rest/api_errors.ts";
import type { Selection } from "../client.ts";
import { KubeApiError, KubeConnectionError } from "../errors.ts";

/**
 * - `expired`: the resource version or the continue token is too old; only a new list helps.
 * - `missing`: the API server does not serve the kind.
 * - `forbidden`, `unauthorized`: it refuses us.
 * - `refused`: it does not like the request as it is (400, 422 and their like).
 * - `throttled`, `unavailable`: it cannot now (429, 5xx).
 * - `connection`: no answer at all, or the stream broke.
 * - `stalled`: the stream is open and silent for longer than a living one would be.
 * - `quiet`: a WatchList went silent before it had told the whole initial state.
 */
export type FailureKind =
  | "expired"
  | "missing"
  | "forbidden"
  | "unauthorized"
  | "refused"
  | "throttled"
  | "unavailable"
  | "connection"
  | "stalled"
  | "quiet";

export interface Failure {
  kind: FailureKind;
  message: string;
  /** What the server asked us to wait, in milliseconds. */
  retryAfterMs: number | undefined;
}

/** A watch that is open and says nothing. */
export class SilentWatchError extends Error {
  override readonly name = "SilentWatchError";
  constructor(message: string, readonly kind: "stalled" | "quiet") {
    super(message);
  }
}

/** Sorts an error of a list or a watch call, or of a stream. */
export function failureOf(error: unknown): Failure {
  if (error instanceof KubeApiError) {
    return { kind: kindOfRefusal(error), message: error.message, retryAfterMs: error.retryAfterMs };
  }
  const kind = error instanceof SilentWatchError ? error.kind : "connection";
  return { kind, message: error instanceof Error ? error.message : String(error), retryAfterMs: undefined };
}

function kindOfRefusal({ code, reason }: KubeApiError): FailureKind {
  if (code === 410 || reason === "Expired" || reason === "Gone") return "expired";
  switch (code) {
    case 401:
      return "unauthorized";
    case 403:
      return "forbidden";
    case 404:
      return "missing";
    case 429:
      return "throttled";
    default:
      return code >= 500 ? "unavailable" : "refused";
  }
}

/** The error that an `ERROR` line of a watch stands for; its object is normally a `Status`. */
export function watchLineError(object: unknown, path: string): Error {
  const call = { method: "GET", path };
  if (!isRecord(object) || typeof object["code"] !== "number") {
    return new KubeConnectionError("The watch ended with an error line that is no Status.", call);
  }
  const { code, reason, message, details } = object;
  const seconds = isRecord(details) ? details["retryAfterSeconds"] : undefined;
  return new KubeApiError(
    code,
    typeof reason === "string" ? reason : "",
    `watch: ${typeof message === "string" ? message : `code ${code}`}`,
    call,
    typeof seconds === "number" && seconds > 0 ? seconds * 1000 : undefined,
    details,
  );
}

/** The trouble in words: which verbs on what, where, why, and what to do about it where we know. */
export function describeTrouble(failure: Failure, type: ResourceType, selection: Selection): string {
  const resource = resourceText(type);
  const where = selection.namespace === undefined
    ? type.namespaced ? "in all namespaces" : "in the cluster"
    : `in namespace "${selection.namespace}"`;
  switch (failure.kind) {
    case "missing":
      return missingText(type);
    case "forbidden":
      return `May not list and watch ${resource} ${where}: ${failure.message}. ${ruleText(type, selection)}`;
    case "stalled":
    case "quiet":
      return `The watch of ${resource} ${where} went silent; opening it again`;
    default:
      return `Cannot list and watch ${resource} ${where}: ${failure.message}`;
  }
}

/** What to say of a kind that the API server does not serve. */
export function missingText(type: ResourceType): string {
  const resource = resourceText(type);
  return type.group.includes(".")
    ? `CRD ${resource} is not installed, or does not serve ${type.version}: install it and watching starts by itself`
    : `The API server does not serve ${resource} (${apiVersionOf(type)})`;
}

function ruleText(type: ResourceType, selection: Selection): string {
  const role = selection.namespace === undefined
    ? "a ClusterRole"
    : `a Role in namespace "${selection.namespace}"`;
  return `Add to ${role} bound to this identity: ` +
    `{apiGroups: ["${type.group}"], resources: ["${type.plural}"], verbs: ["get", "list", "watch"]}`;
}
