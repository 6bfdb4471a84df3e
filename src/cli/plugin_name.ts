/** Which program was started, by its name: one executable is `coder-k8s`, and the plugin of kubectl. */

/** What kubectl looks for on the PATH, and what is run under these names. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubectl-coder", ["plugin"]],
  ["kubectl_complete-coder", ["plugin", "__complete"]],
]);

/** The arguments as `coder-k8s` has them. `started` is the first word of the process' own command line. */
export function argumentsAs(started: string, args: readonly string[]): readonly string[] {
  const name = started.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
  return [...WORDS.get(name) ?? [], ...args];
}

/**
 * The name by which this process was started, a link's included; Deno's own `execPath` is what a link leads to. Node's
 * modules, which know it, too, take longer to load than all that is answered without them.
 */
export async function startedAs(): Promise<string> {
  try {
    return Deno.readTextFileSync("/proc/self/cmdline").split("\0", 1)[0] ?? "";
  } catch {
    // Not Linux, or no /proc.
    return (await import("node:process")).default.argv0;
  }
}
