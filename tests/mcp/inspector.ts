/** The official inspector on the command line, as people use it on a server. */
import { denoCache, inFolder, type Outcome, runNpm } from "./programs.ts";

const INSPECTOR = "npm:@modelcontextprotocol/inspector@2.12.0";

/** What the inspector is pointed at: an address, or a program that speaks over its standard streams. */
export type Target =
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  | {
    readonly command: string;
    readonly args: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
  };

export interface Inspection extends Outcome {
  /** What was printed, where it is JSON. */
  readonly answer: unknown;
}

/**
 * Runs `inspector --cli` once.
 *
 * @param ask such as `["--method", "tools/call", "--tool-name", "add", "--tool-arg", "a=1"]`
 */
export async function inspect(target: Target, ask: readonly string[]): Promise<Inspection> {
  return await inFolder(async (folder) => {
    const { options, words } = wordsOf(target);
    const args = ["--cli", ...options, ...ask, "--", ...words];
    const outcome = await runNpm({ specifier: INSPECTOR, args, folder });
    return { ...outcome, answer: parsed(outcome.stdout) };
  });
}

/** Words after `--` are the target's own, whatever they look like. */
function wordsOf(target: Target): { readonly options: string[]; readonly words: string[] } {
  if ("url" in target) {
    const headers = Object.entries(target.headers ?? {}).flatMap(([name, value]) => [
      "--header",
      `${name}: ${value}`,
    ]);
    return { options: ["--transport", "http", ...headers], words: [target.url] };
  }
  const env = Object.entries({ ...denoCache(), ...target.env });
  return {
    options: env.flatMap(([name, value]) => ["-e", `${name}=${value}`]),
    words: [target.command, ...target.args],
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
