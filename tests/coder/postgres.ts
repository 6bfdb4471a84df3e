/** A real PostgreSQL on a loopback port, with a data directory of its own. */
import { join } from "node:path";
import type { KeyPair } from "../cluster/pki.ts";
import { freePorts } from "../cluster/ports.ts";
import { launch, runningPid, signalPart, waitUntilGone } from "../cluster/processes.ts";
import { logTail } from "../cluster/lifecycle.ts";
import { waitFor } from "../cluster/wait.ts";
import { awaitReady, destroyDir, type InstanceOptions, logOf, openDir, withFreshPorts } from "./instance.ts";
import { createDataDirectory, type PostgresState, serverArgs } from "./postgres_setup.ts";
import { ensurePostgresPrograms } from "./postgres_programs.ts";
import { type Row, runSql, type SqlOptions } from "./psql.ts";

/** How a database server shall be. */
export interface PostgresOptions extends InstanceOptions {
  /** Certificate and key with which it offers TLS; `url()` then asks for TLS. @default plain connections only */
  tls?: KeyPair;
  /** Turns connections without TLS away. Only with `tls`. @default {false} */
  requireTls?: boolean;
}

/** The database and the user that every server begins with; the user may do everything. */
export const DEFAULT_DATABASE = "coder";
const USER = "coder";
const PART = "postgres";
const READY_TIMEOUT_MS = 60_000;

/**
 * Starts PostgreSQL, about a second. It ends with this process.
 *
 * @throws {ToolsError} when it is not installed and cannot be
 * @throws {StartError} when it does not become ready; with the tail of its log
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const programs = await ensurePostgresPrograms();
  return await withFreshPorts(async () => {
    const dir = await openDir("coder-k8s-postgres-", options);
    const postgres = Postgres.fromState({
      dir,
      port: freePorts(1)[0] ?? 0,
      password: crypto.randomUUID(),
      tls: options.tls !== undefined,
      requireTls: options.requireTls ?? false,
      programs,
    });
    try {
      await createDataDirectory(postgres.state, USER, options.tls);
      await postgres.start();
      await postgres.ensureDatabase(DEFAULT_DATABASE);
      return postgres.owned();
    } catch (error) {
      await destroyDir(dir);
      throw error;
    }
  });
}

/** A PostgreSQL server. Everything here works from any process that knows its state. */
export class Postgres implements AsyncDisposable {
  #endsWithUs = false;

  private constructor(readonly state: PostgresState) {}

  /** A server that runs already. Disposing of the handle leaves it running. */
  static fromState(state: PostgresState): Postgres {
    return new Postgres(state);
  }

  /** Makes `await using` (and `dispose`) end the server itself. */
  owned(): this {
    this.#endsWithUs = true;
    return this;
  }

  get dir(): string {
    return this.state.dir;
  }

  get port(): number {
    return this.state.port;
  }

  /** A connection URL, password included, as `CODER_PG_CONNECTION_URL` wants it. */
  url(database: string = DEFAULT_DATABASE): string {
    const { port, password, tls } = this.state;
    return `postgres://${USER}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}?sslmode=${
      tls ? "require" : "disable"
    }`;
  }

  /** Runs one statement; its rows as text. @throws {SqlError} */
  sql(query: string, options: SqlOptions & { database?: string } = {}): Promise<Row[]> {
    return runSql(this.state.programs.psql, this.url(options.database), query, options);
  }

  /** Makes a database, unless it is there. */
  async ensureDatabase(name: string): Promise<void> {
    const options = { database: "postgres", params: { name } };
    const there = await this.sql("select 1 from pg_database where datname = :'name'", options);
    if (there.length === 0) await this.sql(`create database :"name"`, options);
  }

  /** Starts it on its old port and data, and waits until it takes connections. One that runs is only waited for. */
  async start(): Promise<void> {
    if (await this.pid() === undefined) {
      const { program, args } = await serverArgs(this.state);
      await launch(this.dir, PART, program, args);
    }
    await this.ready();
  }

  /** Ends it in order, whoever is connected ("fast shutdown"); killed after `graceMs`, in milliseconds. */
  async stop(graceMs = 60_000): Promise<void> {
    // A stopped process would not see the request to end.
    await this.resume();
    if (!(await signalPart(this.dir, PART, "SIGINT"))) return;
    await waitUntilGone(this.dir, PART, graceMs).catch(() => this.kill());
  }

  /** Ends it as a crash would (SIGKILL), and waits until its children have noticed. */
  async kill(): Promise<void> {
    if (!(await signalPart(this.dir, PART, "SIGKILL"))) return;
    await waitUntilGone(this.dir, PART, 60_000);
    await waitFor(async () => !(await this.#memoryInUse()), {
      timeoutMs: 60_000,
      intervalMs: 20,
      what: `the children of the PostgreSQL in ${this.dir} to end`,
    });
  }

  /** `kill`, then `start`. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  /** Makes new connections hang, as a server on a dead machine does. Those that are open work on. */
  async pause(): Promise<void> {
    await signalPart(this.dir, PART, "SIGSTOP");
  }

  /** Ends `pause`. */
  async resume(): Promise<void> {
    await signalPart(this.dir, PART, "SIGCONT");
  }

  /** Waits until it takes connections. @throws {StartError} */
  async ready(): Promise<void> {
    await awaitReady(this.dir, PART, () => this.#isReady(), { timeoutMs: READY_TIMEOUT_MS });
  }

  /** Its process id; undefined while it does not run. */
  pid(): Promise<number | undefined> {
    return runningPid(this.dir, PART);
  }

  /** The last lines of its log. */
  logs(lines = 100): Promise<string> {
    return logTail(logOf(this.dir, PART), lines);
  }

  /** Ends it and removes its data. */
  destroy(): Promise<void> {
    return destroyDir(this.dir);
  }

  /** Ends it if it was started here by `startPostgres`. */
  async dispose(): Promise<void> {
    if (this.#endsWithUs) await this.destroy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** What the server itself notes beside its data: its process id first, how it is in line 8. */
  async #isReady(): Promise<boolean> {
    const noted = await Deno.readTextFile(join(this.dir, "data", "postmaster.pid"));
    const lines = noted.split("\n");
    return Number(lines[0]) === await this.pid() && lines[7]?.trim() === "ready";
  }

  /** A server that finds memory of its predecessor in use refuses to start. */
  async #memoryInUse(): Promise<boolean> {
    if (Deno.build.os !== "linux") return false;
    const data = join(this.dir, "data");
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      if (await Deno.readLink(`/proc/${name}/cwd`).catch(() => "") === data) return true;
    }
    return false;
  }
}
