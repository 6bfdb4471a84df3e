/** The one next step for a template with a source, from what is on record and what is known. Pure. */
import type { TemplateSource } from "../../api/template.ts";
import type { Verdict } from "./rollback.ts";
import type { SourceState } from "./state.ts";

export type Step =
  /** Ask the source for its revision. `isAsked`: somebody wants it now, and built whatever was before. */
  | { readonly do: "look"; readonly isAsked: boolean }
  /** Fetch, and have a version built. */
  | { readonly do: "build" }
  /** Ask Coder how the build is. */
  | { readonly do: "watchBuild" }
  | { readonly do: "startCanary" }
  | { readonly do: "watchCanary" }
  | { readonly do: "promote" }
  | { readonly do: "rollBack" }
  /** The version has proven itself, or nobody has found anything wrong for long enough. */
  | { readonly do: "acceptVersion" }
  /** The attempt ends: something else is wanted. */
  | { readonly do: "abandon"; readonly why: string }
  /** Another version is active than is on record, or no more. */
  | { readonly do: "checkDrift" }
  /** Delete a workspace of a trial; its place in the list. */
  | { readonly do: "removeCanary"; readonly index: number }
  /** Until when, in milliseconds since 1970; `Infinity`: until something changes. */
  | { readonly do: "wait"; readonly until: number };

export interface Known {
  readonly state: SourceState;
  readonly source: TemplateSource;
  /** Hash of what is asked for. */
  readonly of: string;
  /** Value of the annotation. */
  readonly request: string | undefined;
  /** The active version, as far as is known. */
  readonly active: string;
  /** Of the version that is watched. */
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Name of this replica. */
  readonly me: string;
  /** Between two looks, in milliseconds. */
  readonly intervalMs: number;
}

export const DEFAULT_INTERVAL_S = 300;

/** How long until the next look, in milliseconds. Templates take different turns. */
export function intervalMs({ intervalSeconds = DEFAULT_INTERVAL_S }: TemplateSource, jitter: number): number {
  return intervalSeconds * 1_000 * (0.95 + jitter / 10);
}

export function decide(known: Known): Step {
  const { state, source, of, request, now, me } = known;
  const { claim, attempt, watch, leftovers = [] } = state;
  if (claim !== undefined && claim.by !== me && Date.parse(claim.until) > now) {
    return { do: "wait", until: Date.parse(claim.until) };
  }
  const leftover = leftovers.findIndex(({ next }) => Date.parse(next) <= now);
  if (leftover >= 0) return { do: "removeCanary", index: leftover };
  if (attempt !== undefined) return ofAttempt(known, attempt);
  if (watch !== undefined) {
    if (known.verdict === "bad") return { do: "rollBack" };
    if (known.verdict === "good" || Date.parse(watch.until) <= now) return { do: "acceptVersion" };
  }
  const isDrift = state.versionID !== undefined && known.active !== state.versionID;
  if (isDrift !== (state.drift === true)) return { do: "checkDrift" };
  const next = Math.min(
    ...leftovers.map(({ next }) => Date.parse(next)),
    Date.parse(watch?.until ?? "") || Infinity,
  );
  if (source.suspend === true) return { do: "wait", until: next };
  const isAsked = (request !== undefined && request !== state.handledRequest) ||
    (state.of !== undefined && state.of !== of);
  const due = Date.parse(state.checkedAt ?? "") + known.intervalMs;
  if (isAsked || !(due > now)) return { do: "look", isAsked };
  return { do: "wait", until: Math.min(due, next) };
}

function ofAttempt({ state, source, of }: Known, attempt: NonNullable<SourceState["attempt"]>): Step {
  // What is being promoted may be active already.
  if (attempt.stage === "promote") return { do: "promote" };
  if (state.of !== of) return { do: "abandon", why: "something else is asked for" };
  if (source.suspend === true) return { do: "abandon", why: "it was suspended" };
  if (attempt.stage === "build") return { do: attempt.name === undefined ? "build" : "watchBuild" };
  return { do: attempt.canary === undefined ? "startCanary" : "watchCanary" };
}
