/** A data directory for PostgreSQL, and the command line of its server. */
import { join } from "node:path";
import type { KeyPair } from "../cluster/pki.ts";
import type { PostgresPrograms } from "./postgres_programs.ts";

/** What is known of a server on disk. The password is of use on this machine and for its life only. */
export interface PostgresState {
  dir: string;
  port: number;
  password: string;
  tls: boolean;
  requireTls: boolean;
  programs: PostgresPrograms;
}

/** A user of this machine. */
export interface SystemUser {
  name: string;
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root: whom it runs as instead; undefined when this is not root. */
export async function serverUser(root: boolean = Deno.uid() === 0): Promise<SystemUser | undefined> {
  if (!root) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = await Promise.all([idOf("-u", name), idOf("-g", name)]);
    if (uid !== undefined && gid !== undefined) return { name, uid, gid };
  }
  throw new Error("PostgreSQL does not run as root, and there is neither a user postgres nor nobody here");
}

/** A command that runs as `user`, in place of its starter: its process id is the one that was started. */
export function commandAs(
  user: SystemUser | undefined,
  program: string,
  args: string[],
): { program: string; args: string[] } {
  if (!user) return { program, args };
  const identity = [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
  return { program: "setpriv", args: [...identity, program, ...args] };
}

/** Makes `data/`: empty, one superuser with a password, connections from this machine only. */
export async function createDataDirectory(
  state: PostgresState,
  superuser: string,
  tls: KeyPair | undefined,
): Promise<void> {
  const user = await serverUser();
  const data = join(state.dir, "data");
  const passwordFile = join(state.dir, "password");
  await Deno.mkdir(data, { mode: 0o700 });
  await Deno.writeTextFile(passwordFile, state.password, { mode: 0o600 });
  if (user) { for (const path of [data, passwordFile]) await Deno.chown(path, user.uid, user.gid); }
  const { program, args } = commandAs(user, state.programs.initdb, [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-locale",
    "--no-sync",
  ]);
  const output = await new Deno.Command(program, { args, cwd: state.dir, stdin: "null" }).output();
  if (!output.success) {
    throw new Error(`initdb in ${data} failed: ${new TextDecoder().decode(output.stderr).trim()}`);
  }
  await Deno.remove(passwordFile);
  const files: Record<string, string> = {
    "pg_hba.conf": `${state.requireTls ? "hostssl" : "host"} all all 127.0.0.1/32 scram-sha-256\n`,
    ...(tls ? { "server.crt": tls.certPem, "server.key": tls.keyPem } : {}),
  };
  for (const [name, text] of Object.entries(files)) {
    const path = join(data, name);
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    if (user) await Deno.chown(path, user.uid, user.gid);
  }
}

/** The command line of the server. It names the directory: by that its process is known again. */
export async function serverArgs(state: PostgresState): Promise<{ program: string; args: string[] }> {
  const settings: Record<string, string | number> = {
    listen_addresses: "127.0.0.1",
    port: state.port,
    unix_socket_directories: "",
    // Losing data in a power cut is fine here; waiting for the disk is not. A killed server keeps what was committed,
    // as synchronous_commit stays on.
    fsync: "off",
    full_page_writes: "off",
    wal_level: "minimal",
    max_wal_senders: 0,
    max_connections: 200,
    shared_buffers: "64MB",
    timezone: "UTC",
    log_timezone: "UTC",
    ssl: state.tls ? "on" : "off",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const data = join(state.dir, "data");
  return commandAs(await serverUser(), state.programs.postgres, ["-D", data, ...args]);
}

async function idOf(flag: string, name: string): Promise<number | undefined> {
  const { success, stdout } = await new Deno.Command("id", { args: [flag, name], stderr: "null" }).output();
  return success ? Number(new TextDecoder().decode(stdout)) : undefined;
}
