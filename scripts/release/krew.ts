/** The manifest of `kubectl krew install coder`. */
import { stringify } from "yaml";
import { archiveName, type Platform } from "./platforms.ts";

export interface KrewArchive {
  readonly platform: Platform;
  /** SHA-256 of the archive, in hexadecimal. */
  readonly sha256: string;
}

/** Where archives of a release can be had. */
export const DOWNLOADS = "https://github.com/coder/coder-k8s/releases/download";

/** YAML, as Krew's index takes it. */
export function krewManifest(version: string, archives: readonly KrewArchive[]): string {
  return stringify({
    apiVersion: "krew.googlecontainertools.github.com/v1alpha2",
    kind: "Plugin",
    metadata: { name: "coder" },
    spec: {
      version: `v${version}`,
      homepage: "https://github.com/coder/coder-k8s",
      shortDescription: "Coder workspaces as Kubernetes resources",
      description:
        "Lists, starts, stops, restarts, opens and diagnoses Coder workspaces through the aggregated API of coder-k8s, follows the logs of their builds, and hands over to the Coder CLI for SSH.\n",
      caveats:
        "The cluster needs coder-k8s with its aggregated API: https://github.com/coder/coder-k8s\nCompletion of names: kubectl coder completion > FOLDER-OF-YOUR-PATH/kubectl_complete-coder, and make that file executable\n",
      platforms: archives.map(({ platform, sha256 }) => ({
        selector: { matchLabels: { os: platform.os, arch: platform.arch } },
        uri: `${DOWNLOADS}/v${version}/${archiveName("kubectl-coder", version, platform)}`,
        sha256,
        bin: "kubectl-coder",
      })),
    },
  }, { lineWidth: 0 });
}
