/**
 * Deletes what is in a Coder: its workspaces, then its templates. One round looks at all that there is and does the next
 * thing to it; what was begun is known by Coder, so that rounds may follow each other in any process.
 */
import {
  ActionError,
  type AuditEntry,
  createWorkspaceActions,
  MemoryWishStore,
  Turns,
} from "../../actions/mod.ts";
import { MemoryChangeStore, TemplateActions, type TemplateAuditEntry } from "../../actions/templates/mod.ts";
import { type CoderClient, isTransient, isUnauthorized, type Template } from "../../coder/mod.ts";
import { isUnderWay, type Workspace } from "../../inventory/mod.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { Attempts } from "./attempts.ts";
import type { Left } from "./left.ts";

export interface ContentsOptions {
  /** On whose behalf, for the log. */
  readonly by: string;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  now(): number;
  /** Takes secrets out of texts that others wrote. */
  redact(text: string): string;
}

/** What a round found. */
export interface Round {
  /** What was there when it began. */
  readonly left: Left;
  /** Workspaces that are being deleted. */
  readonly building: number;
  /** What goes wrong, for each thing that does. */
  readonly failures: readonly string[];
  /** Of these, those that were not known before this round. */
  readonly news: readonly string[];
}

/** So many builds at a time: provisioners are as busy as Coder's own users make them. */
const MOST_AT_A_TIME = 10;
/** Why a build failed may be long. */
const LONGEST_REASON = 300;

type Client = Pick<
  CoderClient,
  "workspaces" | "workspaceChanges" | "templates" | "templateInputs" | "templateChanges" | "builds"
>;

/** What is done to one workspace. */
export type WorkspaceStep = "delete" | "building" | "wait";

/** The next thing for a workspace; `isDue`: where its deletion has failed, it may be tried again. */
export function workspaceStep({ latest_build: latest }: Workspace, isDue: boolean): WorkspaceStep {
  if (isUnderWay(latest.status)) return latest.transition === "delete" ? "building" : "wait";
  return isDue ? "delete" : "wait";
}

/** Of one control plane. */
export class Contents {
  readonly #options: ContentsOptions;
  readonly #attempts = new Attempts();
  readonly #wishes = new MemoryWishStore();
  readonly #changes = new MemoryChangeStore();
  readonly #turns = new Turns();
  #news: string[] = [];
  /** As of the last round that could look. */
  last: Left | undefined;

  constructor(options: ContentsOptions) {
    this.#options = options;
  }

  /** Throws `CoderError` where Coder cannot be asked. */
  async round(client: Client, signal: AbortSignal): Promise<Round> {
    const [page, plain, deprecated] = await Promise.all([
      client.workspaces.page({}, { signal }),
      client.templates.readable({}, { signal }),
      client.templates.readable({ q: "deprecated:true" }, { signal }),
    ]);
    const { workspaces } = page.read(0, page.length);
    const templates = [
      ...new Map([...plain.templates, ...deprecated.templates].map((each) => [each.id, each])).values(),
    ];
    const hidden = Math.max(page.count, page.length) - workspaces.length;
    this.last = {
      workspaces: workspaces.map(nameOf),
      templates: templates.map(({ name }) => name),
      nameless: hidden + plain.problems.length + deprecated.problems.length,
    };
    this.#attempts.keep(new Set([...workspaces, ...templates].map(({ id }) => id)));
    this.#news = [];
    const building = await this.#workspaces(workspaces, client, signal);
    // Coder deletes no template that has workspaces.
    if (workspaces.length + hidden === 0) await this.#templates(templates, client, signal);
    const failures = [...workspaces, ...templates].flatMap(({ id }) => {
      const failure = this.#attempts.failure(id);
      if (failure === undefined) return [];
      return [failure.failures === 1 ? failure.message : `${failure.message} (${failure.failures} times)`];
    });
    if (this.last.nameless > 0) failures.push("What cannot be read cannot be deleted");
    return { left: this.last, building, failures, news: this.#news };
  }

  async #workspaces(all: readonly Workspace[], client: Client, signal: AbortSignal): Promise<number> {
    const now = this.#options.now();
    for (const workspace of all) this.#noteFailure(workspace, now);
    const steps = all.map((workspace) => {
      const step = workspaceStep(workspace, this.#attempts.isDue(workspace.id, now));
      return { workspace, step };
    });
    const building = steps.filter(({ step }) => step === "building").length;
    const free = Math.max(0, MOST_AT_A_TIME - building);
    const next = steps.filter(({ step }) => step === "delete").slice(0, free).map(({ workspace }) =>
      workspace
    );
    const actions = createWorkspaceActions(this.#world(client), this.#turns);
    const { by } = this.#options;
    const begun = await Promise.all(next.map(async (workspace) => {
      const what = `Workspace ${nameOf(workspace)}`;
      const result = await this.#try(
        workspace.id,
        what,
        signal,
        () => actions.remove(workspace.id, {}, { by, signal }),
      );
      // Somebody's build was sooner, or Coder's answer was lost: another round looks what came of it.
      if (result?.state === "kept") {
        this.#failed(workspace.id, `${what}: ${result.message}`, this.#options.now(), false);
      }
      return result?.state === "underWay";
    }));
    return building + begun.filter((isBegun) => isBegun).length;
  }

  #noteFailure(workspace: Workspace, now: number): void {
    const { transition, status, job } = workspace.latest_build;
    if (transition !== "delete" || !["failed", "canceled"].includes(status)) return;
    const why = this.#words(job?.error ?? "");
    this.#failed(
      workspace.id,
      `The delete build of workspace ${nameOf(workspace)} ${
        status === "canceled" ? "was canceled" : "failed"
      }${why}`,
      now,
    );
  }

  async #templates(all: readonly Template[], client: Client, signal: AbortSignal): Promise<void> {
    const { by, now } = this.#options;
    const due = all.filter(({ id }) => this.#attempts.isDue(id, now())).slice(0, MOST_AT_A_TIME);
    const actions = new TemplateActions(this.#templateWorld(client));
    await Promise.all(
      due.map((template) =>
        this.#try(
          template.id,
          `Template ${template.name}`,
          signal,
          () => actions.delete(template, { by, signal }),
        )
      ),
    );
  }

  /** Undefined where it failed, or there was nothing left to do. */
  async #try<T>(
    id: string,
    what: string,
    signal: AbortSignal,
    run: () => Promise<T>,
  ): Promise<T | undefined> {
    this.#attempts.begin(id);
    try {
      return await run();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ActionError && error.reason === "missing") return undefined;
      const why = this.#words(error instanceof Error ? error.message : String(error));
      // Where it is Coder that is away, the next round says so.
      const isNews = !isTransient(error) && !isUnauthorized(error);
      this.#failed(id, `${what} could not be deleted${why}`, this.#options.now(), isNews);
      return undefined;
    }
  }

  #failed(id: string, message: string, now: number, isNews = true): void {
    if (this.#attempts.fail(id, message, now) && isNews) this.#news.push(message);
  }

  #words(text: string): string {
    const plain = this.#options.redact(text).replaceAll(/\s+/g, " ").trim().slice(0, LONGEST_REASON);
    return plain === "" ? "" : `: ${plain}`;
  }

  #world(client: Client) {
    const { now } = this.#options;
    return {
      open: () => Promise.resolve(client),
      store: this.#wishes,
      copy: NO_COPY,
      audit: {
        write: ({ workspace: { owner, name }, ...entry }: AuditEntry) => this.#log(entry, `${owner}/${name}`),
      },
      now,
      newId: () => crypto.randomUUID(),
    };
  }

  #templateWorld(client: Client) {
    const { log, now } = this.#options;
    return {
      open: () => Promise.resolve(client),
      store: this.#changes,
      copy: NO_COPY,
      audit: ({ template: { name }, ...entry }: TemplateAuditEntry) => this.#log(entry, name),
      log,
      now,
    };
  }

  #log(
    { action, by, calls, result, message }: Pick<
      AuditEntry,
      "action" | "by" | "calls" | "result" | "message"
    >,
    name: string,
  ): void {
    this.#options.log.info("deletion with the control plane", { action, name, by, calls, result, message });
  }
}

/** Rounds look for themselves. */
const NO_COPY = {
  workspace: () => undefined,
  files: () => Promise.reject(new Error("no sources are kept here")),
  observeWorkspace() {},
  observeBuild() {},
  observeTemplate() {},
  moment: () => 0,
  observeGone() {},
};

function nameOf({ owner_name, name }: Workspace): string {
  return `${owner_name}/${name}`;
}
