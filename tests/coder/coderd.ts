/** A real coderd: its process, and what tests ask of it. */
import { logTail } from "../cluster/lifecycle.ts";
import { exitCode, launch, runningPid, signalPart, waitUntilGone } from "../cluster/processes.ts";
import { coderdFiles, type CoderdState, readCoderdState, superviseArgs } from "./coderd_state.ts";
import { type FirstUser, signInFirstUser } from "./first_user.ts";
import { awaitReady, destroyDir, logOf } from "./instance.ts";
import { Postgres } from "./postgres.ts";
import type { Row, SqlOptions } from "./psql.ts";
import { type Answer, request, type RequestOptions, send } from "./request.ts";
import {
  type Build,
  buildWorkspace,
  type CallOptions,
  createTemplate,
  type CreateTemplateOptions,
  createWorkspace,
  type CreateWorkspaceOptions,
  getWorkspace,
  importVersion,
  type Template,
  waitForAgents,
  waitForBuild,
  type Workspace,
} from "./workspaces.ts";

const PART = "coderd";
const SUPERVISOR = "coderd-supervisor";
/** Migrations of an empty database on a busy machine are in it. */
const READY_TIMEOUT_MS = 120_000;

/** A coderd. Everything here works from any process that can read its directory. */
export class Coderd implements AsyncDisposable {
  /** `http://127.0.0.1:<port>`, its access URL too. */
  readonly url: string;
  /** Where it serves its metrics. */
  readonly metricsUrl: string;
  /** Its database server; ends apart from it. */
  readonly postgres: Postgres;
  #endsWithUs = false;
  #firstUser: Promise<FirstUser> | undefined;

  private constructor(readonly state: CoderdState) {
    this.url = `http://127.0.0.1:${state.port}`;
    this.metricsUrl = `http://127.0.0.1:${state.prometheusPort}/metrics`;
    this.postgres = Postgres.fromState(state.postgres);
  }

  /** Opens one by the path of its `coderd.json`. Disposing of the handle leaves it running. */
  static async open(statePath: string): Promise<Coderd> {
    return new Coderd(await readCoderdState(statePath));
  }

  /** As `open`, from what `coderd.json` says. */
  static fromState(state: CoderdState): Coderd {
    return new Coderd(state);
  }

  /** Makes `await using` (and `dispose`) end coderd itself. */
  owned(): this {
    this.#endsWithUs = true;
    return this;
  }

  /** Its directory: state, logs, Terraform's cache, agents. */
  get dir(): string {
    return this.state.dir;
  }

  /** The path of `coderd.json`, for `Coderd.open` and `CODER_K8S_TEST_CODERD`. */
  get statePath(): string {
    return coderdFiles(this.dir).state;
  }

  /**
   * One request; the parsed answer.
   *
   * @param path with its query, such as `/api/v2/workspaces?limit=5`
   * @throws {RequestError} for an answer other than 2xx, with `status` and `body`
   */
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
  request(method: string, path: string, options: RequestOptions = {}): Promise<any> {
    return request(this.url, method, path, options);
  }

  /** As `request`, but an answer of any status is returned, with its headers. */
  send(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return send(this.url, method, path, options);
  }

  /** Runs one statement on coderd's database; its rows as text. @throws {SqlError} */
  sql(query: string, options: SqlOptions = {}): Promise<Row[]> {
    return this.postgres.sql(query, { database: this.state.database, ...options });
  }

  /** The connection URL of coderd's database, password included. */
  get databaseUrl(): string {
    return this.postgres.url(this.state.database);
  }

  /** The first user, an owner, made when there is none; signed in once a handle. */
  firstUser(): Promise<FirstUser> {
    this.#firstUser ??= signInFirstUser(this.url).catch((error: unknown) => {
      this.#firstUser = undefined;
      throw error;
    });
    return this.#firstUser;
  }

  /** Imports a template. @throws {JobError} */
  createTemplate(options: CreateTemplateOptions): Promise<Template> {
    return createTemplate(this, options);
  }

  /** Imports a version, of a template or of none yet; its id. It is not made active. @throws {JobError} */
  importVersion(
    options: Omit<CreateTemplateOptions, "name" | "fields"> & { template?: Pick<Template, "id"> },
  ): Promise<string> {
    return importVersion(this, options);
  }

  /** Makes a workspace and waits until it runs, its agents aside. @throws {JobError} */
  createWorkspace(options: CreateWorkspaceOptions): Promise<Workspace> {
    return createWorkspace(this, options);
  }

  /** A workspace as it is now. */
  workspace(id: string, options: CallOptions = {}): Promise<Workspace> {
    return getWorkspace(this, id, options);
  }

  /** Starts, stops or deletes a workspace and waits until that is done. @throws {JobError} */
  buildWorkspace(
    id: string,
    transition: Build["transition"],
    options: CallOptions & { fields?: Record<string, unknown> } = {},
  ): Promise<Build> {
    return buildWorkspace(this, id, transition, options);
  }

  /** Waits until a build succeeded. @throws {JobError} */
  waitForBuild(id: string, options: CallOptions = {}): Promise<Build> {
    return waitForBuild(this, id, options);
  }

  /** Waits until every agent of a workspace is connected and ready; its agents. */
  // deno-lint-ignore no-explicit-any -- answers are looked at as they are
  waitForAgents(id: string, options: CallOptions = {}): Promise<any[]> {
    return waitForAgents(this, id, options);
  }

  /** Starts it on its old port, and waits until it is ready. One that runs is only waited for. @throws {StartError} */
  async start(): Promise<void> {
    const command = ["sh", coderdFiles(this.dir).start];
    if (await this.pid() === undefined && await runningPid(this.dir, SUPERVISOR) === undefined) {
      const [program = "", ...args] = command;
      await launch(this.dir, PART, program, args);
      await awaitReady(this.dir, PART, () => this.#isReady(), { timeoutMs: READY_TIMEOUT_MS });
      if (this.state.restartAfter !== null) {
        await launch(this.dir, SUPERVISOR, "sh", superviseArgs(this.state, PART, command));
      }
      return;
    }
    await this.ready();
  }

  /**
   * Ends it in order (SIGTERM): a build that runs is waited for. It stays down until `start`.
   *
   * @param graceMs after which it is killed, in milliseconds
   */
  async stop(graceMs = 60_000): Promise<void> {
    await this.#endSupervisor();
    if (!(await signalPart(this.dir, PART, "SIGTERM"))) return;
    await waitUntilGone(this.dir, PART, graceMs).catch(() => this.kill());
  }

  /** Ends it as a crash would (SIGKILL). It stays down until `start`, with a supervisor too. */
  async kill(): Promise<void> {
    await this.#endSupervisor();
    if (await signalPart(this.dir, PART, "SIGKILL")) await waitUntilGone(this.dir, PART, 60_000);
  }

  /** `kill`, then `start`. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Sends a signal to its process; whether it ran. A supervisor takes what follows as an end by itself. */
  signal(signal: Deno.Signal): Promise<boolean> {
    return signalPart(this.dir, PART, signal);
  }

  /** Waits until it answers. @throws {StartError} */
  async ready(): Promise<void> {
    const restarts = await runningPid(this.dir, SUPERVISOR) !== undefined;
    await awaitReady(this.dir, PART, () => this.#isReady(), { timeoutMs: READY_TIMEOUT_MS, restarts });
  }

  /** Its process id; undefined while it does not run. */
  pid(): Promise<number | undefined> {
    return runningPid(this.dir, PART);
  }

  /** How it ended: its exit code, 128 + n after signal n; undefined while it runs. */
  exitCode(): Promise<number | undefined> {
    return exitCode(this.dir, PART);
  }

  /** The last lines of its log. */
  logs(lines = 100): Promise<string> {
    return logTail(logOf(this.dir, PART), lines);
  }

  /** Ends it with its agents, and removes its directory. Its database stays. */
  destroy(): Promise<void> {
    return destroyDir(this.dir);
  }

  /** Ends it if it was started here by `startCoderd`. */
  async dispose(): Promise<void> {
    if (this.#endsWithUs) await this.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #isReady(): Promise<boolean> {
    return (await this.send("GET", "/healthz", { timeoutMs: 10_000 })).status === 200;
  }

  async #endSupervisor(): Promise<void> {
    if (await signalPart(this.dir, SUPERVISOR, "SIGKILL")) await waitUntilGone(this.dir, SUPERVISOR, 60_000);
  }
}
