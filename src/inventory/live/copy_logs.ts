/** Which build is meant where the log of a workspace or a template is asked for, and the way to it. */
import { isUnavailable, type Template, type Workspace } from "../../coder/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { Asks } from "./asks.ts";
import { BuildLogs, type BuildLogsOptions, TooManyLogsError } from "./build_logs.ts";
import type { BuildLogReader, CopyClient } from "./types.ts";
import { isUnderWay } from "./workspace_state.ts";

export interface CopyLogsOptions {
  readonly clock: Clock;
  /** Of one request, in milliseconds. */
  readonly timeoutMs: number;
  client(signal: AbortSignal): Promise<CopyClient>;
  /** As it is known. */
  workspace(id: string): Workspace | undefined;
  /** Asks Coder for a workspace, so that it is known as it is. */
  look(id: string, signal: AbortSignal): Promise<void>;
  /** Why Coder could not be asked the last time; undefined where it could. */
  trouble(): unknown;
  readonly logs?: Partial<Pick<BuildLogsOptions, "asks" | "capacity" | "logCapacity">>;
}

const MOST_BUILDS = 1_024;

export class CopyLogs {
  readonly #options: CopyLogsOptions;
  readonly #logs: BuildLogs;
  readonly #asks: Asks;
  /** Ids of builds by `workspace/number`: they never change. */
  readonly #builds = new Map<string, string>();

  constructor(options: CopyLogsOptions) {
    this.#options = options;
    this.#asks = new Asks({ clock: options.clock, perMinute: 30, burst: 30, rememberMs: 500 });
    this.#logs = new BuildLogs({
      clock: options.clock,
      timeoutMs: options.timeoutMs,
      open: (signal) => this.#client(signal),
      ...options.logs,
    });
  }

  /** Undefined where there is no such build. Rejects where Coder does not say so. */
  async ofWorkspace(
    id: string,
    number: number | "latest",
    signal: AbortSignal,
  ): Promise<BuildLogReader | undefined> {
    const before = this.#options.workspace(id);
    if (before === undefined) return undefined;
    const isNewer = number === "latest" || number > before.latest_build.build_number;
    // While a build is under way, Coder begins no other.
    if (isNewer && !isUnderWay(before.latest_build.status)) await this.#look(id, signal);
    const workspace = this.#options.workspace(id);
    if (workspace === undefined) return undefined;
    const { latest_build: { id: latest, build_number } } = workspace;
    if (number === "latest" || number === build_number) {
      return this.#logs.of({ kind: "build", id: latest, isKnownOver: () => this.#isKnownOver(id, latest) });
    }
    if (number > build_number) return undefined;
    const build = await this.#earlier(workspace, number, signal);
    return build === undefined
      ? undefined
      : this.#logs.of({ kind: "build", id: build, isKnownOver: () => true });
  }

  /** Of the import of the active version. */
  ofTemplate({ active_version_id: id }: Pick<Template, "active_version_id">): BuildLogReader {
    return this.#logs.of({ kind: "version", id });
  }

  /** Whether it is over, as far as the copy knows, which looks at what is built again and again. */
  #isKnownOver(id: string, build: string): boolean | undefined {
    const latest = this.#options.workspace(id)?.latest_build;
    if (latest === undefined) return undefined;
    return latest.id !== build || !isUnderWay(latest.status);
  }

  /** Somebody may have begun a build a moment ago. Where that cannot be found out, what is known must do. */
  async #look(id: string, signal: AbortSignal): Promise<void> {
    if (isUnavailable(this.#options.trouble())) return;
    try {
      await this.#asks.ask(`workspace ${id}`, (own) => this.#options.look(id, own), signal);
    } catch {
      signal.throwIfAborted();
    }
  }

  async #earlier(
    { id, owner_name, name }: Workspace,
    number: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const key = `${id}/${number}`;
    const known = this.#builds.get(key);
    if (known !== undefined) return known;
    const asked = await this.#asks.ask(`build ${key}`, async (own) => {
      const { builds } = await this.#client(own);
      const limits = { signal: own, timeoutMs: this.#options.timeoutMs };
      const build = await builds.find(owner_name, name, number, limits);
      // Another may have the name by now.
      if (build?.workspace_id !== id || build.build_number !== number) return;
      if (this.#builds.size >= MOST_BUILDS) this.#builds.clear();
      this.#builds.set(key, build.id);
    }, signal);
    const found = this.#builds.get(key);
    if (found === undefined && asked === "spared") throw new TooManyLogsError();
    return found;
  }

  /** Who is known not to answer is not asked by everybody who comes. */
  async #client(signal: AbortSignal): Promise<CopyClient> {
    const trouble = this.#options.trouble();
    if (isUnavailable(trouble)) throw trouble;
    return await this.#options.client(signal);
  }
}
