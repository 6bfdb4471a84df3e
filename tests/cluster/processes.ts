/**
 * Processes that outlive the one that started them, and end when they shall: each part runs in a session of its own
 * under a few lines of shell (`supervisor/part.sh`) that note its process id and how it ended; one watchdog a cluster
 * (`supervisor/watchdog.sh`) ends them all when the owner is gone, SIGKILL included. The state is in files, so any
 * process can stop and start parts, and nothing of it stays open in the process that did.
 */
import { join } from "node:path";
import { exists, removeTree } from "./paths.ts";
import { sleep, waitFor } from "./wait.ts";

const SCRIPTS = join(import.meta.dirname ?? ".", "supervisor");

/** How long the note of how a part ended is waited for, in milliseconds: a busy machine takes its time. */
export const END_NOTED_MS = 20_000;

/** A process that owns a cluster. */
export interface Owner {
  pid: number;
  /** Field 22 of /proc/<pid>/stat; "-" where there is no /proc. */
  startTime: string;
}

/** This process, or another, as an owner. */
export function ownerOf(pid: number = Deno.pid): Owner {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return { pid, startTime: startTime ?? "-" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && Deno.build.os !== "linux") return { pid, startTime: "-" };
    throw error;
  }
}

/** Starts a part; returns when its process id is known or it has ended already. */
export async function launch(
  dir: string,
  part: string,
  program: string,
  args: readonly string[],
): Promise<void> {
  await Promise.all(["run", "logs"].map((name) => Deno.mkdir(join(dir, name), { recursive: true })));
  if (await exists(join(dir, "logs", `${part}.log`))) await endNoted(dir, part);
  await Promise.all(["pid", "exit"].map((kind) => removeTree(join(dir, "run", `${part}.${kind}`))));
  await detach("part.sh", [dir, part, program, ...args]);
  await waitFor(
    async () =>
      await exists(join(dir, "run", `${part}.pid`)) || await exists(join(dir, "run", `${part}.exit`)),
    { timeoutMs: 60_000, intervalMs: 5, what: `${part} to be started in ${dir}` },
  );
}

/** Starts the watchdog. The cluster's directory goes with the owner. */
export async function watchOwner(dir: string, owner: Owner): Promise<void> {
  await detach("watchdog.sh", [dir, String(owner.pid), owner.startTime]);
}

/** The process id of a part that runs. A number that now belongs to somebody else does not count. */
export async function runningPid(dir: string, part: string): Promise<number | undefined> {
  let pid: number;
  try {
    pid = Number(await Deno.readTextFile(join(dir, "run", `${part}.pid`)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  return Number.isInteger(pid) && pid > 1 && (await commandLine(pid)).includes(`${dir}/`) ? pid : undefined;
}

/** How a part ended: its exit code, 128 + n after signal n; absent while it runs or was never started. */
export async function exitCode(dir: string, part: string): Promise<number | undefined> {
  try {
    return Number(await Deno.readTextFile(join(dir, "run", `${part}.exit`)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Sends a signal to a part, if it runs. */
export async function signalPart(dir: string, part: string, signal: Deno.Signal): Promise<boolean> {
  const pid = await runningPid(dir, part);
  if (pid === undefined) return false;
  try {
    Deno.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits until a part's process is gone and its end is noted. */
export async function waitUntilGone(dir: string, part: string, timeoutMs: number): Promise<void> {
  const gone = async () => await runningPid(dir, part) === undefined;
  await waitFor(gone, { timeoutMs, intervalMs: 10, what: `${part} of ${dir} to end` });
  await endNoted(dir, part);
}

/** How a part has ended is noted a moment after its end. The shell that does so may have been killed too. */
async function endNoted(dir: string, part: string): Promise<void> {
  await waitFor(async () => await exitCode(dir, part) !== undefined, {
    timeoutMs: END_NOTED_MS,
    intervalMs: 5,
  }).catch(() => {});
}

/** Process ids of everything alive that names `dir` on its command line; Linux only. */
export async function processesNaming(dir: string): Promise<number[]> {
  const found: number[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    const text = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    if (text.replaceAll("\0", " ").includes(dir)) found.push(pid);
  }
  return found;
}

/** The arguments of a process; empty when it is gone or a zombie. */
async function commandLine(pid: number): Promise<string> {
  if (Deno.build.os !== "linux") {
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "args=", "-p", String(pid)] }).output();
    return new TextDecoder().decode(stdout);
  }
  try {
    // While a program is being loaded (from a cold disk that takes a while) its arguments read as empty.
    for (let attempt = 0; attempt < 200; attempt++) {
      const text = await Deno.readTextFile(`/proc/${pid}/cmdline`);
      if (text !== "") return text.replaceAll("\0", " ");
      const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
      if (/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2))) return "";
      await sleep(5);
    }
  } catch {
    // gone, or going: reading answers ESRCH then
  }
  return "";
}

async function detach(script: string, args: string[]): Promise<void> {
  const text = await Deno.readTextFile(join(SCRIPTS, script));
  // The outer shell ends at once; what it leaves behind is in its own session, away from our terminal's Ctrl-C.
  const { code } = await new Deno.Command("sh", {
    args: ["-c", 'sh -c "$0" sh "$@" &', text, ...args],
    detached: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (code !== 0) throw new Error(`sh could not start ${script}: exit code ${code}`);
}
