/** Which programs a cluster is made of, and under which key their builds are cached. */
import { createHash } from "node:crypto";
import { GO_ENVIRONMENT } from "./go_build.ts";

/** A program and the Go package that it is built from. */
export const TOOL_PACKAGES = {
  etcd: "go.etcd.io/etcd/server/v3",
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  kwok: "sigs.k8s.io/kwok/cmd/kwok",
} as const;

export type Tool = keyof typeof TOOL_PACKAGES;
export const TOOLS = Object.keys(TOOL_PACKAGES) as Tool[];

/** KWOK's stages, as paths under `kustomize/stage` of its module: pods and nodes become ready at once. */
export const STAGE_FILES = [
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
  "node/fast/node-initialize.yaml",
  "node/heartbeat/node-heartbeat.yaml",
] as const;

/** The module that ships the stages. */
export const STAGE_MODULE = "sigs.k8s.io/kwok";

/** `vX.Y.Z` of a module in the text of a go.mod. */
export function moduleVersion(goMod: string, module: string): string {
  const escaped = module.replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
  const found = new RegExp(`^\\s*(?:require\\s+)?${escaped}\\s+(v\\S+)`, "m").exec(goMod)?.[1];
  if (!found) throw new Error(`the tools' go.mod does not require ${module}`);
  return found;
}

/** Arguments of `go build`, without the output and the package. Versions are stamped: `kubectl version` shows them. */
export function buildFlags(goMod: string, buildDate: string): string[] {
  return linked([
    ...kubernetesStamps(goMod, buildDate),
    ["sigs.k8s.io/kwok/pkg/consts.Version", moduleVersion(goMod, STAGE_MODULE)],
  ]);
}

/** The same where there are programs of Kubernetes alone. */
export function kubernetesFlags(goMod: string, buildDate: string): string[] {
  return linked(kubernetesStamps(goMod, buildDate));
}

function linked(stamps: readonly (readonly [string, string])[]): string[] {
  const linker = ["-s", "-w", ...stamps.map(([name, value]) => `-X ${name}=${value}`)];
  return ["-trimpath", "-ldflags", linker.join(" ")];
}

function kubernetesStamps(goMod: string, buildDate: string): [string, string][] {
  const kubernetes = moduleVersion(goMod, "k8s.io/kubernetes");
  const [major = "", minor = ""] = kubernetes.slice(1).split(".");
  const stamps: Record<string, string> = {};
  for (const path of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
    stamps[`${path}.gitVersion`] = kubernetes;
    stamps[`${path}.gitMajor`] = major;
    stamps[`${path}.gitMinor`] = minor;
    stamps[`${path}.gitTreeState`] = "clean";
    stamps[`${path}.buildDate`] = buildDate;
  }
  return Object.entries(stamps);
}

/** What decides whether a cached build can be used. */
export interface CacheKeyInput {
  goMod: string;
  goSum: string;
  os: string;
  arch: string;
}

/** The cache key: modules, flags and platform. The build date is left out, or nothing would ever be found again. */
export function cacheKey(input: CacheKeyInput): string {
  const parts = [
    input.goMod,
    input.goSum,
    JSON.stringify(buildFlags(input.goMod, "")),
    JSON.stringify([TOOL_PACKAGES, STAGE_FILES, GO_ENVIRONMENT]),
    `${input.os}/${input.arch}`,
  ];
  return keyOf(parts);
}

/** A short name for what some texts say together; where one ends and the next begins counts too. */
export function keyOf(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest("hex").slice(0, 16);
}
