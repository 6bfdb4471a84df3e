/** The configuration of a command that looks once and ends. */
import type { Config } from "../app/config.ts";
import { LOOK_FLAGS } from "./look_flags.ts";
import type { Mistake } from "./mistake.ts";
import { loadSettings } from "./settings.ts";

/** Where it comes from. */
export interface LookSources {
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly environment: Readonly<Record<string, string>>;
  readonly readTextFile: (path: string) => Promise<string>;
}

/** Either `config` or at least one mistake; warnings in both cases. */
export interface LookConfig {
  readonly config?: Config;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly string[];
}

/** Flags of {@linkcode LOOK_FLAGS}, the environment and the config file; other flags are the command's own. */
export async function lookConfig({ flags, environment, readTextFile }: LookSources): Promise<LookConfig> {
  const shared = LOOK_FLAGS.flatMap(({ flag }) => {
    const values = flags.get(flag);
    return values === undefined ? [] : [[flag, values] as const];
  });
  // Options of a mode for one person on their own machine: what servers need is not asked for.
  const own = new Map<string, readonly string[]>([...shared, ["app", ["mcp-stdio"]]]);
  const { settings, mistakes, warnings } = await loadSettings({ flags: own, environment, readTextFile });
  return { ...(settings === undefined ? {} : { config: settings }), mistakes, warnings };
}
