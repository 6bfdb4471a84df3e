/** Starts a workspace, once somebody has agreed to that, and waits until its agent can be worked with. */
import { type BuildLogLine, CoderError, type Workspace, type WorkspaceAgent } from "../../coder/mod.ts";
import { createWorkspaceActions, MemoryWishStore, Turns } from "../../actions/mod.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { CallersCoder } from "../coordinator/types.ts";
import type { TaskEvent } from "../link.ts";
import { SessionError } from "../types.ts";
import { agentState, chooseAgent } from "./agents.ts";
import { failureOf, telling } from "./failures.ts";
import { getWorkspace } from "./find.ts";
import { nameOf, oneLine, verdictOf } from "./state.ts";
import { StartNeeded } from "./types.ts";

export interface BringUpOptions {
  readonly coder: CallersCoder;
  readonly workspaceId: string;
  /** Empty: the only one. */
  readonly agent: string;
  /** It may be started. */
  readonly start: boolean;
  readonly timeoutMs: number;
  readonly settings: BringUpSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent?: ((event: TaskEvent) => void) | undefined;
  readonly signal: AbortSignal;
  /** Once for every start that is asked for. */
  readonly onStart?: (() => void) | undefined;
}

/** Milliseconds. */
export interface BringUpSettings {
  /** Between two looks at first; then it grows to the second. @default 300 ms, 2 s */
  readonly pollMs: readonly [number, number];
  /** A startup script that runs for longer is not waited for. @default 60 s */
  readonly startupMs: number;
  /** An agent that was there, and is away, may be back so soon. @default 15 s */
  readonly awayMs: number;
  /** So long Coder may not answer. @default 30 s */
  readonly silenceMs: number;
}

export const BRING_UP: BringUpSettings = {
  pollMs: [300, 2_000],
  startupMs: 60_000,
  awayMs: 15_000,
  silenceMs: 30_000,
};

export interface BroughtUp {
  readonly workspace: Workspace;
  readonly agent: WorkspaceAgent;
  /** What is not as it should be, for people. */
  readonly warning: string;
}

/** Says something again only after so long. */
const AGAIN_MS = 5_000;
/** Starts that may come to nothing, in a row. */
const MOST_FAILURES = 5;
/** However long Coder asks to be left alone: looks are not further apart. */
const LONGEST_PAUSE_MS = 60_000;

/**
 * @throws {StartNeeded}
 * @throws {SessionError} `deadline`, `unavailable`, `failed`, `not_found`, …
 */
export async function bringUp(options: BringUpOptions): Promise<BroughtUp> {
  return await new BringingUp(options).run();
}

class BringingUp {
  readonly #began: number;
  #starts = 0;
  /** Starts whose answers were lost. */
  #lost = 0;
  #step = "";
  #toldAt = -Infinity;
  #failures = 0;
  /** Since when Coder does not answer. */
  #silentSince: number | undefined;
  /** So long Coder asks to be left alone. */
  #pauseMs = 0;
  /** When the agent was first seen so. */
  #since: { readonly is: string; readonly at: number } = { is: "", at: 0 };
  #logged: { readonly build: string; readonly after?: number; readonly stage?: string } = { build: "" };

  constructor(private readonly options: BringUpOptions) {
    this.#began = options.clock.now();
  }

  async run(): Promise<BroughtUp> {
    const { clock, settings: { pollMs: [first, most] }, signal, timeoutMs, workspaceId } = this.options;
    for (let delayMs = first;; delayMs = Math.min(delayMs * 1.3, most)) {
      const workspace = await this.#look();
      const up = workspace === undefined ? undefined : await this.#next(workspace);
      if (up !== undefined) return up;
      if (clock.now() - this.#began >= timeoutMs) {
        const name = workspace === undefined ? workspaceId : nameOf(workspace);
        throw new SessionError(
          "deadline",
          `workspace ${name} was not ready within ${
            Math.round(timeoutMs / 1_000)
          } s (${this.#step}): it goes on by ` +
            "itself, so ask again in a while",
        );
      }
      await sleep(Math.max(delayMs, this.#pauseMs), signal, clock);
      signal.throwIfAborted();
    }
  }

  /** Undefined where Coder does not answer just now. */
  async #look(): Promise<Workspace | undefined> {
    const { clock, coder, settings: { silenceMs }, signal, workspaceId } = this.options;
    try {
      const workspace = await getWorkspace(coder, workspaceId, signal);
      this.#silentSince = undefined;
      this.#pauseMs = 0;
      return workspace;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SessionError) || error.code !== "unavailable") throw error;
      const { cause } = error;
      this.#pauseMs = cause instanceof CoderError ? Math.min(cause.retryAfterMs ?? 0, LONGEST_PAUSE_MS) : 0;
      this.#silentSince ??= clock.now();
      if (clock.now() - this.#silentSince >= Math.max(silenceMs, this.#pauseMs)) throw error;
      this.#tell("Coder does not answer");
      return undefined;
    }
  }

  async #next(workspace: Workspace): Promise<BroughtUp | undefined> {
    const { start } = this.options;
    const name = nameOf(workspace);
    const verdict = verdictOf(workspace);
    switch (verdict.is) {
      case "running":
        return this.#agent(workspace);
      case "starting":
        this.#tell(await this.#stage(workspace) ?? "the workspace is being started");
        return undefined;
      case "busy":
        if (!start) {
          throw new SessionError(
            "unavailable",
            `workspace ${name} ${verdict.why}: try again when that is over, with start: true`,
          );
        }
        this.#tell(`the workspace ${verdict.why}: it is started after that`);
        return undefined;
      case "lost":
        throw new SessionError(verdict.code, `workspace ${name} ${verdict.why}`);
      case "stopped":
        if (!start) throw startNeeded(workspace, verdict.why);
        if (this.#starts > 0 || this.#lost >= MOST_FAILURES) {
          throw new SessionError(
            "failed",
            `workspace ${name} was started, and ${verdict.why}: its build log says more`,
          );
        }
        this.#tell("the workspace is started");
        await this.#start(workspace);
        return undefined;
    }
  }

  /** There is one way to start a workspace: it looks anew, and begins no second build. */
  async #start(seen: Workspace): Promise<void> {
    const { coder, log, onStart, signal } = this.options;
    const name = nameOf(seen);
    const actions = createWorkspaceActions({
      open: () => Promise.resolve(coder.client),
      // Nothing is kept for later: whoever wished it waits here.
      store: new MemoryWishStore(),
      copy: { workspace: () => undefined, observeWorkspace() {}, observeBuild() {}, observeGone() {} },
      audit: {
        write: ({ by, action, calls, result, message }) =>
          log.info("a workspace was to be started for a session", {
            workspace: name,
            workspace_uuid: seen.id,
            by,
            action,
            calls: calls.map(({ call, result }) => `${call}: ${result}`),
            result,
            reason: message,
          }),
      },
      now: Date.now,
      newId: () => crypto.randomUUID(),
    }, new Turns());
    try {
      const { state } = await telling(
        `start workspace ${name}`,
        signal,
        () =>
          actions.change(seen.id, { running: true }, {
            by: coder.user,
            signal,
            precondition(now) {
              // Somebody else may have begun something meanwhile: that is looked at first.
              if (now.latest_build.id !== seen.latest_build.id) throw new Meanwhile();
            },
          }),
      );
      // Where Coder's answer was lost, the next look tells what became of it.
      if (state === "kept") {
        this.#lost++;
        return;
      }
      this.#starts++;
      onStart?.();
    } catch (error) {
      if (error instanceof Meanwhile) return;
      // Another build is in the way now: the next look tells which.
      if (error instanceof SessionError && error.code === "conflict" && ++this.#failures < MOST_FAILURES) {
        return;
      }
      throw error;
    }
  }

  #agent(workspace: Workspace): BroughtUp | undefined {
    const { clock, settings: { awayMs, startupMs } } = this.options;
    const agent = chooseAgent(workspace, this.options.agent);
    const state = agentState(agent);
    if (this.#since.is !== state.is) this.#since = { is: state.is, at: clock.now() };
    const waited = clock.now() - this.#since.at;
    switch (state.is) {
      case "ready":
        return { workspace, agent, warning: state.warning };
      case "setting up":
        if (waited >= startupMs) {
          const warning = `${state.step} for more than ${
            Math.round(startupMs / 1_000)
          } s, and is not waited for: tools or files may be missing`;
          return { workspace, agent, warning };
        }
        this.#tell(state.step);
        return undefined;
      case "coming":
        this.#tell(state.step);
        return undefined;
      case "away":
        if (waited >= awayMs) {
          throw new SessionError(
            "unavailable",
            `agent ${agent.name} of workspace ${
              nameOf(workspace)
            } ${state.why}: restart the workspace, or look at ` +
              "its agent's log",
          );
        }
        this.#tell(`agent ${agent.name} ${state.why}`);
        return undefined;
    }
  }

  /** What the build is at, as its log has it; undefined where that is not known. */
  async #stage({ latest_build: { id } }: Workspace): Promise<string | undefined> {
    const { coder, signal } = this.options;
    if (this.#logged.build !== id) this.#logged = { build: id };
    let lines: readonly BuildLogLine[];
    try {
      ({ items: lines } = await coder.client.builds.log(id, { after: this.#logged.after }, { signal }));
    } catch (error) {
      signal.throwIfAborted();
      // It is told for people alone.
      this.options.log.debug("a build's log cannot be read", {
        build: id,
        error: failureOf(error, "", signal),
      });
      return this.#logged.stage;
    }
    const last = lines.at(-1);
    if (last === undefined) return this.#logged.stage;
    const text = oneLine(last.output === "" ? last.stage : `${last.stage}: ${last.output}`);
    this.#logged = {
      build: id,
      after: last.id,
      ...(text === "" ? {} : { stage: `the workspace is being started: ${text}` }),
    };
    return this.#logged.stage;
  }

  #tell(step: string): void {
    const { clock, onEvent } = this.options;
    const now = clock.now();
    if (step === this.#step && now - this.#toldAt < AGAIN_MS) return;
    this.#step = step;
    this.#toldAt = now;
    onEvent?.({ kind: "progress", done: Math.round((now - this.#began) / 100) / 10, message: step });
  }
}

/** Something was built since the workspace was looked at. */
class Meanwhile extends Error {
  override readonly name = "Meanwhile";
}

export function startNeeded(workspace: Workspace, why: string): StartNeeded {
  const name = nameOf(workspace);
  return new StartNeeded(
    `workspace ${name} ${why}: nothing was done. Ask again with start: true to start it, which may take minutes`,
    name,
    `Workspace ${name} ${why}. Start it`,
    workspace.latest_build.id,
  );
}
