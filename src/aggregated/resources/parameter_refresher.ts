/**
 * Keeps the values of parameters that were given here up to date: Coder's records do not have them, and the latest build
 * may be one that somebody asked for in Coder itself. Of workspaces without such values nothing is asked.
 */
import type { CoderWorkspace } from "../../api/workspace.ts";
import type { Backend } from "../../inventory/mod.ts";
import type { Keeping, StoredShadow } from "../../shadow/mod.ts";
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { keptWorkspaceSpec } from "../convert/kept.ts";

export interface ParameterRefresherOptions {
  readonly backend: Pick<Backend, "id" | "namespace" | "open" | "copy">;
  readonly keeping: Pick<Keeping, "shadows" | "wishFor">;
  /** Workspaces as they are shown. */
  readonly view: {
    shown(backend: Pick<Backend, "id" | "namespace">, id: string): CoderWorkspace | undefined;
  };
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Time between two looks at what is known, in milliseconds. @default {2_000} */
  readonly everyMs?: number;
  /** After a failure, the same build is not asked for again for so long, in milliseconds. @default {60_000} */
  readonly retryMs?: number;
  /** In [0, 1); replicas that look at other times seldom ask for the same. @default {Math.random} */
  readonly random?: () => number;
}

/** Builds that are asked for after one look: other requests matter more. */
const MOST_ASKED = 5;

export class ParameterRefresher {
  readonly #options: ParameterRefresherOptions;
  /** Latest builds of which the values are not known, by workspace, as the last look found them. */
  #unknown = new Map<string, string>();
  /** Until when a build is left alone. */
  readonly #failed = new Map<string, number>();

  constructor(options: ParameterRefresherOptions) {
    this.#options = options;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock = systemClock, everyMs = 2_000, random = Math.random } = this.#options;
    while (!signal.aborted) {
      await this.round(signal);
      await sleep(everyMs * (0.75 + random() / 2), signal, clock);
    }
  }

  /** One look. What is found for the second time in a row is asked for. Never rejects. */
  async round(signal: AbortSignal): Promise<void> {
    const { keeping: { shadows }, clock = systemClock, backend } = this.#options;
    const before = this.#unknown;
    this.#unknown = new Map();
    for (const [build, until] of this.#failed) if (clock.now() >= until) this.#failed.delete(build);
    const due: string[] = [];
    for (const stored of shadows.all("workspaces")) {
      const build = this.#unknownBuild(stored);
      if (build === undefined) continue;
      const { id } = stored.record;
      this.#unknown.set(id, build);
      // What was written a moment ago may be a part of something that goes on.
      if (before.get(id) === build && !this.#failed.has(build)) due.push(id);
    }
    if (due.length === 0 || backend.copy.state("workspaces").trouble !== undefined) return;
    for (const id of due.slice(0, MOST_ASKED)) {
      if (signal.aborted) return;
      // Another replica may have been sooner.
      const stored = shadows.get("workspaces", id);
      const build = stored && this.#unknownBuild(stored);
      if (stored !== undefined && build !== undefined) await this.#refresh(stored, build, signal);
    }
  }

  /** The latest build, where values were given here and are of another one. What is wished is still to come. */
  #unknownBuild({ record }: StoredShadow): string | undefined {
    const { backend, keeping, view } = this.#options;
    if (Object.keys(keptWorkspaceSpec(record).parameters ?? {}).length === 0) return undefined;
    const { latestBuildID, latestBuild } = view.shown(backend, record.id)?.status ?? {};
    const isOther = latestBuildID !== record.parametersOf && latestBuild?.transition !== "delete";
    return isOther && keeping.wishFor(record.id) === undefined ? latestBuildID : undefined;
  }

  async #refresh({ record, version }: StoredShadow, build: string, signal: AbortSignal): Promise<void> {
    const { backend, keeping, clock = systemClock, retryMs = 60_000, log = silentLogger } = this.#options;
    try {
      const { workspaceChanges } = await backend.open(signal);
      const values = new Map(
        (await workspaceChanges.buildParameters(build, { signal })).map(({ name, value }) => [name, value]),
      );
      const given = Object.entries(keptWorkspaceSpec(record).parameters ?? {});
      // What the build does not have was for one build alone, or is of no use to its version.
      const parameters = Object.fromEntries(given.map(([name, value]) => [name, values.get(name) ?? value]));
      const spec = { ...record.spec, parameters };
      // Whoever has stored something else meanwhile is right.
      await keeping.shadows.write({ ...record, spec, parametersOf: build }, version, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#failed.set(build, clock.now() + retryMs);
      log.debug("the parameters of a build cannot be refreshed", { workspace: record.id, build, error });
    }
  }
}
