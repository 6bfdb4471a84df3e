/** Which program was started, by its name: one executable is `coder-k8s`, and the plugin of kubectl. */

/** What kubectl looks for on the PATH, and what is run under these names. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["kubectl-coder", ["plugin"]],
  ["kubectl_complete-coder", ["plugin", "__complete"]],
]);

/** The arguments as `coder-k8s` has them. `started` is the first word of the process' own command line. */
export function argumentsAs(started: string, args: readonly string[]): readonly string[] {
  return [...WORDS.get(baseName(started)) ?? [], ...args];
}

/** What tells the name: of the executable itself, and what the shell says that it has started. */
export interface StartFacts {
  /** Path of the executable, links followed. */
  readonly executable: string;
  /** The variable `_`: what a shell started last, which whoever has no shell hands on as it was. */
  readonly shell: string | undefined;
  /** The first word of the process' own command line. */
  readonly argv0: () => Promise<string>;
}

/** Whether the answer is the same one under every name: then nobody has to find out by which this was started. */
export function isSameAnyway(args: readonly string[]): boolean {
  return args.length === 1 && args[0] === "version";
}

/**
 * The name by which this process was started, a link's included. Node's modules, which know it, take longer to load than
 * all that is answered without them (and /proc/self is closed to a compiled program): they are asked where nobody else
 * has told.
 */
export async function startedAs({ executable, shell, argv0 }: StartFacts = thisStart()): Promise<string> {
  const name = baseName(executable);
  if (WORDS.has(name)) return name;
  if (shell !== undefined && baseName(shell) === name) return name;
  return await argv0();
}

function thisStart(): StartFacts {
  return {
    executable: Deno.execPath(),
    shell: Deno.env.get("_"),
    argv0: async () => (await import("node:process")).default.argv0,
  };
}

function baseName(path: string): string {
  return path.replace(/^.*[/\\]/, "").replace(/\.exe$/i, "");
}
