/** Logs of builds in a Coder in memory. For tests alone. */
import type { BuildLogLine, BuildState, CoderClient, Workspace } from "../../coder/mod.ts";

/** Performs a request: what was asked for, and how it is answered. */
export type Perform = <T>(
  request: "build" | "log",
  detail: string,
  options: { signal?: AbortSignal | undefined } | undefined,
  answer: () => T,
) => Promise<T>;

export class ModelLogs {
  /** By id. */
  readonly builds = new Map<string, BuildState>();
  /** Statuses of the imports of versions, by id. */
  readonly versions = new Map<string, string>();
  readonly #lines = new Map<string, BuildLogLine[]>();
  #count = 0;

  /** A build of a workspace, which is running. */
  begin({ id, latest_build }: Workspace, changes: Partial<BuildState> = {}): string {
    const build = {
      id: latest_build.id,
      workspace_id: id,
      build_number: latest_build.build_number,
      job: { status: "running" },
      ...changes,
    };
    this.builds.set(build.id, build);
    return build.id;
  }

  /** A line of a build or of a version's import; each a second after the one before, of 2026-01-01. */
  write(id: string, stage: string, output: string, changes: Partial<BuildLogLine> = {}): void {
    const lines = this.#lines.get(id) ?? [];
    this.#lines.set(id, lines);
    const created_at = new Date(Date.UTC(2026, 0, 1, 0, 0, ++this.#count)).toISOString();
    lines.push({ id: 100 + this.#count, created_at, log_level: "info", stage, output, ...changes });
  }

  end(id: string, status = "succeeded"): void {
    const build = this.builds.get(id);
    if (build !== undefined) this.builds.set(id, { ...build, job: { status } });
    else this.versions.set(id, status);
  }

  /** Nothing of it is there any more. */
  drop(id: string): void {
    this.builds.delete(id);
    this.#lines.delete(id);
  }

  client(
    perform: Perform,
    workspaces: ReadonlyMap<string, Workspace>,
    missing: () => Error,
  ): CoderClient["builds"] {
    const log = (id: string, { after = -1 }: { after?: number | undefined } = {}) => {
      if (!this.builds.has(id) && !this.versions.has(id)) throw missing();
      return { items: (this.#lines.get(id) ?? []).filter((line) => line.id > after), problems: [] };
    };
    return {
      get: (id, options) =>
        perform("build", id, options, () => {
          const build = this.builds.get(id);
          if (build === undefined) throw missing();
          return build;
        }),
      find: (owner, name, number, options) =>
        perform("build", `${owner}/${name}/${number}`, options, () => {
          const workspace = workspaces.values().find((one) => one.owner_name === owner && one.name === name);
          return this.builds.values().find((one) =>
            one.workspace_id === workspace?.id && one.build_number === number
          );
        }),
      log: (id, range, options) => perform("log", id, options, () => log(id, range)),
      versionLog: (id, range, options) => perform("log", id, options, () => log(id, range)),
    };
  }
}
