/** This machine, for `kubectl coder`. */
import { openPlugin } from "../app/plugin.ts";
import type { Handover } from "../plugin/ssh.ts";
import type { PluginParts } from "./plugin_parts.ts";
import { untilStopped } from "./top_signals.ts";

export function thisMachine(environment: Readonly<Record<string, string>>): PluginParts {
  return {
    open: openPlugin,
    untilStopped: (run) => untilStopped(run),
    find: (program) => findProgram(program, environment["PATH"] ?? ""),
    handOver,
    browse,
    os: Deno.build.os,
    isTerminal: Deno.stdout.isTerminal(),
  };
}

/**
 * The first executable file of that name. Folders that are named from where somebody stands are passed over: a checkout may
 * have a `coder` of its own, which is not what gets a session token.
 */
export async function findProgram(program: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(":")) {
    if (!directory.startsWith("/")) continue;
    const file = `${directory.replace(/\/$/, "")}/${program}`;
    const found = await Deno.stat(file).catch(() => undefined);
    if (found?.isFile === true && ((found.mode ?? 0o111) & 0o111) !== 0) return file;
  }
  return undefined;
}

/** The terminal's own signals reach the program by themselves, for it is in the same group; we only outlive them. */
const IGNORED = ["SIGINT", "SIGQUIT"] as const;
/** Those that are sent to us alone are for it. */
const PASSED_ON = ["SIGTERM", "SIGHUP"] as const;

/** Runs it with our terminal as its own. */
export async function handOver({ program, args, environment }: Handover): Promise<number> {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { ...environment },
    clearEnv: true,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const listeners = [
    ...IGNORED.map((signal) => [signal, () => {}] as const),
    ...PASSED_ON.map((signal) => [signal, () => passOn(child, signal)] as const),
  ];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  try {
    const { code } = await child.status;
    return code;
  } finally {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  }
}

function passOn(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It ended at this very moment.
    if (!(error instanceof TypeError)) throw error;
  }
}

/** Programs that open an address come back at once, or stay as long as the browser does. */
const BROWSER_MS = 3_000;

export async function browse(program: string, url: string): Promise<boolean> {
  const child = new Deno.Command(program, { args: [url], stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  child.unref();
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), BROWSER_MS);
  try {
    return await Promise.race([child.status.then(({ success }) => success), late]);
  } finally {
    clearTimeout(timer);
  }
}
