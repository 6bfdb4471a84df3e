/** What PostgreSQL and coderd have in common: a directory, parts that run in it, an end. */
import { join } from "node:path";
import { logTail } from "../cluster/lifecycle.ts";
import { exists, removeTree } from "../cluster/paths.ts";
import {
  END_NOTED_MS,
  exitCode,
  type Owner,
  ownerOf,
  runningPid,
  signalPart,
  watchOwner,
} from "../cluster/processes.ts";
import { waitFor } from "../cluster/wait.ts";

/** A program did not become ready, or did not do what it was asked. The message ends with the tail of its log. */
export class StartError extends Error {
  override name = "StartError";
  constructor(message: string, readonly logTail: string) {
    super(`${message}\n--- last lines of its log ---\n${logTail}`);
  }

  /** Whether somebody else had taken a port. */
  get portTaken(): boolean {
    return /address already in use|could not bind/i.test(this.logTail);
  }
}

/** Where an instance lives and whom it ends with. */
export interface InstanceOptions {
  /**
   * Where its files go: a directory that is not there yet or empty, removed at the end. PostgreSQL, which does not run
   * as root, must be able to get there. @default a new one
   */
  dir?: string;
  /** The process that it ends with, however that ends. `null`: nobody, it stays until `destroy`. @default this one */
  owner?: Owner | null;
}

/** How often other ports are tried when somebody takes one between our look and our use. */
const PORT_ATTEMPTS = 5;

/** Makes the directory of an instance and has it end with its owner. */
export async function openDir(prefix: string, options: InstanceOptions): Promise<string> {
  const dir = options.dir ?? await Deno.makeTempDir({ prefix });
  if (await exists(dir) && (await Array.fromAsync(Deno.readDir(dir))).length > 0) {
    throw new Error(`${dir} is not empty, and would be removed at the end: name another directory`);
  }
  await Deno.mkdir(dir, { recursive: true });
  // PostgreSQL runs as another user and must get through to its data, without being able to list what is here.
  await Deno.chmod(dir, 0o711);
  if (options.owner !== null) await watchOwner(dir, options.owner ?? ownerOf());
  return dir;
}

/** Starts with ports of its own, and again with others when one was taken meanwhile. */
export async function withFreshPorts<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof StartError && error.portTaken && attempt < PORT_ATTEMPTS)) throw error;
    }
  }
}

/**
 * Waits until a part is ready; fails at once when it ends instead.
 *
 * @param restarts whether somebody starts it again when it ends
 * @throws {StartError} with the tail of its log
 */
export async function awaitReady(
  dir: string,
  part: string,
  probe: () => Promise<boolean>,
  options: { timeoutMs: number; restarts?: boolean },
): Promise<void> {
  const died = new AbortController();
  let endedAt: number | undefined;
  try {
    await waitFor(async () => {
      if (await runningPid(dir, part) === undefined) {
        endedAt ??= performance.now();
        const code = await exitCode(dir, part);
        // How it ended is noted a moment after its end.
        const isTold = code !== undefined || performance.now() - endedAt > END_NOTED_MS;
        if (!options.restarts && isTold) {
          died.abort(new Error(`it ended with exit code ${code ?? "unknown"}`));
        }
        return false;
      }
      endedAt = undefined;
      return await probe() && await runningPid(dir, part) !== undefined;
    }, { timeoutMs: options.timeoutMs, intervalMs: 25, what: "it to be ready", signal: died.signal });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(`${part} in ${dir} did not start: ${reason}`, await logTail(logOf(dir, part)));
  }
}

/** The log file of a part. */
export function logOf(dir: string, part: string): string {
  return join(dir, "logs", `${part}.log`);
}

/** Ends everything that runs in an instance's directory, what its parts have started too, and removes the directory. */
export async function destroyDir(dir: string): Promise<void> {
  if (!(await exists(dir))) return;
  // Whoever is just starting a part sees this and ends it.
  await Deno.writeTextFile(join(dir, "closing"), "");
  await waitFor(async () => {
    const parts = await partsIn(dir);
    const signalled = await Promise.all(parts.map((part) => signalPart(dir, part, "SIGKILL")));
    const strays = await processesIn(dir);
    for (const pid of strays) kill(pid);
    return strays.length === 0 && !signalled.includes(true);
  }, { timeoutMs: 60_000, intervalMs: 20, what: `everything in ${dir} to end` });
  await removeTree(dir);
}

/** The parts of which a process id is noted. */
export async function partsIn(dir: string): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(join(dir, "run")), ({ name }) => name);
    return names.filter((name) => name.endsWith(".pid")).map((name) => name.slice(0, -".pid".length));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Processes that work in a directory or run a program from there: a Terraform that lost its coderd, a shell. */
async function processesIn(dir: string): Promise<number[]> {
  if (Deno.build.os !== "linux") return [];
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    const places = [Deno.readLink(`/proc/${pid}/cwd`), Deno.readTextFile(`/proc/${pid}/cmdline`)];
    const [cwd = "", command = ""] = await Promise.all(places.map((place) => place.catch(() => "")));
    if (cwd === dir || cwd.startsWith(`${dir}/`) || command.startsWith(`${dir}/`)) found.push(pid);
  }
  return found;
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
