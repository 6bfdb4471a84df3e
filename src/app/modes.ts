/** Which parts a mode is made of. */
import type { Config, Mode } from "./config.ts";
import type { PartFactory } from "./part.ts";

/** A part's name; the same word as the mode that runs it alone. */
export type PartName = Exclude<Mode, "all" | "mcp-stdio">;

/**
 * How each part is loaded: a dynamic import of its own, so that a process never pays for the parts that it does not run.
 */
const PARTS: Readonly<Record<PartName, () => Promise<PartFactory>>> = {
  controller: async () => (await import("./controller_part.ts")).controllerPart,
  "aggregated-apiserver": async () => (await import("./aggregated_part.ts")).aggregatedPart,
  "mcp-http": async () => (await import("./mcp_part.ts")).mcpPart,
};

/** The parts of the configured mode; in `all` those whose port is turned off are left out. */
export function partsOf(
  config: Pick<Config, "app" | "aggregatedBindAddress" | "mcpBindAddress">,
): readonly { readonly name: PartName; readonly load: () => Promise<PartFactory> }[] {
  const off: Partial<Record<PartName, boolean>> = {
    "aggregated-apiserver": config.aggregatedBindAddress === null,
    "mcp-http": config.mcpBindAddress === null,
  };
  return (Object.keys(PARTS) as PartName[])
    .filter((name) => config.app === "all" ? off[name] !== true : config.app === name)
    .map((name) => ({ name, load: PARTS[name] }));
}
