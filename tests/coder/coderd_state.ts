/** What is known of a coderd on disk, and the files that it is started with. */
import { join } from "node:path";
import { writeWhole } from "../cluster/paths.ts";
import type { PostgresState } from "./postgres_setup.ts";
import type { CoderTools } from "./tools.ts";

/** Content of `coderd.json`: enough for any process to use, stop and start it. Readable by its owner only. */
export interface CoderdState {
  version: 1;
  dir: string;
  port: number;
  prometheusPort: number;
  /** The database on `postgres`. */
  database: string;
  postgres: PostgresState;
  tools: CoderTools;
  /** Environment beyond what the harness sets, which it overrides. */
  env: Record<string, string>;
  /** Seconds after which it is started again when it has ended by itself; null: never. */
  restartAfter: number | null;
}

const SCRIPTS = join(import.meta.dirname ?? ".", "supervisor");
/** The script under which every part runs. */
const PART_SCRIPT = join(import.meta.dirname ?? ".", "..", "cluster", "supervisor", "part.sh");

/** Files of a coderd. */
export function coderdFiles(dir: string) {
  return {
    state: join(dir, "coderd.json"),
    start: join(dir, "bin", "start-coderd"),
    cache: join(dir, "cache"),
    workspaceAgent: join(dir, "bin", "workspace-agent"),
    terraform: join(dir, "bin", "terraform"),
  };
}

/** The environment of a coderd: what the harness needs, no word to the outside, then what the caller wants. */
export function coderdEnv(state: CoderdState, databaseUrl: string): Record<string, string> {
  const { dir, port, prometheusPort, tools, env } = state;
  return {
    PATH: `${join(dir, "bin")}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: join(dir, "home"),
    TMPDIR: join(dir, "tmp"),
    TF_CLI_CONFIG_FILE: tools.terraformConfig,
    CODER_PG_CONNECTION_URL: databaseUrl,
    CODER_HTTP_ADDRESS: `127.0.0.1:${port}`,
    CODER_ACCESS_URL: `http://127.0.0.1:${port}`,
    CODER_CONFIG_DIR: join(dir, "config"),
    CODER_PROMETHEUS_ENABLE: "true",
    CODER_PROMETHEUS_ADDRESS: `127.0.0.1:${prometheusPort}`,
    CODER_DERP_SERVER_STUN_ADDRESSES: "disable",
    CODER_TELEMETRY_ENABLE: "false",
    CODER_UPDATE_CHECK: "false",
    // All tests come from one address, and the limits count by address.
    CODER_DANGEROUS_DISABLE_RATE_LIMITS: "true",
    ...env,
  };
}

/** Writes all that coderd reads at start, its state included. */
export async function writeCoderdFiles(state: CoderdState, databaseUrl: string): Promise<void> {
  const files = coderdFiles(state.dir);
  for (const name of ["bin", "home", "tmp", "run", "logs", "agents"]) {
    await Deno.mkdir(join(state.dir, name), { recursive: true, mode: 0o700 });
  }
  const exports = Object.entries(coderdEnv(state, databaseUrl)).map(([name, value]) =>
    `export ${name}=${quote(value)}`
  );
  // A script, so that neither the password nor the caller's secrets are on a command line.
  await writeScript(
    files.start,
    [...exports, `exec ${quote(state.tools.coder)} server --cache-dir=${quote(files.cache)}`],
  );
  await writeScript(files.workspaceAgent, [
    `exec sh ${
      [join(SCRIPTS, "agent.sh"), state.dir, PART_SCRIPT, state.tools.coder].map(quote).join(" ")
    } "$@"`,
  ]);
  // coderd looks for a program of that name, which OpenTofu's is not. Its command line then names our directory.
  await Deno.symlink(state.tools.terraform, files.terraform);
  await writeWhole(files.state, JSON.stringify(state, null, 2) + "\n");
}

/** Reads `coderd.json`. */
export async function readCoderdState(path: string): Promise<CoderdState> {
  const state: unknown = JSON.parse(await Deno.readTextFile(path));
  const { version, dir, postgres } = (state ?? {}) as Partial<CoderdState>;
  if (version !== 1 || typeof dir !== "string" || typeof postgres?.dir !== "string") {
    throw new Error(`${path} is not the state of a test coderd that this version understands`);
  }
  return state as CoderdState;
}

/** How to start the loop that starts coderd again. */
export function superviseArgs(state: CoderdState, part: string, command: readonly string[]): string[] {
  return [
    join(SCRIPTS, "supervise.sh"),
    String(state.restartAfter ?? 0),
    PART_SCRIPT,
    state.dir,
    part,
    ...command,
  ];
}

function writeScript(path: string, lines: readonly string[]): Promise<void> {
  return Deno.writeTextFile(path, `#!/bin/sh\n${lines.join("\n")}\n`, { mode: 0o700 });
}

/** As one word of a shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
