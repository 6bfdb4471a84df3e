/** Starting, stopping and restarting one workspace. */
import { keyText, type ObjectKey } from "../api/object.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../api/workspace.ts";
import { isTransient, KubeApiError } from "../kube/errors.ts";
import { firstBuild, judge, type Wanted } from "./judge.ts";
import { callOptions, PluginError, type PluginWorld } from "./world.ts";

export type Change = "start" | "stop" | "restart";

export interface ChangeOptions {
  readonly signal: AbortSignal;
  /** Until it is so, not until it is asked for. */
  readonly wait: boolean;
  /** How long all of it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Hears of each step in a few words. */
  readonly tell: (words: string) => void;
  /** Shows the log of a build until it is over; must not reject. */
  readonly followBuild?: (build: number, signal: AbortSignal) => Promise<void>;
}

/** What is left where somebody interrupts, in a sentence's end: `is being stopped, and stays so`. */
export interface Progress {
  left: string;
}

const POLL_MS = 1_000;
/** Agents that are not well may only be reconnecting. */
const UNWELL_MS = 15_000;
const FIELD_MANAGER = "kubectl-coder";

/** Does it. @throws {PluginError} where it did not become so, in words that say how it is left */
export async function change(
  world: PluginWorld,
  what: Change,
  key: ObjectKey,
  options: ChangeOptions,
  progress: Progress,
): Promise<void> {
  const deadline = world.clock.now() + options.timeoutMs;
  if (what === "restart") {
    await become(world, key, "stopped", { ...options, wait: true, deadline }, progress);
    progress.left = `is stopped, and stays so: kubectl coder start ${key.name} -n ${key.namespace} starts it`;
    try {
      await become(world, key, "running", { ...options, deadline }, progress);
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof PluginError)) options.tell(`it ${progress.left}`);
      throw error;
    }
    return;
  }
  await become(world, key, what === "start" ? "running" : "stopped", { ...options, deadline }, progress);
}

type BecomeOptions = ChangeOptions & { readonly deadline: number };

async function become(
  world: PluginWorld,
  key: ObjectKey,
  wanted: Wanted,
  options: BecomeOptions,
  progress: Progress,
): Promise<void> {
  const { signal, tell, wait, followBuild } = options;
  const answered = await ask(world, key, wanted, signal, progress);
  const first = firstBuild(answered);
  const now = judge(answered, wanted, first);
  if (now.is === "failed") throw new PluginError(now.why);
  if (now.is === "done") return tell(wanted === "running" ? "runs" : "is stopped");
  const doing = wanted === "running" ? "starting" : "stopping";
  progress.left = wanted === "running"
    ? "goes on starting in Coder"
    : `is being stopped, and stays so: kubectl coder start ${key.name} -n ${key.namespace} starts it`;
  tell(
    `${doing}${now.is === "waiting" && answered.status.latestBuild?.number !== first ? `: ${now.why}` : ""}`,
  );
  if (!wait) return;
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const follow = { begun: undefined as Promise<void> | undefined };
  const seen = (build: number) => {
    if (build >= first) follow.begun ??= followBuild?.(build, both) ?? Promise.resolve();
  };
  try {
    await until(world, key, wanted, first, { ...options, seen });
    // The end of a build's log comes some moments after its state.
    await Promise.race([follow.begun, world.clock.sleep(LOG_MS, both)]);
  } finally {
    over.abort();
    await follow.begun;
  }
  tell(wanted === "running" ? "runs" : "is stopped");
}

const LOG_MS = 5_000;

async function ask(
  world: PluginWorld,
  key: ObjectKey,
  wanted: Wanted,
  signal: AbortSignal,
  progress: Progress,
): Promise<CoderWorkspace> {
  const { left } = progress;
  const verb = wanted === "running" ? "start" : "stop";
  progress.left = `may have been asked to ${verb}: kubectl coder list -n ${key.namespace} shows it`;
  try {
    return await world.client.patch<CoderWorkspace>(
      CoderWorkspaces,
      key,
      { type: "merge", body: { spec: { running: wanted === "running" } } },
      { ...callOptions(world, signal), fieldManager: FIELD_MANAGER },
    );
  } catch (error) {
    // What was refused was not done.
    if (error instanceof KubeApiError && !signal.aborted) progress.left = left;
    throw error;
  }
}

async function until(
  world: PluginWorld,
  key: ObjectKey,
  wanted: Wanted,
  first: number,
  { signal, deadline, timeoutMs, seen }: BecomeOptions & { seen: (build: number) => void },
): Promise<void> {
  const { client, clock } = world;
  let unwellSince: number | undefined;
  let last = "nothing was heard of it";
  for (;;) {
    signal.throwIfAborted();
    if (clock.now() >= deadline) {
      throw new PluginError(`not ${wanted} within ${Math.round(timeoutMs / 1_000)} s (--timeout): ${last}`);
    }
    try {
      const object = await client.get<CoderWorkspace>(CoderWorkspaces, key, {
        ...callOptions(world, signal),
        timeoutMs: Math.max(1, Math.min(world.requestTimeoutMs, deadline - clock.now())),
        maxRetries: 0,
      });
      seen(object.status.latestBuild?.number ?? 0);
      const verdict = judge(object, wanted, first);
      if (verdict.is === "done") return;
      last = verdict.why;
      unwellSince = verdict.is === "unwell" ? unwellSince ?? clock.now() : undefined;
      const isUnwell = unwellSince !== undefined && clock.now() - unwellSince >= UNWELL_MS;
      if (verdict.is === "failed" || isUnwell) throw new PluginError(verdict.why);
    } catch (error) {
      signal.throwIfAborted();
      // Servers are replaced while somebody waits.
      if (!isTransient(error)) throw error;
      last = error instanceof Error ? error.message : String(error);
    }
    await clock.sleep(Math.min(POLL_MS, Math.max(1, deadline - clock.now())), signal);
  }
}

/** How messages name a workspace. */
export function shownName(key: ObjectKey, contextNamespace: string): string {
  return key.namespace === contextNamespace ? key.name : keyText(key);
}
