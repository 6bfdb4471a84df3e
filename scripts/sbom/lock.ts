/** What deno.lock knows of npm packages. */
import { npmPurl } from "./cyclonedx.ts";

export interface Locked {
  readonly integrity: string;
  /** `purl`s of what it depends on. */
  readonly needs: readonly string[];
}

export interface Lock {
  /** By `name@version`. */
  readonly packages: ReadonlyMap<string, Locked>;
  /** `purl`s of what deno.json imports. */
  readonly direct: readonly string[];
}

/** Reads the text of a lock file of version 5. */
export function readLock(text: string): Lock {
  const lock = JSON.parse(text) as {
    version: string;
    npm: Record<string, { integrity: string; dependencies?: string[] }>;
    workspace: { dependencies: string[] };
  };
  if (lock.version !== "5") {
    throw new Error(`deno.lock is of version ${lock.version}; version 5 is known here`);
  }
  const versions = Map.groupBy(Object.keys(lock.npm).map(identity), ({ name }) => name);
  // A dependency names its version only where the lock holds several.
  const purlOf = (dependency: string) => {
    const { name, version } = identity(dependency.replace(/^npm:/, ""));
    return npmPurl(name, version ?? versions.get(name)?.[0]?.version);
  };
  return {
    packages: new Map(
      Object.entries(lock.npm).map(([key, { integrity, dependencies = [] }]) => {
        const { name, version } = identity(key);
        return [`${name}@${version}`, { integrity, needs: dependencies.map(purlOf) }];
      }),
    ),
    direct: lock.workspace.dependencies.map(purlOf),
  };
}

/** `@scope/name@1.2.3_peer@4.5.6`: the peers that it was resolved with are not its version. */
function identity(key: string): { name: string; version?: string } {
  const at = key.indexOf("@", 1);
  if (at < 0) return { name: key };
  return { name: key.slice(0, at), version: key.slice(at + 1).split("_")[0]! };
}
