import assert from "node:assert/strict";
import { expired } from "../../src/aggregated/serving/mod.ts";
import type { Gadget } from "../../src/aggregated/serving/testing/gadgets.ts";
import { keyOf, keyText } from "../../src/api/object.ts";
import { createSharedCache, type RunningCache } from "../../src/kube/cache/shared_cache.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import type { Informer, KindOptions } from "../../src/kube/informer.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { serveGadgets, type ServingRig } from "./serving_rig.ts";

const COLORS = ["red", "green", "blue"];

/** An informer as every client in the cluster has one, and what it was told that it must not be. */
interface Watcher {
  readonly name: string;
  readonly informer: Informer<Gadget>;
  readonly selects: (object: Gadget) => boolean;
  readonly mistakes: string[];
}

function watcher(
  name: string,
  cache: RunningCache,
  rig: ServingRig,
  options: KindOptions<Gadget>,
  selects: Watcher["selects"],
): Watcher {
  const informer = cache.informer<Gadget>(rig.type, options);
  const mistakes: string[] = [];
  const known = new Map<string, bigint>();
  const told = (what: string, object: Gadget, isKnown: boolean) => {
    const key = keyText(keyOf(object));
    const before = known.get(key);
    if ((before !== undefined) !== isKnown) {
      mistakes.push(`${what} ${key}, which was ${isKnown ? "not " : ""}known`);
    }
    const version = BigInt(object.metadata.resourceVersion ?? 0);
    if (before !== undefined && what === "updated" && version <= before) {
      mistakes.push(`${key} went from ${before} to ${version}`);
    }
    known.set(key, version);
  };
  informer.subscribe({
    added: (object) => told("added", object, false),
    updated: (_, after) => told("updated", after, true),
    deleted: (object) => {
      told("deleted", object, true);
      known.delete(keyText(keyOf(object)));
    },
  });
  return { name, informer, selects, mistakes };
}

/** The store of an informer, as `key version`. */
function storeOf({ informer }: Watcher): string[] {
  return informer.list().map((object) => `${keyText(keyOf(object))} ${object.metadata.resourceVersion}`)
    .sort();
}

Deno.test("informers through the API server know everything, whatever happens on the way", async () => {
  const cluster = await sharedCluster();
  await using rig = await serveGadgets(cluster);
  const random = seededRandom(6_443);
  const stop = new AbortController();
  const caches: RunningCache[] = [];
  const clients: { close(): void }[] = [];
  /** A client of its own, as another program would have. */
  const cache = (watchList: boolean) => {
    const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
    const made = createSharedCache({
      client,
      watchList,
      pageSize: 20,
      freeze: true,
      retry: { backoff: { initialMs: 20, maxMs: 200 } },
    });
    caches.push(made);
    clients.push(client);
    return made;
  };
  const isHere = ({ metadata }: Gadget) => metadata.namespace === rig.namespace;
  const isRed = ({ spec }: Gadget) => spec.color === "red";
  const isWeb = ({ metadata }: Gadget) => metadata.labels?.["tier"] === "web";
  const watchers = [
    watcher("all, by watch list", cache(true), rig, {}, () => true),
    watcher("all, by list and watch", cache(false), rig, {}, () => true),
    watcher("one namespace", cache(true), rig, { namespaces: [rig.namespace] }, isHere),
    watcher("red ones", cache(true), rig, { fieldSelector: "spec.color=red" }, isRed),
    watcher("labelled ones", cache(false), rig, { labelSelector: "tier=web" }, isWeb),
    watcher("metadata alone", cache(true), rig, { metadataOnly: true }, () => true),
  ];
  for (const one of caches) one.start(stop.signal);

  const live = new Map<string, Gadget>();
  const change = () => {
    const namespace = pick(random, [rig.namespace, "default", "kube-system"]);
    const name = `g${below(random, 60)}`;
    const key = `${namespace}/${name}`;
    if (live.has(key) && random() < 0.25) {
      live.delete(key);
      rig.storage.remove({ namespace, name });
      return;
    }
    const made = rig.make(name, {
      namespace,
      color: pick(random, COLORS),
      ...(random() < 0.5 ? { labels: { tier: pick(random, ["web", "db"]) } } : {}),
    });
    live.set(key, rig.storage.put(made));
  };
  for (let round = 0; round < 60; round++) {
    for (let turn = below(random, 60); turn >= 0; turn--) change();
    const trouble = round % 6;
    if (trouble === 1) rig.storage.end();
    if (trouble === 3) {
      // Who was not watching at this moment is too late with its version.
      rig.storage.end(expired());
      change();
      rig.storage.compact();
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  for (const one of watchers) {
    const expected = [...live.values()].filter(one.selects)
      .map((object) => `${keyText(keyOf(object))} ${object.metadata.resourceVersion}`).sort();
    await waitFor(() => JSON.stringify(storeOf(one)) === JSON.stringify(expected), {
      what: `"${one.name}" to know all ${expected.length} objects`,
      timeoutMs: 60_000,
    }).catch((error) => {
      assert.deepEqual(storeOf(one), expected, `${one.name}: ${error.message}; ${one.informer.trouble}`);
      throw error;
    });
    assert.deepEqual(one.mistakes, [], one.name);
  }
  stop.abort();
  await Promise.all(caches.map((one) => one.whenStopped()));
  for (const client of clients) client.close();
  assert.deepEqual(rig.logLines.filter(({ level }) => level === "error"), []);
});
