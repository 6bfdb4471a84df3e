/** `/version`, in the form that every Kubernetes client reads. */

/** What was built. */
export interface BuildVersion {
  /** Semantic version, such as `0.1.0`. */
  readonly version: string;
  /** The Git commit; empty where it is not known. */
  readonly commit: string;
  /** RFC 3339; empty where it is not known. */
  readonly built: string;
}

/** `version.Info`. The version is ours: we are no Kubernetes, and what we can do is in discovery. */
export function versionInfo({ version, commit, built }: BuildVersion) {
  const [major = "0", minor = "0"] = version.split(".");
  return {
    major,
    minor,
    gitVersion: `v${version}`,
    gitCommit: commit,
    gitTreeState: "clean",
    buildDate: built,
    // The field is called so whatever a server is made with.
    goVersion: `deno${Deno.version.deno}`,
    compiler: "v8",
    platform: `${Deno.build.os}/${Deno.build.arch === "x86_64" ? "amd64" : "arm64"}`,
  };
}
