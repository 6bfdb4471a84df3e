/** Which versions of Kubernetes and of Coder the suite is run on besides those of every day, and what is run there. */
import { coderBuildFlags } from "../coder/tool_list.ts";
import { keyOf, kubernetesFlags, moduleVersion, type Tool, TOOL_PACKAGES } from "../cluster/tool_list.ts";

/** One version of one platform. A folder of this directory has its go.mod. */
export interface Platform {
  /** `kubernetes-1.35`: the folder, and what the command line calls it. */
  readonly name: string;
  readonly of: "kubernetes" | "coder";
  /** What is run on it. */
  readonly suite: readonly string[];
}

/** What depends on Kubernetes: its API, its admission, its aggregation layer, and how objects are made there. */
const KUBERNETES_SUITE = [
  "tests/kube",
  "tests/api",
  "tests/reconciler",
  "tests/controlplane",
  "tests/provisioner",
  "tests/workspaceproxy",
  "tests/aggregated",
  "tests/informer",
  "tests/gitops",
  "tests/deploy",
  "tests/install",
  "tests/helm",
  "tests/smoke/smoke_test.ts",
];

/** What depends on Coder: its REST API, its streams, its database, and what is built in it. */
const CODER_SUITE = [
  "tests/coder",
  "tests/coder_database",
  "tests/controlplane/visits_test.ts",
  "tests/controlplane/first_user_test.ts",
  "tests/actions",
  "tests/inventory",
  "tests/sources",
  "tests/aggregated/app_test.ts",
  "tests/sessions/workspaces_test.ts",
];

/** In the order in which they are run. */
export const PLATFORMS: readonly Platform[] = [
  { name: "kubernetes-1.35", of: "kubernetes", suite: KUBERNETES_SUITE },
  { name: "kubernetes-1.36", of: "kubernetes", suite: KUBERNETES_SUITE },
  { name: "kubernetes-1.37", of: "kubernetes", suite: KUBERNETES_SUITE },
  { name: "coder-2.29", of: "coder", suite: CODER_SUITE },
];

/** The programs of Kubernetes that are of the version; etcd and KWOK are those of every day. */
export const KUBERNETES_TOOLS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
] as const satisfies readonly Tool[];

/** A program of a platform: its name, its Go package, and the arguments of `go build`. */
export interface PlatformProgram {
  readonly name: string;
  readonly goPackage: string;
  readonly flags: readonly string[];
}

/** What is built of a platform. @param buildDate ISO 8601, stamped into Kubernetes' programs */
export function programsOf({ of }: Platform, goMod: string, buildDate: string): readonly PlatformProgram[] {
  if (of === "coder") {
    const flags = coderBuildFlags(goMod, "coder");
    return [{ name: "coder", goPackage: "github.com/coder/coder/v2/cmd/coder", flags }];
  }
  const flags = kubernetesFlags(goMod, buildDate);
  return KUBERNETES_TOOLS.map((name) => ({ name, goPackage: TOOL_PACKAGES[name], flags }));
}

/** Without its "v". */
export function versionOf({ of }: Platform, goMod: string): string {
  return moduleVersion(goMod, of === "coder" ? "github.com/coder/coder/v2" : "k8s.io/kubernetes").slice(1);
}

/** The folder of its builds in the cache: readable version, and a hash of all that decides. */
export function cacheFolder(platform: Platform, goMod: string, goSum: string, machine: string): string {
  const flags = programsOf(platform, goMod, "").map((program) => program.flags);
  return `${platform.of}-${versionOf(platform, goMod)}-${
    keyOf([goMod, goSum, JSON.stringify(flags), machine])
  }`;
}

/** The platforms that were asked for. @throws {RangeError} for one that there is not */
export function askedFor(names: readonly string[]): readonly Platform[] {
  const unknown = names.filter((name) => !PLATFORMS.some((each) => each.name === name));
  if (unknown.length > 0) {
    throw new RangeError(
      `there is no ${unknown.join(", ")}; possible are ${PLATFORMS.map(({ name }) => name).join(", ")}`,
    );
  }
  return names.length === 0 ? PLATFORMS : PLATFORMS.filter(({ name }) => names.includes(name));
}
