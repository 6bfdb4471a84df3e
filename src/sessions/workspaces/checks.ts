/** Whether callers may still work in workspaces: asked of Coder, and believed for a while, for all of their sessions there. */
import { isNotFound } from "../../coder/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counter } from "../../telemetry/metrics.ts";
import type { CallersCoder } from "../coordinator/types.ts";
import { joined } from "../coordinator/deadline.ts";
import { SessionError, type WorkspacePlace } from "../types.ts";
import { agentsOf, chooseAgent } from "./agents.ts";
import { isDeleted, telling } from "./failures.ts";
import { mayOpenTerminals, noRight } from "./find.ts";
import { nameOf, verdictOf } from "./state.ts";
import { WorkspaceDeleted } from "./types.ts";

/** What Coder has said. */
export interface Checked {
  /** By the clock: when it was asked. */
  readonly at: number;
  /** Id of an agent of the latest build. @throws {SessionError} where there is none of the name any more */
  agentId(name: string): string;
}

export interface ChecksOptions {
  readonly clock: Clock;
  /** By `result`: ok, or the code of what went wrong. */
  readonly counted: Counter;
  /** Milliseconds that one may take. @default 15_000 */
  readonly timeoutMs?: number | undefined;
}

export class Checks {
  readonly #flights = new Map<string, Promise<Checked>>();
  readonly #known = new Map<string, Checked>();

  constructor(private readonly options: ChecksOptions) {}

  /**
   * Looks, unless that was done within `maxAgeMs`; who asks at the same time waits for the same answer.
   * @throws {WorkspaceDeleted}
   * @throws {SessionError} `forbidden`, `not_found`; `unavailable` where it does not run, or Coder does not answer
   */
  async check(
    coder: CallersCoder,
    place: WorkspacePlace,
    maxAgeMs: number,
    signal: AbortSignal,
  ): Promise<Checked> {
    signal.throwIfAborted();
    const key = JSON.stringify([coder.id, coder.user, coder.credential ?? null, place.workspaceId]);
    const known = this.#known.get(key);
    if (known !== undefined && this.options.clock.now() - known.at < maxAgeMs) return known;
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = this.#look(coder, place).then((checked) => {
        this.#known.set(key, checked);
        this.options.counted.inc({ result: "ok" });
        return checked;
      }, (error) => {
        this.#known.delete(key);
        this.options.counted.inc({ result: error instanceof SessionError ? error.code : "internal" });
        throw error;
      }).finally(() => this.#flights.delete(key));
      // Its last caller may have given up.
      flight.catch(() => {});
      this.#flights.set(key, flight);
    }
    return await joined(flight, signal);
  }

  /** Forgets what is older. */
  prune(maxAgeMs: number): void {
    const now = this.options.clock.now();
    for (const [key, { at }] of this.#known) if (now - at >= maxAgeMs) this.#known.delete(key);
  }

  async #look(coder: CallersCoder, place: WorkspacePlace): Promise<Checked> {
    const at = this.options.clock.now();
    const signal = AbortSignal.timeout(this.options.timeoutMs ?? 15_000);
    const what = `look whether you may work in workspace ${place.workspace}`;
    try {
      return await telling(what, signal, async () => {
        const [workspace, may] = await Promise.all([
          this.#workspace(coder, place, signal),
          mayOpenTerminals(coder, { id: place.workspaceId, owner_id: place.ownerId }, signal),
        ]);
        if (!may) throw noRight(nameOf(workspace), coder.user);
        const verdict = verdictOf(workspace);
        if (verdict.is === "lost") {
          throw new SessionError(verdict.code, `workspace ${nameOf(workspace)} ${verdict.why}`);
        }
        if (verdict.is !== "running") {
          const why = verdict.is === "starting" ? "is being started: try again when it runs" : verdict.why;
          throw new SessionError(
            "unavailable",
            `workspace ${nameOf(workspace)} ${why}. Once it runs, the session goes on with its files`,
          );
        }
        return {
          at,
          agentId: (name) =>
            agentsOf(workspace).find((agent) => agent.name === name)?.id ??
              chooseAgent(workspace, name).id,
        };
      });
    } catch (error) {
      if (signal.aborted && error === signal.reason) {
        throw new SessionError(
          "unavailable",
          `${what}: Coder ${coder.id} does not answer in time: try again`,
          { cause: error },
        );
      }
      throw error;
    }
  }

  async #workspace(
    { client, user }: CallersCoder,
    { workspace, workspaceId }: WorkspacePlace,
    signal: AbortSignal,
  ) {
    try {
      return await client.workspaces.get(workspaceId, {}, { signal });
    } catch (error) {
      if (isDeleted(error)) {
        throw new WorkspaceDeleted(`workspace ${workspace} was deleted, and the session with it`);
      }
      if (!isNotFound(error)) throw error;
      throw new SessionError(
        "forbidden",
        `you (${user}) do not see workspace ${workspace} any more: it was deleted, or is no longer yours to see`,
        { cause: error },
      );
    }
  }
}

/** Coder has said so: nobody needs to ask again before something is done about it. */
export function isSaid(error: unknown): error is SessionError {
  return error instanceof SessionError && (error.code !== "unavailable" || error.cause === undefined);
}

/** It may be otherwise in a moment. */
export function maySoonBeGood(error: unknown): boolean {
  return error instanceof SessionError && error.code === "unavailable";
}
