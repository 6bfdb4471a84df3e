/** The manifest of `kubectl krew install coder`. */
import { stringify } from "yaml";
import { krewProblems } from "./krew_rules.ts";
import { archiveName, type Platform } from "./platforms.ts";

export interface KrewArchive {
  readonly platform: Platform;
  /** SHA-256 of the archive, in hexadecimal. */
  readonly sha256: string;
}

/** Where archives of a release can be had. */
export const DOWNLOADS = "https://github.com/coder/coder-k8s/releases/download";

/** What the manifest's file is called. */
export const KREW_FILE = "coder.yaml";

/** YAML, as Krew's index takes it. @throws {Error} where it would not */
export function krewManifest(version: string, archives: readonly KrewArchive[]): string {
  const manifest = {
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "coder" },
    spec: {
      version: `v${version}`,
      homepage: "https://github.com/coder/coder-k8s",
      shortDescription: "Coder workspaces as Kubernetes resources",
      description: "Lists, starts, stops, restarts, opens and diagnoses Coder workspaces through the\n" +
        "aggregated API of coder-k8s, follows the logs of their builds, and hands over to\n" +
        "the Coder CLI for SSH.\n",
      caveats: "The cluster needs coder-k8s with its aggregated API:\n" +
        "  https://github.com/coder/coder-k8s\n" +
        "Names are completed when a file of your PATH does it:\n" +
        "  kubectl coder completion > FOLDER/kubectl_complete-coder\n" +
        "  chmod +x FOLDER/kubectl_complete-coder\n",
      platforms: archives.map(({ platform, sha256 }) => ({
        selector: { matchLabels: { os: platform.os, arch: platform.arch } },
        uri: `${DOWNLOADS}/v${version}/${archiveName("kubectl-coder", version, platform)}`,
        sha256,
        bin: "kubectl-coder",
      })),
    },
  };
  const problems = krewProblems(manifest, KREW_FILE);
  if (problems.length > 0) {
    throw new Error(`The plugin's manifest breaks Krew's rules: ${problems.join("; ")}`);
  }
  return stringify(manifest, { lineWidth: 0 });
}
