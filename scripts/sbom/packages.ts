/** Which npm packages a bundle is made of, from the names of sources in its source maps. */

/** A package, as found. */
export interface Found {
  readonly name: string;
  /** Absent where another package carries it without telling. */
  readonly version?: string;
  /** The folder of its package.json; absent for what others carry. */
  readonly folder?: string;
  /** Carried in files of another package. */
  readonly vendored: boolean;
}

const NAME = "(?:@[^/@]+/)?[^/@]+";
/** The cache of Deno: `…/npm/registry/name/version/`; a second copy of a version is `version_1`. */
const CACHED = new RegExp(`^(.*/npm/[^/]+/(${NAME})/(\\d+\\.[^/]+?)(?:_\\d+)?)/`);
/** What was installed where a package was bundled: `.pnpm/@scope+name@version_peers/node_modules/…`. */
const PNPM = new RegExp(`/\\.pnpm/((?:@[^+/]+\\+)?[^@/]+)@(\\d[^/_(]*)[^/]*/node_modules/`);
const MODULES = new RegExp(`/node_modules/(${NAME})/`);
/** A source map of a package may name sources beside its version's folder: its own, before it was built. */
const BESIDE = new RegExp(`/npm/[^/]+/(${NAME})/`);

/**
 * The packages, each version once, by name.
 *
 * @param sources of all source maps, as absolute paths
 * @param own folder of the project's own sources, which are no packages
 * @throws {Error} for a source that no rule knows: better to stop than to leave something out
 */
export function packagesOf(sources: Iterable<string>, own: string): Found[] {
  const found = new Map<string, Found>();
  const beside = new Set<string>();
  for (const source of sources) {
    if (source.startsWith(`${own}/`)) continue;
    const one = packageOf(source);
    if (one !== undefined) {
      const key = `${one.name}@${one.version ?? ""}`;
      if (found.get(key)?.vendored ?? true) found.set(key, one);
      continue;
    }
    const name = BESIDE.exec(source)?.[1];
    if (name === undefined) throw new Error(`${source} is in the bundle and belongs to no known package`);
    beside.add(name);
  }
  const packages = [...found.values()];
  for (const name of beside) {
    if (packages.some((one) => one.name === name)) continue;
    throw new Error(`sources of ${name} are in the bundle, of which no version is known`);
  }
  return packages.toSorted((a, b) => compare(a.name, b.name) || compare(a.version ?? "", b.version ?? ""));
}

function packageOf(source: string): Found | undefined {
  const installed = PNPM.exec(source);
  if (installed !== null) {
    return { name: installed[1]!.replace("+", "/"), version: installed[2]!, vendored: true };
  }
  const cached = CACHED.exec(source);
  const inside = cached === null ? source : source.slice(cached[0].length - 1);
  const carried = MODULES.exec(inside)?.[1];
  if (carried !== undefined) return { name: carried, vendored: true };
  if (cached === null) return undefined;
  return { name: cached[2]!, version: cached[3]!, folder: cached[1]!, vendored: false };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
