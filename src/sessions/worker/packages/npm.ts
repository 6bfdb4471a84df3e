/** npm: how it is called, and what it has installed. */
import { z } from "zod";
import { type InstalledPackage, MOST_INSTALLED } from "./installed.ts";

export function npmArguments(packages: readonly string[]): readonly string[] {
  return ["npm", "install", "--no-audit", "--no-fund", "--no-progress", "--", ...packages];
}

export const NPM_VARIABLES: Readonly<Record<string, string>> = { npm_config_update_notifier: "false" };

/** What npm keeps of the packages that are in a directory, below it. */
export const NPM_LOCK = "node_modules/.package-lock.json";

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().max(256).optional(), link: z.boolean().optional() }),
  ),
});

/** The packages of such a file by their places; none where it is not there, or none. */
export function npmLocked(text: string | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (text === undefined) return found;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return found;
  }
  const lock = lockSchema.safeParse(read);
  if (!lock.success) return found;
  for (const [place, { version }] of Object.entries(lock.data.packages)) {
    if (version !== undefined && place.includes("node_modules/")) found.set(place, version);
  }
  return found;
}

/** What is there after and was not before, by name. */
export function npmInstalled(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly InstalledPackage[] {
  const found = new Map<string, InstalledPackage>();
  for (const [place, version] of after) {
    if (before.get(place) === version) continue;
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length).slice(0, 256);
    found.set(`${name} ${version}`, { name, version });
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
    .slice(0, MOST_INSTALLED);
}
