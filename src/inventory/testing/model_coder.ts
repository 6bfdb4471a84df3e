/** A Coder in memory, on a clock that tests move: the calls of a live copy, and what happens in Coder. For tests alone. */
import {
  CoderApiError,
  type CoderClient,
  CoderConnectionError,
  type CoderError,
  type ProvisionerJob,
  type Template,
  type Workspace,
} from "../../coder/mod.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import type { CopySource } from "../live/types.ts";
import { ModelLogs } from "./model_logs.ts";
import { build, template, uuid, workspace } from "./records.ts";

/** What a request was for. */
export type Request =
  | "page"
  | "workspace"
  | "find"
  | "templates"
  | "deprecated"
  | "template"
  | "jobs"
  | "source"
  | "build"
  | "log"
  | "other";

const CALL = { method: "GET", route: "/" };

export function connectionRefused(): CoderError {
  return new CoderConnectionError("nobody listens", {
    kind: "unavailable",
    reason: "connectionRefused",
    call: CALL,
    maybeSent: false,
  });
}

export function refusal(kind: "notFound" | "unauthorized" | "forbidden", status: number): CoderError {
  return new CoderApiError(`answered ${status}`, { kind, call: CALL, status });
}

export class ModelCoder implements CopySource {
  readonly workspaces = new Map<string, Workspace>();
  readonly templates = new Map<string, Template>();
  readonly jobs = new Map<string, ProvisionerJob>();
  /** Ids of users by their address. */
  readonly emails = new Map<string, string>();
  /** Archives by the id of a version. */
  readonly sources = new Map<string, Uint8Array>();
  readonly logs = new ModelLogs();
  /** What was asked, and when. */
  readonly log: { readonly request: Request; readonly at: number; readonly detail: string }[] = [];
  /** Thrown in place of answers. */
  failure: ((request: Request) => Error | undefined) | undefined;
  /** How long a request takes. What it answers was true half way. */
  latencyMs: (request: Request) => number = () => 20;
  dashboardUrl = "https://coder.example.com/";
  refusals = 0;
  /** Texts that take the place of records that cannot be read. */
  problems: string[] = [];
  #ids = 1_000;

  constructor(readonly clock: Clock) {}

  /** Calls that a copy does not make are not there. */
  open(): Promise<CoderClient> {
    return Promise.resolve(this.client);
  }

  refused(): void {
    this.refusals++;
  }

  /** Requests since a time of the clock. */
  count(request?: Request, since = 0): number {
    return this.log.filter((one) => (request === undefined || one.request === request) && one.at >= since)
      .length;
  }

  nextId(): string {
    return uuid(this.#ids++);
  }

  addTemplate(name: string, changes: Partial<Template> = {}): Template {
    const made = template({ id: this.nextId(), name, active_version_id: this.nextId(), ...changes });
    this.templates.set(made.id, made);
    return made;
  }

  /** A workspace that runs. */
  add(name: string, changes: Partial<Workspace> = {}): Workspace {
    const made = workspace({
      id: this.nextId(),
      name,
      latest_build: build({ id: this.nextId(), job: null, build_number: 1 }),
      ...changes,
    });
    this.workspaces.set(made.id, made);
    return made;
  }

  change(id: string, changes: Partial<Workspace>): void {
    const known = this.workspaces.get(id);
    if (known !== undefined) this.workspaces.set(id, { ...known, ...changes });
  }

  /** Begins a build: `pending`, with its job. */
  begin(id: string, transition: "start" | "stop" | "delete"): void {
    const known = this.workspaces.get(id);
    if (known === undefined) return;
    const job = {
      id: this.nextId(),
      organization_id: known.organization_id,
      status: "pending",
      tags: {},
      type: "workspace_build",
      worker_id: "",
      worker_name: "",
      created_at: known.created_at,
      metadata: { workspace_id: id, template_id: known.template_id },
    };
    this.jobs.set(id, job);
    const { build_number } = known.latest_build;
    this.change(id, {
      latest_build: build({
        id: this.nextId(),
        build_number: build_number + 1,
        transition,
        status: "pending",
        job: { id: job.id, status: "pending", error: "", error_code: "", completed_at: null },
      }),
    });
  }

  /** The job is taken, or the build is over; what is deleted is gone then. */
  proceed(id: string): void {
    const known = this.workspaces.get(id);
    const job = this.jobs.get(id);
    if (known === undefined || job === undefined) return;
    const { transition, status } = known.latest_build;
    if (status === "pending") {
      const way = { start: "starting", stop: "stopping", delete: "deleting" }[transition] ?? "starting";
      this.jobs.set(id, { ...job, status: "running" });
      this.change(id, { latest_build: { ...known.latest_build, status: way } });
      return;
    }
    this.jobs.delete(id);
    const done = transition === "start" ? "running" : "stopped";
    if (transition === "delete") this.workspaces.delete(id);
    else this.change(id, { latest_build: { ...known.latest_build, status: done } });
  }

  get client(): CoderClient {
    const call = this.#call.bind(this);
    const missing = () => refusal("notFound", 404);
    const unused = () => Promise.reject(new Error("no copy asks for that"));
    return {
      workspaces: {
        list: unused,
        page: ({ limit = 0, offset = 0 } = {}, options) =>
          call("page", String(offset), options, () => {
            const all = [...this.workspaces.values()].sort(asListed);
            const page = limit === 0 ? all.slice(offset) : all.slice(offset, offset + limit);
            const problems = [...this.problems];
            return {
              count: all.length + problems.length,
              length: page.length + problems.length,
              // What cannot be read is told with the first ones.
              read: (start: number, end: number) => ({
                workspaces: page.slice(start, end),
                problems: start === 0 ? problems : [],
              }),
            };
          }),
        get: (id, _, options) =>
          call("workspace", id, options, () => {
            const known = this.workspaces.get(id);
            if (known === undefined) throw refusal("notFound", 410);
            return known;
          }),
        find: (owner, name, options) =>
          call(
            "find",
            `${owner}/${name}`,
            options,
            () => [...this.workspaces.values()].find((one) => one.owner_name === owner && one.name === name),
          ),
      },
      templates: {
        list: unused,
        versions: unused,
        readable: ({ q } = {}, options) =>
          call(q === undefined ? "templates" : "deprecated", "", options, () => ({
            templates: [...this.templates.values()].filter(({ deprecated }) =>
              deprecated === (q !== undefined)
            ),
            problems: [],
          })),
        get: (id, options) =>
          call("template", id, options, () => {
            const known = this.templates.get(id);
            if (known === undefined) throw missing();
            return known;
          }),
        find: (organization, name, options) =>
          call(
            "find",
            `${organization}/${name}`,
            options,
            () =>
              [...this.templates.values()].find((one) =>
                one.organization_name === organization && one.name === name
              ),
          ),
        versionNamed: unused,
        variables: unused,
        version: (id, options) =>
          call("source", `version ${id}`, options, () => {
            const status = this.logs.versions.get(id) ?? "succeeded";
            if (!this.sources.has(id) && !this.logs.versions.has(id)) throw missing();
            const job = { id, status, error: "", error_code: "", file_id: id };
            return { id, name: "", message: "", archived: false, job };
          }),
        file: (id, options) =>
          call("source", `file ${id}`, options, () => this.sources.get(id) ?? new Uint8Array()),
      },
      users: {
        list: ({ q = "" } = {}, options) =>
          call("other", `users ${q}`, options, () => {
            const users = [...this.emails]
              .filter(([email]) => email.toLowerCase().includes(q))
              .map(([email, id]) => ({
                id,
                email,
                username: "",
                name: "",
                status: "active",
                login_type: "password",
                roles: [],
                organization_ids: [],
                created_at: "2026-01-01T00:00:00Z",
              }));
            return { users, count: users.length };
          }),
        me: unused,
        get: unused,
        find: unused,
        hasFirst: unused,
        createFirst: unused,
        createTokenUser: unused,
        setRoles: unused,
        login: unused,
        logout: unused,
        authMethods: unused,
        authCheck: unused,
      },
      provisionerJobs: {
        list: (organization, _, options) =>
          call(
            "jobs",
            organization,
            options,
            () => [...this.jobs.values()].filter(({ organization_id }) => organization_id === organization),
          ),
      },
      builds: this.logs.client(call, this.workspaces, missing),
      system: {
        isAlive: () => Promise.resolve(true),
        buildInfo: (options) =>
          call("other", "buildinfo", options, () => ({
            version: "v2.30.0",
            external_url: "",
            dashboard_url: this.dashboardUrl,
            deployment_id: "",
            agent_api_version: "",
            provisioner_api_version: "",
            upgrade_message: "",
            workspace_proxy: false,
            telemetry: false,
          })),
      },
      deployment: {
        config: unused,
        stats: unused,
        appsHost: (options) => call("other", "appshost", options, () => "*.apps.example.com"),
      },
    } as Partial<CoderClient> as CoderClient;
  }

  async #call<T>(
    request: Request,
    detail: string,
    { signal }: { signal?: AbortSignal | undefined } = {},
    answer: () => T,
  ): Promise<T> {
    this.log.push({ request, at: this.clock.now(), detail });
    const latency = this.latencyMs(request);
    await sleep(latency / 2, signal, this.clock);
    const failure = this.failure?.(request);
    let result: T | undefined;
    let thrown: unknown = failure;
    if (failure === undefined) {
      try {
        result = answer();
      } catch (error) {
        thrown = error;
      }
    }
    await sleep(latency / 2, signal, this.clock);
    signal?.throwIfAborted();
    if (thrown !== undefined) throw thrown;
    return result as T;
  }
}

/** Running ones first: a change of state moves a workspace to another page. */
function asListed(a: Workspace, b: Workspace): number {
  const key = ({ latest_build, owner_name, name }: Workspace) =>
    `${latest_build.status === "running" ? 0 : 1} ${owner_name} ${name}`;
  const [left, right] = [key(a), key(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
