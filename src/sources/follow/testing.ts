/** For this folder's tests: a template with a source in a world that is all in memory, and can fail anywhere. */
import { ActionError } from "../../actions/mod.ts";
import type { Template, Workspace } from "../../inventory/mod.ts";
import type { SourceError } from "../errors.ts";
import { SourceFollower } from "./follower.ts";
import type { FollowClient, FollowedTemplate, FollowerOptions, SourceRecords } from "./ports.ts";
import { readState, type SourceState, stateToKeep } from "./state.ts";

export const TEMPLATE = "template-1";

/** The process dies: nothing after that happens. */
export class CrashError extends Error {}

interface MadeVersion {
  readonly id: string;
  readonly name: string;
  readonly revision: string;
  status: "running" | "succeeded" | "failed";
}

export class SourceWorld {
  now = Date.parse("2026-01-01T00:00:00Z");
  active = "by-hand-0";
  revision = "r1";
  /** Asked before everything that touches the world; may throw. */
  fault: (what: string) => void = () => {};
  /** Whether the build of a revision succeeds, and its workspaces. */
  isGood: (revision: string) => boolean = () => true;
  isTrialGood: (revision: string) => boolean = () => true;
  /** How reading fails. */
  unreadable: SourceError | undefined;
  source: FollowedTemplate["source"] = { git: { url: "https://git.example.com/x" } };
  request: string | undefined;
  readonly versions: MadeVersion[] = [];
  readonly trials = new Map<string, { name: string; version: string; status: string; transition: string }>();
  /** Of people, in the inventory. */
  workspaces: Workspace[] = [];
  /** Every promotion that made a difference, as `revision version`. */
  readonly promotions: string[] = [];
  readonly uploads: string[] = [];
  #record: { state: Record<string, unknown>; version: number } | undefined = { state: {}, version: 1 };

  get state(): SourceState {
    return readState(this.#record?.state);
  }

  set state(state: SourceState) {
    this.#record = { state: stateToKeep(state), version: (this.#record?.version ?? 0) + 1 };
  }

  removed(): void {
    this.#record = undefined;
  }

  revisionOf(version: string): string | undefined {
    return this.versions.find(({ id }) => id === version)?.revision;
  }

  /** Somebody promotes a version by hand. */
  choose(version: string): void {
    this.active = version;
  }

  replica(me: string, more: Partial<FollowerOptions> = {}): SourceFollower {
    return new SourceFollower({ ...this.options(), me, ...more });
  }

  options(): FollowerOptions {
    const touch = (what: string) => this.fault(what);
    const template = () => ({ id: TEMPLATE, active_version_id: this.active }) as Template;
    return {
      coder: "test",
      records: this.#records(touch),
      now: () => this.now,
      tickMs: 1,
      reader: {
        look: () =>
          Promise.try(() => {
            touch("look");
            if (this.unreadable !== undefined) throw this.unreadable;
            return this.revision;
          }),
        fetch: () =>
          Promise.try(() => {
            touch("fetch");
            if (this.unreadable !== undefined) throw this.unreadable;
            return { revision: this.revision, entries: [], subject: "a change" };
          }),
      },
      secret: () => Promise.resolve(undefined),
      templates: {
        update: (_template, wanted, { precondition }) =>
          Promise.try(() => {
            touch("update");
            precondition?.(template(), undefined);
            if (wanted.versionId !== undefined) {
              if (this.active !== wanted.versionId) {
                this.promotions.push(`${this.revisionOf(wanted.versionId)} ${wanted.versionId}`);
              }
              this.active = wanted.versionId;
              touch("promoted");
              return { changed: [], dropped: [] };
            }
            const revision = wanted.message!.split(" ", 1)[0]!;
            if (this.revisionOf(this.active) === revision) {
              return { changed: [], dropped: [], files: { state: "unchanged" as const } };
            }
            const made = this.#built(revision, wanted.retry === true);
            touch("built");
            return {
              changed: [],
              dropped: [],
              files: { state: "building" as const, version: made.id, name: made.name },
            };
          }),
        condition: () => Promise.resolve(undefined),
      },
      workspaces: {
        create: ({ name, source }) =>
          Promise.try(() => {
            touch("create");
            if (this.trials.has(name)) throw new ActionError("exists", "it is there already");
            const version = (source as { versionId: string }).versionId;
            this.trials.set(name, { name, version, status: "pending", transition: "start" });
            touch("created");
            return { workspace: undefined, state: "underWay" as const, message: "", warnings: [] };
          }),
        remove: (name) =>
          Promise.try(() => {
            touch("remove");
            const trial = this.trials.get(name);
            if (trial !== undefined) trial.transition = "delete";
            return { workspace: undefined, state: "underWay" as const, message: "", warnings: [] };
          }),
      },
      open: () => Promise.resolve(this.#client(touch, template)),
      copy: {
        template,
        workspaces: () => this.workspaces,
        observeTemplate: () => {},
        moment: () => 0,
      },
    };
  }

  /** What goes on by itself: builds end. */
  step(): void {
    for (const version of this.versions) {
      if (version.status === "running") {
        version.status = this.isGood(version.revision) ? "succeeded" : "failed";
      }
    }
    for (const [name, trial] of this.trials) {
      if (trial.transition === "delete") this.trials.delete(name);
      else trial.status = this.isTrialGood(this.revisionOf(trial.version)!) ? "running" : "failed";
    }
  }

  #built(revision: string, isAgain: boolean): MadeVersion {
    const same = this.versions.find((one) =>
      one.revision === revision && !(isAgain && one.status === "failed")
    );
    if (same !== undefined) return same;
    this.uploads.push(revision);
    const id = `version-${this.versions.length + 1}`;
    const made: MadeVersion = { id, name: `name-${id}`, revision, status: "running" };
    this.versions.push(made);
    return made;
  }

  #client(touch: (what: string) => void, template: () => Template): FollowClient {
    const shown = (version: MadeVersion | undefined) =>
      version && { id: version.id, name: version.name, job: { status: version.status, error: "it broke" } };
    const client = {
      users: { me: () => Promise.resolve({ id: "me", username: "operator" }) },
      templateChanges: {
        get: () =>
          Promise.try(() => {
            touch("get");
            return template();
          }),
      },
      templates: {
        version: (id: string) => Promise.resolve(shown(this.versions.find((one) => one.id === id))),
        versionNamed: (_: string, name: string) =>
          Promise.resolve(shown(this.versions.find((one) => one.name === name))),
      },
      workspaces: {
        find: (_: string, name: string) =>
          Promise.try(() => {
            touch("find");
            const trial = this.trials.get(name);
            return trial && { id: name, name, latest_build: { ...trial, resources: [] } };
          }),
      },
    };
    return client as unknown as FollowClient;
  }

  #records(touch: (what: string) => void): SourceRecords {
    const shown = (): FollowedTemplate | undefined =>
      this.#record && {
        id: TEMPLATE,
        source: this.source,
        variables: [],
        tags: {},
        request: this.request,
        state: readState(structuredClone(this.#record.state)),
        version: String(this.#record.version),
      };
    return {
      *list() {
        const one = shown();
        if (one !== undefined) yield one;
      },
      read: () =>
        Promise.try(() => {
          touch("read");
          return shown();
        }),
      write: (before, state) =>
        Promise.try(() => {
          touch("write");
          if (String(this.#record?.version) !== before.version) return undefined;
          this.state = state;
          touch("written");
          return shown();
        }),
    };
  }
}

/** A workspace of somebody, as the inventory has it. */
export function workspaceOf(
  id: string,
  version: string,
  status: string,
  at: number,
  more: object = {},
): Workspace {
  const latest_build = {
    transition: "start",
    status,
    template_version_id: version,
    created_at: new Date(at).toISOString(),
    ...more,
  };
  return { id, name: id, owner_id: "alice", template_id: TEMPLATE, latest_build } as unknown as Workspace;
}
