/** Bringing a coderd up on a database. */
import { join } from "node:path";
import { freePorts } from "../cluster/ports.ts";
import { Coderd } from "./coderd.ts";
import { type CoderdState, writeCoderdFiles } from "./coderd_state.ts";
import { destroyDir, type InstanceOptions, openDir, withFreshPorts } from "./instance.ts";
import { DEFAULT_DATABASE, type Postgres, startPostgres } from "./postgres.ts";
import { ensureCoderTools } from "./tools.ts";

/** How a coderd shall be. */
export interface CoderdOptions extends InstanceOptions {
  /** Its database server. Ends after it, or is at least no longer needed by then. */
  postgres: Postgres;
  /** The database on it; made when it is not there. Several coderds may share one. @default {"coder"} */
  database?: string;
  /** More environment, such as `CODER_EXPERIMENTS`; overrides what the harness sets. @default none */
  env?: Record<string, string>;
  /**
   * Start it again when it ends by itself, as Kubernetes would, this many seconds later. Without it, a coderd whose
   * database was away for a while ends about five minutes later for good. @default {null}
   */
  restartAfter?: number | null;
}

/**
 * Starts coderd and waits until it answers: about two seconds on an empty database, less on a migrated one, once the
 * programs are built, which happens here when needed. It ends with this process.
 *
 * @throws {ToolsError} when the programs are missing and cannot be built
 * @throws {StartError} when it does not become ready; with the tail of its log
 */
export async function startCoderd(options: CoderdOptions): Promise<Coderd> {
  const tools = await ensureCoderTools();
  const { postgres, database = DEFAULT_DATABASE } = options;
  await postgres.ensureDatabase(database);
  return await withFreshPorts(async () => {
    const dir = await openDir("coder-k8s-coderd-", options);
    const [port = 0, prometheusPort = 0] = freePorts(2);
    const state: CoderdState = {
      version: 1,
      dir,
      port,
      prometheusPort,
      database,
      postgres: postgres.state,
      tools,
      env: options.env ?? {},
      restartAfter: options.restartAfter ?? null,
    };
    const coderd = Coderd.fromState(state);
    try {
      await writeCoderdFiles(state, postgres.url(database));
      await coderd.start();
      return coderd.owned();
    } catch (error) {
      await destroyDir(dir);
      throw error;
    }
  });
}

/** A coderd with a database server of its own; disposing of it ends both. */
export class Deployment implements AsyncDisposable {
  constructor(readonly coderd: Coderd, readonly postgres: Postgres) {}

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.coderd.dispose();
    } finally {
      await this.postgres.dispose();
    }
  }
}

/** How a deployment shall be. */
export interface DeploymentOptions extends Omit<CoderdOptions, "postgres" | "database"> {
  /** Where the files of both go, under a directory of this name. @default new ones */
  dir?: string;
}

/** Starts PostgreSQL and a coderd on it; see `startCoderd`. */
export async function startDeployment(options: DeploymentOptions = {}): Promise<Deployment> {
  const { dir, ...rest } = options;
  const owner = options.owner === undefined ? {} : { owner: options.owner };
  const at = (name: string) => dir === undefined ? {} : { dir: join(dir, name) };
  // Building the programs takes longest: nobody waits for it with a server at hand.
  await ensureCoderTools();
  const postgres = await startPostgres({ ...owner, ...at("postgres") });
  try {
    return new Deployment(await startCoderd({ ...rest, postgres, ...at("coderd") }), postgres);
  } catch (error) {
    await postgres.dispose();
    throw error;
  }
}
