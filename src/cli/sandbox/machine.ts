/** What defaults depend on. */
import type { Mistake } from "../mistake.ts";

/** Of the machine and of whoever runs the process. */
export interface Machine {
  readonly hostname: string;
  readonly isRoot: boolean;
}

/** The real one. */
export function thisMachine(): Machine {
  return { hostname: Deno.hostname(), isRoot: Deno.uid() === 0 };
}

/** Directories where nothing is said. */
export interface DirectoryDefaults {
  readonly workspacesDir: string | undefined;
  readonly cacheDir: string | undefined;
}

/** As root those of the system, else those of the XDG base directories; undefined where there is no home. */
export function directoryDefaults(
  { isRoot }: Machine,
  environment: Readonly<Record<string, string>>,
): DirectoryDefaults {
  if (isRoot) {
    return {
      workspacesDir: "/var/lib/coder-k8s/workspaces",
      cacheDir: "/var/cache/coder-k8s/packages",
    };
  }
  const home = absolute(environment["HOME"]);
  const below = (variable: string, usual: string): string | undefined =>
    absolute(environment[variable]) ?? (home === undefined ? undefined : `${home}/${usual}`);
  const state = below("XDG_STATE_HOME", ".local/state");
  const cache = below("XDG_CACHE_HOME", ".cache");
  return {
    workspacesDir: state === undefined ? undefined : `${state}/coder-k8s/workspaces`,
    cacheDir: cache === undefined ? undefined : `${cache}/coder-k8s/packages`,
  };
}

/** Base directories that are not absolute count for nothing. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith("/") === true && path !== "/" ? path.replace(/\/+$/, "") : undefined;
}

/** A directory that nobody has named and that has no default. */
export function noDirectory(where: string): Mistake {
  return { where, what: "is needed: there is no $HOME to put it below" };
}
