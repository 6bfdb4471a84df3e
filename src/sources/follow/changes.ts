/** What becomes of the record when something was found out. Pure. */
import type { TemplateSource } from "../../api/template.ts";
import { type Attempt, type SourceState, timeText } from "./state.ts";

/** So many revisions are remembered as bad, the latest ones. */
const MOST_BAD = 20;
const MOST_MESSAGE = 2_000;
/** A trial's workspace that is still there is tried to be deleted again after so long, and twice as long each time. */
const REMOVE_MS = 10_000;
const REMOVE_MOST_MS = 1_800_000;
const WITHIN_S = 3_600;

export interface Problem {
  readonly reason: string;
  readonly message: string;
}

/** Without a claim: the step is over. */
function free({ claim: _, ...state }: SourceState): SourceState {
  return state;
}

/** A look begins: nobody else looks meanwhile, and for the next interval. */
export function lookBegun(state: SourceState, now: number): SourceState {
  return { ...state, checkedAt: timeText(now) };
}

/** The source has said where it is. An attempt begins where that is new, or asked for. */
export function looked(
  state: SourceState,
  seen: {
    readonly revision: string;
    readonly of: string;
    readonly request: string | undefined;
    readonly isAsked: boolean;
    readonly active: string;
    readonly now: number;
  },
): SourceState {
  const { revision, of, request, isAsked, active, now } = seen;
  const { problem: _problem, passed, ...rest } = free(state);
  const isOther = state.of !== undefined && state.of !== of;
  const bad = (isOther ? [] : state.badRevisions ?? []).filter((one) => !isAsked || one !== revision);
  const next: SourceState = {
    ...rest,
    of,
    attemptedRevision: revision,
    checkedAt: timeText(now),
    badRevisions: bad,
    ...(request === undefined ? {} : { handledRequest: request }),
  };
  if (!isAsked) {
    const isBad = bad.includes(revision);
    // Of what is not tried again, it stays known why.
    const why = state.problem !== undefined && (isBad || passed === revision)
      ? { problem: state.problem }
      : {};
    if (isBad || passed === revision) return { ...next, ...(passed === revision ? { passed } : {}), ...why };
    if (revision === state.revision) return next;
  }
  const attempt: Attempt = {
    revision,
    base: active,
    at: timeText(now),
    stage: "build",
    ...(isAsked ? { isAsked } : {}),
  };
  return { ...next, attempt };
}

/** The source, or what it needs, could not be read. */
export function notRead(
  state: SourceState,
  problem: Problem,
  seen: { readonly of: string; readonly request: string | undefined; readonly now: number },
): SourceState {
  const { of, request, now } = seen;
  const { attempt: _, ...rest } = free(state);
  return {
    ...rest,
    of,
    checkedAt: timeText(now),
    ...(request === undefined ? {} : { handledRequest: request }),
    problem: problemAt(state, problem, now),
  };
}

/** A problem that stays the same has the time at which it began. */
function problemAt(
  state: SourceState,
  { reason, message }: Problem,
  now: number,
): NonNullable<SourceState["problem"]> {
  const cut = message.slice(0, MOST_MESSAGE);
  const before = state.problem;
  if (before !== undefined && before.reason === reason && before.message === cut) return before;
  return { reason, message: cut, at: timeText(now) };
}

/** A version is being built, of the revision that was fetched. */
export function buildBegun(
  state: SourceState,
  { revision, name, version }: { revision: string; name: string; version?: string | undefined },
): SourceState {
  const { attempt } = state;
  if (attempt === undefined) return free(state);
  return {
    ...free(state),
    attemptedRevision: revision,
    attempt: { ...attempt, revision, name, ...(version === undefined ? {} : { version }) },
  };
}

/** Its version is there: it is tried, or promoted. */
export function built(state: SourceState, version: string, { canary }: TemplateSource): SourceState {
  const { attempt } = state;
  if (attempt === undefined) return free(state);
  const stage = canary === undefined ? "promote" as const : "canary" as const;
  return { ...free(state), attempt: { ...attempt, version, stage } };
}

/** The build's record is lost: it is begun again. */
export function buildLost(state: SourceState): SourceState {
  if (state.attempt === undefined) return free(state);
  const { name: _name, version: _version, ...attempt } = state.attempt;
  return { ...free(state), attempt };
}

export function canaryBegun(state: SourceState, name: string, now: number): SourceState {
  if (state.attempt === undefined) return state;
  return { ...state, attempt: { ...state.attempt, canary: { name, at: timeText(now) } } };
}

/** It works: its version is promoted, and the workspace goes. */
export function canaryPassed(state: SourceState, now: number): SourceState {
  const { attempt } = state;
  if (attempt === undefined) return free(state);
  const { canary: _, ...rest } = attempt;
  return { ...free(withLeftover(state, now)), attempt: { ...rest, stage: "promote" } };
}

/** What was made of the revision is the active version now. */
export function promoted(
  state: SourceState,
  version: string,
  { rollback }: TemplateSource,
  now: number,
): SourceState {
  const { attempt } = state;
  if (attempt === undefined) return free(state);
  const { attempt: _a, watch, problem: _p, passed: _s, ...rest } = free(withLeftover(state, now));
  const seen = { ...rest, revision: attempt.revision, versionID: version, drift: false };
  // The same content in another revision has not become better by that.
  if (watch?.version === version) return { ...seen, watch: { ...watch, revision: attempt.revision } };
  // What somebody had chosen by hand is what people worked with.
  const before = attempt.base === state.versionID ? state.lastGoodVersionID ?? attempt.base : attempt.base;
  const isWatched = rollback !== undefined && before !== version;
  const beforeRevision = state.watch?.before.version === before
    ? state.watch.before.revision
    : state.versionID === before
    ? state.revision
    : undefined;
  const until = timeText(now + (rollback?.withinSeconds ?? WITHIN_S) * 1_000);
  return {
    ...seen,
    lastGoodVersionID: isWatched ? before : version,
    ...(isWatched
      ? {
        watch: {
          version,
          revision: attempt.revision,
          at: timeText(now),
          until,
          before: { version: before, ...(beforeRevision === undefined ? {} : { revision: beforeRevision }) },
        },
      }
      : {}),
  };
}

/** The revision is not tried again until it changes, or somebody asks. What is active stays. */
export function failed(state: SourceState, problem: Problem, now: number): SourceState {
  const { attempt } = state;
  if (attempt === undefined) return free(state);
  const { attempt: _, ...rest } = free(withLeftover(state, now));
  const { badRevisions = [] } = state;
  return {
    ...rest,
    badRevisions: [...badRevisions.filter((one) => one !== attempt.revision), attempt.revision].slice(
      -MOST_BAD,
    ),
    problem: problemAt(state, problem, now),
  };
}

/** Somebody has chosen another version meanwhile: that one stays. */
export function overtaken(state: SourceState, now: number): SourceState {
  const { attempt } = state;
  if (attempt === undefined) return free(state);
  const { attempt: _, ...rest } = free(withLeftover(state, now));
  const message =
    "Another version was made the active one while this revision was built; that one stays until the " +
    "source changes, or the annotation coder.com/reconcile-at asks";
  return {
    ...rest,
    passed: attempt.revision,
    problem: problemAt(state, { reason: "Superseded", message }, now),
  };
}

export function abandoned(state: SourceState, now: number): SourceState {
  const { attempt: _, ...rest } = free(withLeftover(state, now));
  return rest;
}

/** The version before is active again. */
export function rolledBack(state: SourceState, problem: Problem, now: number): SourceState {
  const { watch } = state;
  if (watch === undefined) return free(state);
  const { watch: _w, revision: _r, ...rest } = free(state);
  const { version, revision } = watch.before;
  return {
    ...rest,
    versionID: version,
    ...(revision === undefined ? {} : { revision }),
    lastGoodVersionID: version,
    drift: false,
    badRevisions: [...(state.badRevisions ?? []).filter((one) => one !== watch.revision), watch.revision]
      .slice(-MOST_BAD),
    problem: problemAt(state, problem, now),
  };
}

/** The version that is active is good, or is no longer the one that was watched. */
export function watchEnded(state: SourceState, isGood: boolean): SourceState {
  const { watch } = state;
  if (watch === undefined) return free(state);
  const { watch: _, ...rest } = free(state);
  return isGood ? { ...rest, lastGoodVersionID: watch.version } : rest;
}

/** What is active, compared with what was made of the source. */
export function driftSeen(state: SourceState, active: string): SourceState {
  return { ...free(state), drift: state.versionID !== undefined && active !== state.versionID };
}

function withLeftover(state: SourceState, now: number): SourceState {
  const { canary } = state.attempt ?? {};
  if (canary === undefined) return state;
  const leftover = { ...canary, tries: 0, next: timeText(now) };
  return { ...state, leftovers: [...state.leftovers ?? [], leftover] };
}

/** A trial's workspace is gone, or was asked to go and is looked at again later. */
export function removalSeen(state: SourceState, name: string, isGone: boolean, now: number): SourceState {
  const leftovers = (state.leftovers ?? []).flatMap((one) => {
    if (one.name !== name) return [one];
    if (isGone) return [];
    const pause = Math.min(REMOVE_MS * 2 ** one.tries, REMOVE_MOST_MS);
    return [{ ...one, tries: one.tries + 1, next: timeText(now + pause) }];
  });
  return { ...free(state), leftovers };
}
