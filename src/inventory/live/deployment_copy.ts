/** The live copy of one Coder deployment: lists that are compared, and whatever else tells of changes sooner. */
import {
  isBadResponse,
  isForbidden,
  isNotFound,
  isUnauthorized,
  type Template,
  type Workspace,
  type WorkspaceBuild,
} from "../../coder/mod.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import { type Logger, silentLogger } from "../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../telemetry/metrics.ts";
import { type AddressPart, AddressQuestions } from "./address_questions.ts";
import { Asks, type AsksOptions } from "./asks.ts";
import { CopyLogs } from "./copy_logs.ts";
import { Crowd } from "./crowd.ts";
import { HotSet } from "./hot.ts";
import { JobSignal } from "./job_signal.ts";
import { ListTask, type SureList } from "./list_task.ts";
import { type CallLimits, confirmMissing, listTemplates, listWorkspaces, PAGE } from "./lists.ts";
import { type Listed as ListName, Pace, type PaceOptions } from "./pace.ts";
import { type Origin, type RecordChange, Records } from "./records.ts";
import { Rounds, type Task } from "./rounds.ts";
import type { SourceFiles } from "../../archive/mod.ts";
import { Owners } from "./owners.ts";
import { TemplateFiles } from "./template_files.ts";
import type {
  BuildLogReader,
  CopyClient,
  CopyListener,
  CopySource,
  DeploymentAddresses,
  DeploymentCopy,
  Found,
  ListState,
  RecordKind,
} from "./types.ts";

export interface CopyOptions extends PaceOptions {
  readonly source: CopySource;
  readonly listener: CopyListener;
  /** Monotonic. @default {the machine's} */
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly wallTime?: () => number;
  /** The longest that one request may take, in milliseconds. @default {30_000} */
  readonly requestTimeoutMs?: number;
  /** Workspaces of one request. @default {1_000} */
  readonly page?: number;
  /** Limits of questions about names that are not known. */
  readonly asks?: Omit<AsksOptions, "clock">;
  readonly log?: Logger;
  readonly metrics?: Metrics;
}

/** Where jobs may not be seen, there is no point in asking soon. */
const NO_JOBS_MS = 3_600_000;
/** What is asked once takes other turns afterwards. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;
/** Of templates that were looked for. */
const MOST_NEWS = 1_024;
/** Of one list: whatever is missing beyond that is looked at after the next one. */
const MOST_MISSING = 200;

/** Makes the copy. Nothing is asked before `run`. */
export function createDeploymentCopy(options: CopyOptions): DeploymentCopy {
  return new LiveCopy(options);
}

class LiveCopy implements DeploymentCopy {
  readonly #source: CopySource;
  readonly #listener: CopyListener;
  readonly #clock: Clock;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  readonly #page: number;
  readonly #log: Logger;
  readonly #pace: Pace;
  readonly #workspaces: Records<Workspace>;
  readonly #templates: Records<Template>;
  readonly #hot: HotSet;
  readonly #crowd: Crowd;
  readonly #asks: Asks;
  readonly #files: TemplateFiles;
  readonly #logs: CopyLogs;
  readonly #owners: Owners;
  readonly #jobs = new JobSignal();
  readonly #rounds: Rounds;
  readonly #lists: Readonly<Record<Exclude<ListName, "jobs">, ListTask>>;
  readonly #addresses: AddressQuestions;
  #isLarge = false;
  /** Lists that were complete once, and kinds of which that was told. */
  readonly #complete = new Set<ListName>();
  readonly #told = new Set<RecordKind>();
  readonly #newsOfTemplates = new Set<string>();

  constructor(options: CopyOptions) {
    const { clock = systemClock, wallTime = Date.now, metrics = noMetrics } = options;
    this.#source = options.source;
    this.#listener = options.listener;
    this.#clock = clock;
    this.#timeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#page = options.page ?? PAGE;
    this.#log = options.log ?? silentLogger;
    this.#pace = new Pace(options);
    this.#rounds = new Rounds(clock);
    this.#asks = new Asks({ ...options.asks, clock });
    this.#files = new TemplateFiles({ clock });
    this.#logs = new CopyLogs({
      clock,
      timeoutMs: this.#timeoutMs,
      client: (signal) => this.#client(signal),
      workspace: (id) => this.workspace(id),
      look: (id, signal) => this.#lookAtWorkspace(id, signal),
      trouble: () => this.state("workspaces").trouble?.error,
    });
    this.#owners = new Owners({ clock });
    const changes = metrics.counter(
      "coder_k8s_inventory_changes_total",
      "Changes of Coder's workspaces and templates that were seen, by what they were learnt from.",
      ["kind", "origin"],
    );
    const now = this.#now = () => clock.now();
    this.#workspaces = new Records<Workspace>({
      now,
      nameOf: workspaceKey,
      onChange: (change, origin) => {
        changes.inc({ kind: "workspaces", origin });
        this.#workspaceChanged(change, origin);
      },
    });
    this.#templates = new Records<Template>({
      now,
      nameOf: templateKey,
      onChange: (change, origin) => {
        changes.inc({ kind: "templates", origin });
        this.#listener.template(change, origin);
      },
    });
    const jobsOfBuilds = new JobSignal();
    this.#crowd = new Crowd({
      clock,
      size: () => this.#hot.size,
      changed: async (signal) => {
        const organizations = this.#hot.ids().map((id) => this.#workspaces.get(id)?.organization_id)
          .filter((id) => id !== undefined);
        const client = await this.#client(signal);
        return (await jobsOfBuilds.news(client, [...new Set(organizations)].sort(), this.#limits(signal)))
          .workspaces;
      },
      look: (ids, signal) => this.#confirm(ids, (id) => this.#lookAtWorkspace(id, signal)),
    });
    this.#hot = new HotSet({ clock, look: (id, signal) => this.#lookAtWorkspace(id, signal) });
    this.#addresses = new AddressQuestions({
      now,
      client: (signal) => this.#client(signal),
      limits: (signal) => this.#limits(signal),
      learnt: (addresses) => this.#listener.addresses(addresses),
      failed: (error) => this.#refusedBy(error),
    });
    const task = (
      name: Exclude<ListName, "jobs">,
      list: (signal: AbortSignal) => Promise<SureList>,
      address?: AddressPart,
    ) =>
      new ListTask({
        name,
        pace: this.#pace,
        now,
        wallTime,
        log: this.#log,
        list,
        completed: () => this.#completed(name),
        failed: (error) => this.#refusedBy(error),
        isBuilding: () => this.#hot.size > 0,
        ...(address === undefined
          ? {}
          : { instead: (signal: AbortSignal) => this.#addresses.ask([address], signal) }),
      });
    this.#lists = {
      workspaces: task("workspaces", (signal) => this.#listWorkspaces(signal)),
      templates: task("templates", (signal) => this.#listTemplates(signal, false), "access"),
      deprecated: task("deprecated", (signal) => this.#listTemplates(signal, true), "apps"),
    };
  }

  get addresses(): DeploymentAddresses {
    return this.#addresses.addresses;
  }

  state(kind: RecordKind): ListState {
    if (kind === "workspaces") return this.#lists.workspaces.state;
    const [one, other] = [this.#lists.templates.state, this.#lists.deprecated.state];
    const completeAt = one.completeAt === undefined || other.completeAt === undefined
      ? undefined
      : Math.min(one.completeAt, other.completeAt);
    return { completeAt, trouble: one.trouble ?? other.trouble };
  }

  workspaces(): Iterable<Workspace> {
    return this.#workspaces.values();
  }

  templates(): Iterable<Template> {
    return this.#templates.values();
  }

  workspace(id: string): Workspace | undefined {
    return this.#workspaces.get(id);
  }

  template(id: string): Template | undefined {
    return this.#templates.get(id);
  }

  findWorkspace(
    { organization, owner, workspace }: { organization: string; owner: string; workspace: string },
    signal: AbortSignal,
  ): Promise<Found<Workspace>> {
    const key = `${organization}/${owner}/${workspace}`;
    return this.#find(this.#workspaces, "workspaces", key, signal, async (limits) => {
      const { workspaces } = await this.#client(limits.signal);
      return await workspaces.find(owner, workspace, limits);
    });
  }

  findTemplate(
    { organization, template }: { organization: string; template: string },
    signal: AbortSignal,
  ): Promise<Found<Template>> {
    const key = `${organization}/${template}`;
    return this.#find(this.#templates, "templates", key, signal, async (limits) => {
      const { templates } = await this.#client(limits.signal);
      return await templates.find(organization, template, limits);
    });
  }

  findOwner(email: string, signal: AbortSignal): Promise<string | undefined> {
    const users = async (own: AbortSignal) => (await this.#client(own)).users;
    return this.#owners.find(email, users, this.#timeoutMs, signal);
  }

  files({ active_version_id }: Template, signal: AbortSignal): Promise<SourceFiles> {
    return this.#files.of(active_version_id, (own) => this.#client(own), signal);
  }

  filesOf(file: string, signal: AbortSignal): Promise<SourceFiles> {
    return this.#files.ofFile(file, (own) => this.#client(own), signal);
  }

  workspaceLog(
    id: string,
    build: number | "latest",
    signal: AbortSignal,
  ): Promise<BuildLogReader | undefined> {
    return this.#logs.ofWorkspace(id, build, signal);
  }

  templateLog(template: Template): BuildLogReader {
    return this.#logs.ofTemplate(template);
  }

  observeWorkspace(workspace: Workspace): void {
    this.#workspaces.told(workspace, this.#clock.now(), "write");
  }

  observeBuild(workspaceId: string, build: WorkspaceBuild): void {
    const workspace = this.#workspaces.get(workspaceId);
    if (workspace !== undefined) this.observeWorkspace({ ...workspace, latest_build: build });
  }

  observeTemplate(template: Template, askedAt = this.moment()): void {
    this.#templates.told(template, askedAt, "write");
  }

  moment(): number {
    return this.#clock.now();
  }

  observeGone(kind: RecordKind, id: string): void {
    const records = kind === "workspaces" ? this.#workspaces : this.#templates;
    records.gone(id, this.#clock.now(), "write");
  }

  refresh(kind: RecordKind): void {
    const names = kind === "workspaces" ? ["workspaces"] as const : ["templates", "deprecated"] as const;
    for (const name of names) this.#rounds.hasten(this.#lists[name], this.#lists[name].restMs);
  }

  async run(signal: AbortSignal): Promise<void> {
    const tasks: Task[] = [
      // First, for they are part of everything else.
      {
        name: "addresses",
        run: async (own) => {
          await this.#addresses.ask(["access", "apps"], own);
          return NEVER_MS;
        },
      },
      this.#lists.templates,
      this.#lists.deprecated,
      this.#lists.workspaces,
      { name: "jobs", run: (own) => this.#listJobs(own) },
    ];
    for (const task of tasks) this.#rounds.add(task);
    await Promise.all([this.#rounds.run(signal), this.#hot.run(signal), this.#crowd.run(signal)]);
  }

  #client(signal: AbortSignal): Promise<CopyClient> {
    return this.#source.open(signal);
  }

  #limits(signal: AbortSignal): CallLimits {
    return { signal, timeoutMs: this.#timeoutMs };
  }

  #refusedBy(error: unknown): void {
    if (isUnauthorized(error)) this.#source.refused();
  }

  #workspaceChanged(change: RecordChange<Workspace>, origin: Origin): void {
    if (change.type === "gone") this.#hot.gone(change.record.id);
    else {
      this.#hot.told(change.record);
      this.#lookForTemplate(change.record);
    }
    // Where something is built, more may be.
    const list = this.#lists.workspaces;
    if (this.#hot.size > 0) this.#rounds.hasten(list, Math.max(this.#pace.whileBuilding(), list.restMs));
    this.#crowd.wake();
    this.#listener.workspace(change, origin);
  }

  /** A workspace tells of a template, or of a version of one, that is not known: templates are listed sooner, once. */
  #lookForTemplate({ template_id, template_active_version_id: version }: Workspace): void {
    if (this.state("templates").completeAt === undefined) return;
    const known = this.#templates.get(template_id);
    if (known !== undefined && (!version || known.active_version_id === version)) return;
    const news = `${template_id} ${version ?? ""}`;
    if (this.#newsOfTemplates.has(news)) return;
    if (this.#newsOfTemplates.size >= MOST_NEWS) this.#newsOfTemplates.clear();
    this.#newsOfTemplates.add(news);
    this.refresh("templates");
  }

  async #listWorkspaces(signal: AbortSignal): Promise<SureList> {
    const client = await this.#client(signal);
    const sentAt = this.#clock.now();
    const scan = this.#workspaces.scan(sentAt);
    const listed = await listWorkspaces(client, scan, this.#limits(signal), this.#now, this.#page);
    this.#isLarge = listed.count > this.#page;
    const look = (id: string) => this.#lookAtWorkspace(id, signal);
    return { ...listed, isSure: await this.#confirm(scan.missing(), look) };
  }

  async #listTemplates(signal: AbortSignal, deprecated: boolean): Promise<SureList> {
    const client = await this.#client(signal);
    const sentAt = this.#clock.now();
    const scan = this.#templates.scan(sentAt, (template) => template.deprecated === deprecated);
    const listed = await listTemplates(client, scan, this.#limits(signal), this.#now, deprecated);
    const look = (id: string) => this.#lookAtTemplate(id, signal);
    return { ...listed, isSure: await this.#confirm(scan.missing(), look) };
  }

  /** Whether all that was missing in a list has been looked at. Only Coder's word on the id itself removes anything. */
  async #confirm(missing: readonly string[], look: (id: string) => Promise<void>): Promise<boolean> {
    let isSure = missing.length <= MOST_MISSING;
    await confirmMissing(missing, async (id) => {
      try {
        await look(id);
      } catch (error) {
        // It is there, and cannot be read: not more is to be learnt of it.
        if (!isBadResponse(error)) isSure = false;
      }
    }, { most: MOST_MISSING });
    return isSure;
  }

  async #lookAtWorkspace(id: string, signal: AbortSignal): Promise<void> {
    const get = async (limits: CallLimits) =>
      await (await this.#client(signal)).workspaces.get(id, {}, limits);
    await this.#lookAt(this.#workspaces, id, () => get(this.#limits(signal)));
  }

  async #lookAtTemplate(id: string, signal: AbortSignal): Promise<void> {
    const get = async (limits: CallLimits) => await (await this.#client(signal)).templates.get(id, limits);
    await this.#lookAt(this.#templates, id, () => get(this.#limits(signal)));
  }

  async #lookAt<R extends { readonly id: string }>(
    records: Records<R>,
    id: string,
    get: () => Promise<R>,
  ): Promise<void> {
    const sentAt = this.#clock.now();
    try {
      records.told(await get(), sentAt, "look");
    } catch (error) {
      this.#refusedBy(error);
      if (!isNotFound(error)) throw error;
      records.gone(id, sentAt, "look");
    }
  }

  async #find<R extends { readonly id: string }>(
    records: Records<R>,
    kind: RecordKind,
    key: string,
    signal: AbortSignal,
    ask: (limits: CallLimits) => Promise<R | undefined>,
  ): Promise<Found<R>> {
    const known = records.byName(key);
    if (known !== undefined) return { kind: "found", record: known };
    const { trouble } = this.state(kind);
    // Who is known not to answer is not asked by everybody who comes.
    if (trouble !== undefined) return { kind: "unknown", error: trouble.error };
    try {
      await this.#asks.ask(`${kind} ${key}`, async (own) => {
        const sentAt = this.#clock.now();
        const record = await ask(this.#limits(own));
        if (record !== undefined) records.told(record, sentAt, "ask");
      }, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#refusedBy(error);
      return { kind: "unknown", error };
    }
    const record = records.byName(key);
    return record === undefined ? { kind: "absent" } : { kind: "found", record };
  }

  /** Where the list of workspaces is small, it is a better sign than that of jobs, and costs no more. */
  async #listJobs(signal: AbortSignal): Promise<number> {
    const isBuilding = this.#hot.size > 0;
    if (!this.#isLarge) return this.#pace.afterList("jobs", 0, isBuilding);
    const sentAt = this.#clock.now();
    try {
      const organizations = [...new Set([...this.#templates.values()].map((one) => one.organization_id))];
      const news = await this.#jobs.news(
        await this.#client(signal),
        organizations.sort(),
        this.#limits(signal),
      );
      if (news.hasUnnamed) this.refresh("workspaces");
      await this.#confirm([...news.workspaces], (id) => this.#lookAtWorkspace(id, signal));
      return this.#pace.afterList("jobs", this.#clock.now() - sentAt, isBuilding);
    } catch (error) {
      if (signal.aborted) return 0;
      this.#refusedBy(error);
      const isFinal = isNotFound(error) || isForbidden(error);
      this.#log.debug("the jobs of a Coder cannot be listed", { error });
      return isFinal ? NO_JOBS_MS : this.#pace.afterFailure(1);
    }
  }

  #completed(name: ListName): void {
    this.#complete.add(name);
    const kind: RecordKind = name === "workspaces" ? "workspaces" : "templates";
    if (kind === "templates" && !(this.#complete.has("templates") && this.#complete.has("deprecated"))) {
      return;
    }
    const isFirst = !this.#told.has(kind);
    this.#told.add(kind);
    this.#listener.complete(kind, isFirst);
  }
}

function workspaceKey({ organization_name, owner_name, name }: Workspace): string {
  return `${organization_name}/${owner_name}/${name}`;
}

function templateKey({ organization_name, name }: Template): string {
  return `${organization_name}/${name}`;
}
