/** PostgreSQL's programs: from `PATH`, from where Debian puts them, or, as root on Debian, installed. */
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ToolsError } from "../cluster/go_build.ts";
import { withFileLock } from "../cluster/paths.ts";
import { type ProgressSink, standardError, step } from "../cluster/progress.ts";
import { findOnPath, isExecutable } from "./find_program.ts";

/** Absolute paths of the programs that a database server needs. */
export interface PostgresPrograms {
  postgres: string;
  initdb: string;
  psql: string;
}

/** Where to look, and what may be done. */
export interface FindPostgresOptions {
  /** Directories as in `PATH`. @default PATH */
  path?: string;
  /** Debian's place, a directory for each major version. @default {"/usr/lib/postgresql"} */
  debian?: string;
  /** May install packages. @default whether this is root */
  root?: boolean;
  /** Where progress is shown. @default standard error */
  progress?: ProgressSink;
}

/** Installing leaves the server that Debian would start by itself out; ours are on ports of their own. */
const INSTALL: readonly string[][] = [
  ["apt-get", "update"],
  ["apt-get", "install", "-y", "--no-install-recommends", "postgresql-common"],
  [
    "sed",
    "-i",
    "s/^#*create_main_cluster.*/create_main_cluster = false/",
    "/etc/postgresql-common/createcluster.conf",
  ],
  ["apt-get", "install", "-y", "--no-install-recommends", "postgresql"],
];

/**
 * Finds PostgreSQL, or installs Debian's package where that is allowed.
 *
 * @throws {ToolsError} one line that says how to get it
 */
export async function ensurePostgresPrograms(options: FindPostgresOptions = {}): Promise<PostgresPrograms> {
  const found = await findPostgres(options);
  if (found) return found;
  const apt = await findOnPath("apt-get", options.path);
  if (!apt || !(options.root ?? Deno.uid() === 0)) throw new ToolsError(missing("is not installed"));
  const progress = options.progress ?? standardError();
  return await withFileLock(join(tmpdir(), "coder-k8s-postgresql.lock"), async () => {
    const meanwhile = await findPostgres(options);
    if (meanwhile) return meanwhile;
    await step(progress, "installing PostgreSQL (apt-get install postgresql)", () => install(options.path));
    const installed = await findPostgres(options);
    if (!installed) throw new ToolsError(missing("was installed with apt-get and still is not there"));
    return installed;
  });
}

/** Finds PostgreSQL's server and its client, of one version; undefined when it is not there. */
export async function findPostgres(options: FindPostgresOptions = {}): Promise<PostgresPrograms | undefined> {
  const onPath = await findOnPath("initdb", options.path);
  // A link on PATH leads to where the other programs are too.
  const dirs = onPath === undefined ? [] : [dirname(onPath), dirname(await Deno.realPath(onPath))];
  const debian = options.debian ?? "/usr/lib/postgresql";
  for (const version of await versionsIn(debian)) dirs.push(join(debian, version, "bin"));
  for (const dir of dirs) {
    const programs = {
      postgres: join(dir, "postgres"),
      initdb: join(dir, "initdb"),
      psql: join(dir, "psql"),
    };
    const there = await Promise.all(Object.values(programs).map(isExecutable));
    if (!there.includes(false)) return programs;
  }
  return undefined;
}

/** Major versions, the newest first. */
async function versionsIn(dir: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name);
    return entries.filter((name) => /^\d+$/.test(name)).sort((a, b) => Number(b) - Number(a));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function install(path: string | undefined): Promise<void> {
  for (const [program = "", ...args] of INSTALL) {
    const output = await new Deno.Command((await findOnPath(program, path)) ?? program, {
      args,
      env: { DEBIAN_FRONTEND: "noninteractive", ...(path === undefined ? {} : { PATH: path }) },
      stdin: "null",
    }).output();
    if (output.success) continue;
    const reason = new TextDecoder().decode(output.stderr).trim().split("\n").slice(-5).join("; ");
    throw new ToolsError(missing(`cannot be installed: ${program} ${args.join(" ")} said: ${reason}`));
  }
}

function missing(what: string): string {
  return `PostgreSQL, which coderd keeps its state in, ${what}: run \`apt-get install postgresql\` as root, or put ` +
    "its bin directory (with initdb, postgres and psql) on PATH";
}
