/** What containers of the product are told, as the program itself understands it. */
import { MODES } from "../../src/app/config.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { ALL_FLAGS } from "../../src/cli/commands.ts";
import type { Settings } from "../../src/cli/schema.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { containersOf, type Manifest, templateOf } from "./variants.ts";

/** The product's container of a Deployment in one of the product's modes. */
export function productContainer(object: Manifest): Manifest | undefined {
  const containers = object.kind === "Deployment" ? containersOf(templateOf(object).spec) : [];
  return containers.find(({ name }) => name === "coder-k8s");
}

/** @throws where it would not start, or would warn */
export async function told({ args: [mode, ...args], env }: Manifest): Promise<Settings> {
  if (!MODES.includes(mode)) throw new Error(`${mode} is no mode`);
  const parsed = parseArguments(args, ALL_FLAGS);
  const environment = Object.fromEntries(
    env.filter(({ value }: Manifest) => value !== undefined).map((
      { name, value }: Manifest,
    ) => [name, value]),
  );
  const { settings, mistakes, warnings, unknownVariables } = await loadSettings({
    flags: new Map([...parsed.flags, ["app", [mode]]]),
    environment,
    readTextFile: (path) => Promise.reject(new Error(`there is no ${path}`)),
  });
  const wrong = [
    ...parsed.mistakes,
    ...parsed.words,
    ...mistakes,
    ...warnings,
    ...unknownVariables.map(({ variable }) => variable),
  ];
  if (settings === undefined || wrong.length > 0) throw new Error(JSON.stringify(wrong));
  return settings;
}

/** Ports that a process in that mode listens on, by the names that manifests give them. */
export function listens(settings: Settings): Record<string, number> {
  const { app } = settings;
  const all: Record<string, { port: number } | null> = {
    health: settings.healthBindAddress,
    metrics: settings.metricsBindAddress,
    https: app === "all" || app === "aggregated-apiserver" ? settings.aggregatedBindAddress : null,
    mcp: app === "all" || app === "mcp-http" ? settings.mcpBindAddress : null,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, address]) => address === null ? [] : [[name, address.port]]),
  );
}
