/** For tests: sandbox hosts on the real launcher, as different kernels and workers have them. */
import type { Logger } from "../../telemetry/logger.ts";
import { type Limits, STANDARD_LIMITS } from "../types.ts";
import { openSandboxHost, type SandboxHostContext } from "./host.ts";
import kernel from "./python/kernel.py" with { type: "text" };
import seccomp from "./python/seccomp.py" with { type: "text" };
import type { Sandbox, SandboxExit, SandboxHost, SandboxHostOptions } from "./types.ts";

/** Far more than anything takes. */
export const PATIENCE_MS = 120_000;
/** Uids of one host, the last of which is its unprivileged launcher's. */
const UIDS = 100;
/** Hosts of one test process whose uids differ; as many are never open at once. */
const HOSTS = 10;
let hosts = 0;

/**
 * The first of uids that nobody else has now: without namespaces, a host ends whatever runs as one of its uids, and the kernel
 * counts processes by them. Above those of workers (`--session-uids`), for tests of these run beside.
 */
export function ownUids(): number {
  return 1_000_000 + (Deno.pid % 1_000_000 * HOSTS + hosts++ % HOSTS) * UIDS;
}

export interface TestHost extends AsyncDisposable {
  readonly host: SandboxHost;
  /** Where sessions are. */
  readonly directory: string;
  /** All that was logged. */
  readonly log: string[];
  /** Pids of the launcher, and of its children: the inits of sessions, and their relays. */
  launcher(): Promise<number>;
  children(): Promise<number[]>;
  /** Another one on the same directory, after the end of this. */
  openAgain(changed?: TestHostOptions): Promise<TestHost>;
  open(id?: string, limits?: Partial<Limits>): Promise<Sandbox>;
}

export interface TestHostOptions extends Partial<Omit<SandboxHostOptions, "directory">> {
  readonly without?: SandboxHostContext["without"];
  /** The launcher runs as a user who is nobody else. */
  readonly unprivileged?: boolean;
  /** It may make no namespaces, as in most containers. */
  readonly noNamespaces?: boolean;
}

/** What a worker may be given, by name; `isolation` is what has to come of it. */
export const KINDS = {
  "user namespaces after the mounts": { isolation: "full", options: {} },
  "user namespaces first": { isolation: "full", options: { without: ["late"] } },
  "no user namespaces": { isolation: "full", options: { without: ["late", "early"] } },
  "no control groups": { isolation: "full", options: { without: ["cgroups"] } },
  "not root": { isolation: "namespaces", options: { unprivileged: true } },
  "not root, no /proc": { isolation: "namespaces", options: { unprivileged: true, without: ["proc"] } },
  "no namespaces": { isolation: "none", options: { noNamespaces: true, allowUnisolated: true } },
  "not root, no namespaces": {
    isolation: "none",
    options: { unprivileged: true, noNamespaces: true, allowUnisolated: true },
  },
} as const satisfies Record<string, { isolation: string; options: TestHostOptions }>;

/** Starts one in a directory of its own. Disposing of it ends everything and removes that. */
export async function openTestHost(options: TestHostOptions = {}): Promise<TestHost> {
  const base = await Deno.makeTempDir({ prefix: "sandbox-test-" });
  await Deno.chmod(base, 0o755);
  await Deno.mkdir(`${base}/sockets`);
  await Deno.mkdir(`${base}/sessions`, { mode: 0o700 });
  const first = ownUids();
  if (options.unprivileged) await Deno.chown(`${base}/sessions`, userOf(first), userOf(first));
  return await openIn(base, first, options, () => Deno.remove(base, { recursive: true }));
}

/** Whom an unprivileged launcher runs as. */
function userOf(first: number): number {
  return first + UIDS - 1;
}

async function openIn(
  base: string,
  first: number,
  options: TestHostOptions,
  remove: () => Promise<void>,
): Promise<TestHost> {
  const { without, unprivileged, noNamespaces, ...rest } = options;
  const directory = `${base}/sessions`;
  const sockets = `${base}/sockets`;
  const log: string[] = [];
  const python = unprivileged || noNamespaces
    ? await wrapper(base, sockets, unprivileged ? userOf(first) : undefined, noNamespaces ?? false)
    : undefined;
  const host = await openSandboxHost({
    directory,
    allowUnisolated: false,
    uids: { first, count: UIDS - 1 },
    // On a machine that stands still for a while, nothing becomes idle that is to be seen.
    idleMs: 600_000,
    readOnlyPaths: [],
    environment: {},
    network: "none",
    forwards: [],
    ...rest,
    ...(python === undefined ? {} : { python }),
    // Only the worker's user has a way to that socket: here the launcher may be another one.
  }, { log: recorder(log), without, socketDirectory: sockets });
  return {
    host,
    directory,
    log,
    launcher,
    children: async () => await childrenOf(await launcher(), ""),
    open: (id = "sess-a", limits = {}) =>
      host.open(
        id,
        { limits: { ...STANDARD_LIMITS, ...limits }, existing: false },
        AbortSignal.timeout(PATIENCE_MS),
      ),
    openAgain: (changed = {}) => openIn(base, first, { ...options, ...changed }, () => Promise.resolve()),
    async [Symbol.asyncDispose]() {
      await host.close();
      await remove();
    },
  };
}

async function launcher(): Promise<number> {
  const [pid] = await childrenOf(Deno.pid, "Nothing is on disk");
  if (pid === undefined) throw new Error("there is no launcher");
  return pid;
}

/** Pids whose parent is `parent` and whose command line has `mark` in it; those that have ended do not count. */
async function childrenOf(parent: number, mark: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of await processesWith(mark)) {
    try {
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(ppid) === parent && state !== "Z") found.push(pid);
    } catch {
      // It has ended.
    }
  }
  return found;
}

/** A `python3` that leaves root's rights, or the right to make namespaces, before it is one. */
async function wrapper(
  base: string,
  sockets: string,
  user: number | undefined,
  noNamespaces: boolean,
): Promise<string> {
  const python = user !== undefined ? "/usr/bin/python3" : "python3";
  const filter = `import sys, types, os
sys.modules["kernel"] = types.ModuleType("kernel")
exec(${JSON.stringify(kernel)}, sys.modules["kernel"].__dict__)
exec(${JSON.stringify(seccomp)})
import kernel
kernel.prctl(38, 1)
confine()
os.execvp(sys.argv[1], sys.argv[1:])
`;
  const steps = [`chmod -R a+rwx ${sockets}`, "exec"];
  if (user !== undefined) steps[1] += ` setpriv --reuid ${user} --regid ${user} --clear-groups`;
  if (noNamespaces) {
    await Deno.writeTextFile(`${base}/filter.py`, filter);
    steps[1] += ` ${python} ${base}/filter.py`;
  }
  const path = `${base}/python`;
  await Deno.writeTextFile(path, `#!/bin/sh\n${steps[0]}\n${steps[1]} ${python} "$@"\n`);
  await Deno.chmod(path, 0o755);
  return path;
}

function recorder(lines: string[]): Logger {
  const write = (message: string, fields?: unknown) =>
    void lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
  return log;
}

export interface Ended extends SandboxExit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it to its end. A line is one for `sh -c`. */
export async function run(
  sandbox: Sandbox,
  command: string | readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string>; readonly stdin?: string } = {},
): Promise<Ended> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const output = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const process = await sandbox.spawn({
    argv: typeof command === "string" ? ["sh", "-c", command] : command,
    cwd: options.cwd ?? ".",
    env: options.env ?? {},
    onOutput: (stream, bytes) => void (output[stream] += decoders[stream].decode(bytes, { stream: true })),
  }, signal);
  if (options.stdin !== undefined) await process.write(new TextEncoder().encode(options.stdin), signal);
  process.closeInput();
  const exit = await process.exited;
  return { ...exit, ...output };
}

/** Waits until it is so. */
export async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!await is()) {
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS / 1000} s until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Pids on this machine whose command line has `mark` in it. */
export async function processesWith(mark: string): Promise<number[]> {
  const found: number[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    try {
      if ((await Deno.readTextFile(`/proc/${entry.name}/cmdline`)).includes(mark)) {
        found.push(Number(entry.name));
      }
    } catch {
      // It has ended.
    }
  }
  return found;
}
