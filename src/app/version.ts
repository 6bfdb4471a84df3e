/** Which build this is. `scripts/compile.ts` stamps the binary; a run from source says `dev` and reads the commit. */

/** What `coder-k8s version` prints and logs and metrics carry. */
export interface BuildInfo {
  /** Semantic version, or `dev` for a run from source. */
  readonly version: string;
  /** Full commit hash, with `-dirty` where the tree had changes; `unknown` where it cannot be told. */
  readonly commit: string;
  /** RFC 3339; empty for a run from source. */
  readonly built: string;
}

let stamped: BuildInfo | undefined;

/** Sets what {@linkcode buildInfo} answers. Called once, by the entry point of a compiled binary. */
export function stampBuild(info: BuildInfo): void {
  stamped = info;
}

/** The stamp of a compiled binary, or what can be learnt beside the source without starting a process. */
export function buildInfo(root: URL = new URL("../../", import.meta.url)): BuildInfo {
  return stamped ?? { version: "dev", commit: sourceCommit(root) ?? "unknown", built: "" };
}

/** The commit that is checked out at `root`, read from git's own files; undefined where there are none. */
export function sourceCommit(root: URL): string | undefined {
  try {
    const head = readGit(root, "HEAD");
    const ref = /^ref: (.+)$/.exec(head)?.[1];
    if (ref === undefined) return hash(head);
    return hash(readLoose(root, ref) ?? readPacked(root, ref));
  } catch {
    return undefined;
  }
}

function readGit(root: URL, path: string): string {
  return Deno.readTextFileSync(new URL(`.git/${path}`, root)).trim();
}

function readLoose(root: URL, ref: string): string | undefined {
  try {
    return readGit(root, ref);
  } catch {
    return undefined;
  }
}

function readPacked(root: URL, ref: string): string | undefined {
  const line = readGit(root, "packed-refs").split("\n").find((one) => one.endsWith(` ${ref}`));
  return line?.split(" ")[0];
}

function hash(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{40,64}$/.test(text) ? text : undefined;
}
