/** Why a look failed, in words and in one of a few kinds. */
import { CoderError, type CoderErrorKind } from "../coder/mod.ts";
import { KubeApiError, KubeConnectionError } from "../kube/errors.ts";
import type { Seen, Unread } from "./seen.ts";

const CODER: Readonly<Partial<Record<CoderErrorKind, Unread>>> = {
  unauthorized: "unauthorized",
  forbidden: "forbidden",
  notFound: "forbidden",
  unsupported: "notServed",
  rateLimited: "rateLimited",
  unavailable: "unreachable",
};

/** By the codes of errors that other rooms throw (`ToolError`). */
const CODES: Readonly<Record<string, Unread>> = {
  forbidden: "forbidden",
  unavailable: "unreachable",
  timeout: "timeout",
  not_found: "notServed",
};

/** @param what such as `get pod lab/dev-0`; the result of a look that failed, never `seen` */
export function unreadOf(what: string, error: unknown): Seen<never> {
  const unread = (kind: Unread, why: string): Seen<never> => ({ state: "unread", what, kind, why });
  if (error instanceof KubeApiError) {
    if (error.code === 404) return { state: "absent" };
    return unread(kindOfStatus(error.code), error.message);
  }
  if (error instanceof KubeConnectionError) {
    return error.timedOut
      ? unread("timeout", "the Kubernetes API server did not answer in time")
      : unread("unreachable", "the Kubernetes API server cannot be reached");
  }
  if (error instanceof CoderError) {
    if (error.reason === "timeout") return unread("timeout", error.message);
    return unread(CODER[error.kind] ?? "failed", error.message);
  }
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return unread("timeout", "no answer in time");
  }
  // What is told of one of Coder's answers: a limit is no outage.
  if (error instanceof Error && error.cause instanceof CoderError && error.cause.kind === "rateLimited") {
    return unread("rateLimited", error.message);
  }
  const code = error instanceof Error && "code" in error ? CODES[String(error.code)] : undefined;
  if (code !== undefined) return unread(code, (error as Error).message);
  return unread("failed", error instanceof Error ? error.message : "it failed");
}

function kindOfStatus(code: number): Unread {
  if (code === 401) return "unauthorized";
  if (code === 403) return "forbidden";
  if (code === 429) return "rateLimited";
  if (code === 504) return "timeout";
  return code >= 500 ? "unreachable" : "failed";
}
