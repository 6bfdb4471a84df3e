/** Which worker gets a session. Pure. */
import type { WorkerBinding } from "../link.ts";
import type { Isolation, Labels } from "../types.ts";

/** What counts of a worker. */
export interface Candidate {
  readonly id: string;
  readonly labels: Labels;
  readonly isolation: Isolation;
  readonly capabilities: readonly string[];
  readonly sharedStorage: string;
  /** Sessions at once. */
  readonly capacity: number;
  /** Sessions that it has, and those that are being made there. */
  readonly sessions: number;
  readonly isConnected: boolean;
  readonly isDraining: boolean;
  /** It is just told to close the very session. */
  readonly isClosingIt?: boolean | undefined;
  /** See `WorkerConnection.binding`. */
  readonly binding?: WorkerBinding | undefined;
  /** It is the coordinator's own, for sessions in Coder workspaces by their agents. */
  readonly isForWorkspaces?: boolean | undefined;
}

export interface Wanted {
  readonly labels?: Labels | undefined;
  /** Only one that has this storage. */
  readonly sharedStorage?: string | undefined;
  /**
   * For a session in this workspace: the worker that runs there and is bound to it and its owner; where there is none, the
   * one that reaches workspaces by their agents. Absent: neither of those.
   */
  readonly workspace?: WorkerBinding | undefined;
  /** Those that were tried already. */
  readonly except?: ReadonlySet<string> | undefined;
}

export type Selection<C extends Candidate> =
  | { readonly chosen: C }
  /** `isSoon`: a worker may be back in a moment; otherwise somebody has to do something. `why` is for people. */
  | { readonly chosen: undefined; readonly isSoon: boolean; readonly why: string };

export interface SelectOptions {
  /** Workers for sandboxes may come; false: there will never be one here. @default {true} */
  readonly takesWorkers?: boolean | undefined;
}

/**
 * The one with the largest share of its capacity free, then the one with the fewest sessions, then by id. A worker that
 * keeps sessions apart by nothing but a directory gets some only where it takes them (it says that it can `session.open`).
 */
export function selectWorker<C extends Candidate>(
  all: readonly C[],
  wanted: Wanted,
  { takesWorkers = true }: SelectOptions = {},
): Selection<C> {
  const candidates = all.filter((candidate) => isFor(candidate, wanted.workspace));
  const refused = new Map<string, number>();
  let chosen: C | undefined;
  for (const candidate of candidates) {
    const why = refusal(candidate, wanted);
    if (why !== undefined) refused.set(why, (refused.get(why) ?? 0) + 1);
    else if (chosen === undefined || isBetter(candidate, chosen)) chosen = candidate;
  }
  if (chosen !== undefined) return { chosen };
  if (candidates.length === 0) {
    const reaches = all.some(({ isForWorkspaces }) => isForWorkspaces);
    if (wanted.workspace === undefined && !takesWorkers) {
      const why =
        "there are no sandboxes here: make a session in a Coder workspace, by session.create with workspace";
      return { chosen, isSoon: false, why };
    }
    const why = wanted.workspace !== undefined
      ? "this coordinator reaches no Coder workspaces, and no worker runs in this one"
      : `no worker is registered: start one, or wait until it is back${
        reaches ? "; or make a session in a Coder workspace, by session.create with workspace" : ""
      }`;
    return { chosen, isSoon: true, why };
  }
  const counts = [...refused].map(([why, count]) => `${count} ${why}`).join(", ");
  const isSoon = (refused.has(AWAY) || refused.has(BUSY)) && !refused.has(FULL);
  return { chosen, isSoon, why: `of ${candidates.length} worker(s): ${counts}` };
}

const AWAY = "not connected";
const BUSY = "still closing it";
const FULL = "full";

function refusal(candidate: Candidate, { labels, sharedStorage, except }: Wanted): string | undefined {
  const { id, isolation, capabilities, capacity, sessions } = candidate;
  if (except?.has(id)) return "tried in vain";
  if (sharedStorage !== undefined && candidate.sharedStorage !== sharedStorage) return "without its storage";
  if (!hasLabels(candidate.labels, labels ?? {})) return "without the labels that were asked for";
  if (!capabilities.includes("session.open")) {
    return isolation === "none" ? "unable to isolate sessions" : "without sessions";
  }
  if (candidate.isDraining) return "shutting down";
  if (!candidate.isConnected) return AWAY;
  if (candidate.isClosingIt) return BUSY;
  if (sessions >= capacity) return FULL;
  return undefined;
}

/** Whether a worker is for sessions in this workspace; for sandboxes, where it is absent. */
function isFor(
  { binding, isForWorkspaces = false }: Candidate,
  workspace: WorkerBinding | undefined,
): boolean {
  if (workspace === undefined) return binding === undefined && !isForWorkspaces;
  if (binding === undefined) return isForWorkspaces;
  return binding.workspaceId === workspace.workspaceId && binding.ownerId === workspace.ownerId;
}

function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

function isBetter(a: Candidate, b: Candidate): boolean {
  // What runs in the workspace needs no terminal in between.
  if ((a.binding === undefined) !== (b.binding === undefined)) return a.binding !== undefined;
  const share = free(a) - free(b);
  if (share !== 0) return share > 0;
  if (a.sessions !== b.sessions) return a.sessions < b.sessions;
  return a.id < b.id;
}

function free({ capacity, sessions }: Candidate): number {
  return (capacity - sessions) / capacity;
}
