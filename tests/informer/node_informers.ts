/** Informers of @kubernetes/client-node, in this process. */
import {
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  ListWatch,
  Watch,
} from "@kubernetes/client-node";
import type { KubeObject } from "../../src/api/object.ts";
import type { InformerError, InformerReport, Informers, InformerSpec } from "./types.ts";

/** An informer that has failed is started again by its user; so long is waited before, in milliseconds. */
const AGAIN_MS = 200;

/**
 * Under Deno 2.9.4 a watch of client-node whose connection breaks neither ends nor times out. Watches of these tests last
 * seconds: an informer that has not opened one for so long, in milliseconds, is started again, too.
 */
const DEAF_MS = 12_000;

/** Starts them. */
export async function startNodeInformers(
  { kubeconfig, specs }: { readonly kubeconfig: string; readonly specs: readonly InformerSpec[] },
): Promise<Informers> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const errors: InformerError[] = [];
  const all = await Promise.all(specs.map((spec) => follow(config, spec, (error) => errors.push(error))));
  return {
    errors,
    report: () => Promise.resolve(all.map((one) => one.report())),
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((one) => one.stop()));
    },
  };
}

async function follow(config: KubeConfig, spec: InformerSpec, failed: (error: InformerError) => void) {
  const { group, version, resource: plural, namespace, labelSelector, fieldSelector, name } = spec;
  const api = config.makeApiClient(CustomObjectsApi);
  const selectors = {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  };
  const counts: Record<string, number> = { lists: 0, errors: 0, added: 0, updated: 0, deleted: 0 };
  const mistakes: string[] = [];
  const known = new Map<string, string>();
  const list = async () => {
    counts["lists"]!++;
    const answer: KubernetesListObject<KubernetesObject> = namespace === undefined
      ? await api.listClusterCustomObject({ group, version, plural, ...selectors })
      : await api.listNamespacedCustomObject({ group, version, plural, namespace, ...selectors });
    return answer;
  };
  const within = namespace === undefined ? "" : `/namespaces/${namespace}`;
  const path = `/apis/${group}/${version}${within}/${plural}`;
  const informer = new ListWatch(path, new Watch(config), list, false, labelSelector, fieldSelector);
  let isOver = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  const hear = (what: "added" | "updated" | "deleted") => (object: KubernetesObject) => {
    counts[what]!++;
    const key = `${object.metadata?.namespace}/${object.metadata?.name}`;
    if (known.has(key) !== (what !== "added")) mistakes.push(`${key} was ${what}`);
    if (what === "deleted") known.delete(key);
    else known.set(key, object.metadata?.resourceVersion ?? "");
  };
  informer.on("add", hear("added"));
  informer.on("update", hear("updated"));
  informer.on("delete", hear("deleted"));
  informer.on("error", (error) => {
    if (isOver) return;
    counts["errors"]!++;
    const { statusCode, code } = error as { statusCode?: number; code?: number };
    const number = statusCode ?? code;
    failed({ informer: name, text: String(error), ...(typeof number === "number" ? { code: number } : {}) });
    again = setTimeout(() => void informer.start(), AGAIN_MS);
  });
  let openedAt = performance.now();
  informer.on("connect", () => openedAt = performance.now());
  const looking = setInterval(() => {
    if (performance.now() - openedAt < DEAF_MS) return;
    counts["deaf"] = (counts["deaf"] ?? 0) + 1;
    openedAt = performance.now();
    void informer.stop().then(() => informer.start());
  }, 1_000);
  await informer.start();
  return {
    report(): InformerReport {
      return {
        name,
        synced: counts["lists"]! > 0,
        version: informer.latestResourceVersion(),
        mistakes: [...mistakes],
        counts: { ...counts },
        objects: [...informer.list()] as unknown[] as KubeObject[],
      };
    },
    async stop() {
      isOver = true;
      clearTimeout(again);
      clearInterval(looking);
      await informer.stop();
    },
  };
}
