/** Installing into a cluster of the test's own: by the engine, which is quick, or by the whole program. */
import { install, type Installed, type InstallRequest } from "../../src/install/apply/install.ts";
import { familyOf } from "../../src/install/apply/inventory.ts";
import { type Remaining, uninstall, type UninstallRequest } from "../../src/install/remove/uninstall.ts";
import { embeddedManifests, variantOf, type VariantRequest } from "../../src/install/render/variant.ts";
import type { KubeObject } from "../../src/api/object.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient, type RestClient } from "../../src/kube/rest/rest_client.ts";
import { type Cluster, startCluster } from "../cluster/mod.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** Generous: for a machine that is busy with other things. */
const TIMEOUT_MS = 180_000;

export const API_SERVICE = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com";
export const DEPLOYMENTS = "/apis/apps/v1/namespaces/coder-system/deployments";
export const files = await embeddedManifests();

/** What came of it, and what was said. */
export interface Ran<T> {
  readonly result: T;
  readonly lines: readonly string[];
}

export interface InstallOptions extends Partial<Omit<InstallRequest, "objects" | "choice" | "namespace">> {
  readonly variant?: Partial<VariantRequest>;
  /** @default {the administrator's} */
  readonly client?: KubeClient;
  readonly signal?: AbortSignal;
  readonly waiting?: (text: string | undefined) => void;
}

export interface InstallRig extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: RestClient;
  /** By the engine. It waits for nothing unless it is told to. */
  install(overlays: readonly string[], options?: InstallOptions): Promise<Ran<Installed>>;
  uninstall(
    request?: Partial<Omit<UninstallRequest, "files">>,
    options?: { timeoutMs?: number; client?: KubeClient; signal?: AbortSignal },
  ): Promise<Ran<Remaining>>;
  /** By the whole program, from source; its exit code and what it said. */
  run(args: readonly string[], kubeconfig?: string): Promise<{ code: number; out: string; err: string }>;
  /** The same, while it goes on. */
  begin(args: readonly string[]): { readonly ended: Promise<number>; said(): string };
  clientOf(kubeconfig: string): RestClient;
}

export async function startInstallRig(name: string): Promise<InstallRig> {
  const cluster = await startCluster({ name });
  const clients: RestClient[] = [];
  const clientOf = (kubeconfig: string) => {
    const made = createRestClient({ connection: loadKubeConfig({ kubeconfig, env: {} }) });
    clients.push(made);
    return made;
  };
  const client = clientOf(cluster.kubeconfig);
  return {
    cluster,
    client,
    clientOf,
    async install(
      overlays,
      { variant = {}, client: other = client, signal, waiting = () => {}, ...options } = {},
    ) {
      const lines: string[] = [];
      const { choice, namespace, objects } = variantOf(files, { overlays, images: [], ...variant });
      const result = await install(
        other,
        {
          choice,
          namespace,
          objects,
          version: "test",
          dryRun: false,
          wait: false,
          takesOwnership: false,
          setsReplicas: false,
          // Always the same one: who broke off is not waited for.
          holder: "rig",
          mayPrune: () => Promise.resolve(true),
          ...options,
        },
        { line: (text) => void lines.push(text), waiting },
        signal ?? AbortSignal.timeout(TIMEOUT_MS),
      );
      return { result, lines };
    },
    async uninstall(request = {}, { timeoutMs = TIMEOUT_MS, client: other = client, signal } = {}) {
      const lines: string[] = [];
      const result = await uninstall(
        other,
        {
          files,
          family: familyOf("all"),
          namespace: "coder-system",
          deleteCrds: false,
          deleteData: false,
          deleteNamespace: false,
          abandon: false,
          confirm: () => Promise.resolve(true),
          holder: "rig",
          now: Date.now,
          ...request,
        },
        { line: (text) => void lines.push(text), waiting: () => {} },
        signal ?? AbortSignal.timeout(timeoutMs),
      );
      return { result, lines };
    },
    async run(args, kubeconfig = cluster.kubeconfig) {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", `${root}/main.ts`, ...args, `--kubeconfig=${kubeconfig}`],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).output();
      const decoder = new TextDecoder();
      return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
    },
    begin(args) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", `${root}/main.ts`, ...args, `--kubeconfig=${cluster.kubeconfig}`],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      let said = "";
      const read = async (stream: ReadableStream<Uint8Array>) => {
        for await (const text of stream.pipeThrough(new TextDecoderStream())) said += text;
      };
      const all = Promise.all([child.status, read(child.stdout), read(child.stderr)]);
      return { ended: all.then(([{ code }]) => code), said: () => said };
    },
    async [Symbol.asyncDispose]() {
      clients.forEach((each) => each.close());
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Names of all objects of the product that the cluster has, of the kinds that installations make. */
export async function present(cluster: Cluster, namespace = "coder-system"): Promise<string[]> {
  const kinds = [
    "customresourcedefinitions,clusterroles,clusterrolebindings,apiservices,priorityclasses",
    "serviceaccounts,roles,rolebindings,configmaps,services,deployments,poddisruptionbudgets,networkpolicies,pvc",
  ];
  const outputs = await Promise.all(kinds.map(async (kind, index) => {
    const scope = index === 0 ? [] : ["-n", namespace];
    return (await cluster.kubectl(["get", kind, ...scope, "-o", "name"])).stdout.split("\n");
  }));
  return outputs.flat().filter((name) => /coder|manager-role/.test(name))
    // Kubernetes makes it for CRDs by itself.
    .filter((name) => name !== "apiservice.apiregistration.k8s.io/v1alpha1.coder.com").sort();
}

/** Of a dry run: what each object becomes. */
export function outcomeOf(lines: readonly string[], object: string): string | undefined {
  return lines.find((line) => line.startsWith(object))?.slice(object.length).trim();
}

/** A client that breaks off for good after so many writes, as a process that is killed. */
export function dyingAfter(client: KubeClient, writes: number): KubeClient {
  let left = writes;
  const counted = <A extends unknown[], R>(run: (...args: A) => Promise<R>) => (...args: A): Promise<R> =>
    left-- > 0 ? run(...args) : Promise.reject(new Error("killed"));
  const { get, list, raw, create, watch } = client;
  return {
    get,
    list,
    raw,
    watch,
    create,
    update: counted(client.update),
    patch:
      ((type, key, patch, options) =>
        options?.dryRun === true
          ? client.patch(type, key, patch, options)
          : counted(client.patch)(type, key, patch, options)) as KubeClient["patch"],
    delete: counted(client.delete),
  };
}

export function hasLabel({ metadata }: KubeObject, name: string, value: string): boolean {
  return metadata.labels?.[name] === value;
}
