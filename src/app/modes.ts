/** Which parts a mode is made of, and which of them this build has. */
import type { Config, Mode } from "./config.ts";
import type { PartFactory } from "./part.ts";

/** A part's name; the same word as the mode that runs it alone. */
export type PartName = Exclude<Mode, "all">;

/**
 * How each part is loaded: a dynamic import of its own, so that a process never pays for the parts that it does not run.
 * `undefined` marks the parts that this build does not have yet.
 */
const PARTS: Readonly<Record<PartName, (() => Promise<PartFactory>) | undefined>> = {
  controller: async () => (await import("./controller_part.ts")).controllerPart,
  "aggregated-apiserver": undefined,
  "mcp-http": undefined,
};

/** What a mode comes to. */
export interface ModeParts {
  readonly present: readonly { name: PartName; load: () => Promise<PartFactory> }[];
  /** Parts that the mode would have and this build has not. */
  readonly missing: readonly PartName[];
}

/** The parts of the configured mode; in `all` those whose port is turned off are left out. */
export function partsOf(
  config: Pick<Config, "app" | "aggregatedBindAddress" | "mcpBindAddress">,
  parts: typeof PARTS = PARTS,
): ModeParts {
  const off: Partial<Record<PartName, boolean>> = {
    "aggregated-apiserver": config.aggregatedBindAddress === null,
    "mcp-http": config.mcpBindAddress === null,
  };
  const present: { name: PartName; load: () => Promise<PartFactory> }[] = [];
  const missing: PartName[] = [];
  for (const name of Object.keys(parts) as PartName[]) {
    if (config.app === "all" ? off[name] === true : config.app !== name) continue;
    const load = parts[name];
    if (load === undefined) missing.push(name);
    else present.push({ name, load });
  }
  return { present, missing };
}

/** Why a mode cannot run at all in this build; undefined where it can. */
export function missingPart(mode: Mode, parts: typeof PARTS = PARTS): string | undefined {
  if (mode === "all" || parts[mode] !== undefined) return undefined;
  const available = (Object.keys(parts) as PartName[]).filter((name) => parts[name] !== undefined);
  return `the mode ${mode} is not in this build yet; it has ${["all", ...available].join(", ")}`;
}
