/** Workspaces, and builds of them that run or have ended lately. */
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import { sleep } from "../../telemetry/clock.ts";
import type { BuildRow, WorkspaceRow } from "../types.ts";
import type { Followed } from "./follow.ts";
import { follow } from "./follow.ts";
import { onBoard } from "./on_board.ts";
import type { Source, SourceWorld } from "./source.ts";
import { countOf, textOf, timeOf } from "./words.ts";

/** How long builds are shown after their end, in milliseconds. */
export const BUILD_MS = 10 * 60_000;
const LOOK_MS = 15_000;
/** The first rows are there soon, however many there are. */
const PAGE = 500;

/** States of builds that are not over. */
const ACTIVE = ["pending", "starting", "stopping", "deleting", "canceling"];

/** @param onBuild something about builds is another, and so may be the jobs that do them */
export function workspaces(onBuild: () => void = () => {}): Source {
  return {
    sections: ["workspaces", "builds"],
    async run(world) {
      const builds = new Builds(world, onBuild);
      const own = onBoard(world.board, "workspaces", workspaceRow);
      const both: Followed<CoderWorkspace> = {
        some(objects) {
          own.some(objects);
          builds.seen(objects);
        },
        all(objects) {
          own.all(objects);
          builds.all(objects);
        },
        set(object) {
          own.set(object);
          builds.seen([object]);
        },
        gone(object) {
          own.gone(object);
          builds.gone(workspaceRow(object).id);
        },
        problem(message) {
          own.problem(message);
          world.board.tell("builds", message);
        },
      };
      await Promise.all([follow({ type: CoderWorkspaces, pageSize: PAGE }, both, world), builds.forget()]);
    },
  };
}

function keyOf({ metadata }: CoderWorkspace): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}

/**
 * Equal objects are the same ones where this process serves them, and they are read when a field is asked for: what is made
 * of one is made once for all who see it.
 */
const known = new WeakMap<
  CoderWorkspace,
  { readonly row: WorkspaceRow; readonly build: BuildRow | undefined }
>();

function rowsOf(object: CoderWorkspace) {
  let rows = known.get(object);
  if (rows === undefined) known.set(object, rows = { row: madeRow(object), build: madeBuild(object) });
  return rows;
}

export function workspaceRow(object: CoderWorkspace): WorkspaceRow {
  return rowsOf(object).row;
}

/** The latest build as a row; undefined where there is none. */
export function buildRow(object: CoderWorkspace): BuildRow | undefined {
  return rowsOf(object).build;
}

function madeRow(object: CoderWorkspace): WorkspaceRow {
  const { metadata, spec, status } = object;
  return {
    id: keyOf(object),
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    owner: textOf(status?.ownerName, 256),
    template: textOf(status?.templateName ?? spec?.templateName, 256),
    state: stateOf(object),
    healthy: status?.health?.healthy !== false,
    outdated: status?.outdated === true,
    lastUsedAt: timeOf(status?.lastUsedAt),
  };
}

function stateOf({ metadata, status }: CoderWorkspace): string {
  const state = textOf(status?.latestBuildStatus, 64);
  const isOver = state === "deleted" || state === "deleting";
  return metadata.deletionTimestamp !== undefined && !isOver ? "deleting" : state;
}

function madeBuild(object: CoderWorkspace): BuildRow | undefined {
  const { metadata, status } = object;
  const build = status?.latestBuild;
  if (build === undefined || build === null) return undefined;
  const number = countOf(build.number);
  const state = textOf(status.latestBuildStatus, 64);
  return {
    id: `${keyOf(object)}#${number}`,
    namespace: metadata.namespace ?? "",
    workspace: metadata.name ?? "",
    number,
    transition: textOf(build.transition, 32),
    state,
    startedAt: timeOf(build.createdAt),
    endedAt: ACTIVE.includes(state) ? "" : timeOf(build.completedAt),
    message: textOf(build.error),
  };
}

/** Of a build, by its id. */
function workspaceOf(id: string): string {
  return id.slice(0, id.lastIndexOf("#"));
}

/** Those that are on the board, by their ids. */
class Builds {
  readonly #world: SourceWorld;
  readonly #onBuild: () => void;
  readonly #shown = new Map<string, BuildRow>();
  /** The builds of workspaces that are not over, by workspace. */
  readonly #active = new Map<string, BuildRow>();
  /** Workspaces that were deleted, of which builds are shown. Others that are there no more may not be seen any more. */
  readonly #deleted = new Set<string>();

  constructor(world: SourceWorld, onBuild: () => void) {
    this.#world = world;
    this.#onBuild = onBuild;
  }

  seen(objects: readonly CoderWorkspace[]): void {
    for (const object of objects) {
      const row = buildRow(object);
      if (row !== undefined) this.#set(workspaceRow(object).id, row);
    }
  }

  all(objects: readonly CoderWorkspace[]): void {
    const there = new Set(objects.map((object) => workspaceRow(object).id));
    for (const key of [...this.#active.keys()]) if (!there.has(key)) this.#active.delete(key);
    // Of a workspace that may not be seen any more, no build may be.
    if (objects.length === 0) this.#deleted.clear();
    for (const id of [...this.#shown.keys()]) {
      const key = workspaceOf(id);
      if (!there.has(key) && !this.#deleted.has(key)) this.#shown.delete(id);
    }
    this.seen(objects);
    this.#world.board.replace("builds", [...this.#shown.values()]);
  }

  /** A workspace is gone: so ends what was done to it. */
  gone(key: string): void {
    this.#deleted.add(key);
    const row = this.#active.get(key);
    if (row === undefined) return;
    const state = row.transition === "delete" ? "deleted" : row.state;
    this.#set(key, { ...row, state, endedAt: new Date(this.#world.now()).toISOString() });
  }

  #set(key: string, row: BuildRow): void {
    const isOver = !ACTIVE.includes(row.state) || row.endedAt !== "";
    const active = this.#active.get(key);
    const ended = Date.parse(row.endedAt);
    const isShown = isOver ? this.#world.now() - ended < BUILD_MS : true;
    if (isOver) this.#active.delete(key);
    else this.#active.set(key, row);
    if (active !== undefined && active.id !== row.id) this.#overtaken(active);
    if (isShown) {
      this.#shown.set(row.id, row);
      this.#world.board.set("builds", [row]);
    } else this.#drop(row.id);
    if (active?.state !== row.state && (active !== undefined || !isOver)) this.#onBuild();
  }

  /** Another build has begun before it was heard that this one was over. */
  #overtaken(row: BuildRow): void {
    const over = { ...row, state: "", endedAt: new Date(this.#world.now()).toISOString() };
    this.#shown.set(row.id, over);
    this.#world.board.set("builds", [over]);
  }

  #drop(id: string): void {
    if (this.#shown.delete(id)) this.#world.board.remove("builds", [id]);
  }

  /** Lets go of those that have ended long ago, until the world's signal aborts. */
  async forget(): Promise<void> {
    const { signal, clock, now } = this.#world;
    while (!signal.aborted) {
      await sleep(LOOK_MS, signal, clock);
      for (const { id, endedAt } of [...this.#shown.values()]) {
        if (endedAt !== "" && now() - Date.parse(endedAt) >= BUILD_MS) this.#drop(id);
      }
      const shown = new Set([...this.#shown.keys()].map(workspaceOf));
      for (const key of [...this.#deleted]) if (!shown.has(key)) this.#deleted.delete(key);
    }
  }
}
