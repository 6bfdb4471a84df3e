/** What the cache survives, on a real API server: each fault with a stream of changes across it. */
import assert from "node:assert/strict";
import { ConfigMaps } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap } from "../../src/api/kubernetes/types.ts";
import { KubeApiError } from "../../src/kube/errors.ts";
import type { Informer } from "../../src/kube/informer.ts";
import { startCluster, waitFor } from "../cluster/mod.ts";
import {
  type CacheHarness,
  configMap,
  mirror,
  READ_CORE,
  truthOf,
  versions,
  waitForTruth,
  withCache,
} from "./cache_harness.ts";

const RIGHTS = { clusterRules: [READ_CORE] };
const WATCH = { resource: "configmaps", watch: true } as const;

/** Creates, changes and deletes ConfigMaps until told to stop; failures of the writer itself are tried again. */
function streamOfChanges({ admin, namespace }: CacheHarness) {
  let running = true;
  let changes = 0;
  const done = (async () => {
    for (let round = 0; running; round++) {
      const name = `stream-${round % 40}`;
      try {
        const live = await admin.get(ConfigMaps, { namespace, name }).catch((error) => {
          if (error instanceof KubeApiError && error.code === 404) return undefined;
          throw error;
        });
        if (live === undefined) {
          await admin.create(ConfigMaps, configMap(namespace, name, { round: `${round}` }));
        } else if (round % 7 === 0) await admin.delete(ConfigMaps, { namespace, name });
        else await admin.update(ConfigMaps, { ...live, data: { round: `${round}` } });
        changes++;
      } catch {
        // The API server is down, or came back between our two calls.
        await waitFor(
          () => admin.raw("GET", "/readyz/ping").then(() => true, (error) => error instanceof KubeApiError),
          {
            what: "the API server to answer",
          },
        );
      }
    }
  })();
  return {
    changes: () => changes,
    async stop() {
      running = false;
      await done;
    },
  };
}

/** The cache and a subscriber equal the server, and the subscriber was told nothing that makes no sense. */
async function assertNothingMissed(
  harness: CacheHarness,
  informer: Informer<ConfigMap>,
  { known, errors }: ReturnType<typeof mirror>,
): Promise<void> {
  await waitForTruth(harness, informer);
  assert.deepEqual(versions(known.values()), await truthOf(harness.admin, ConfigMaps, harness.namespace));
  assert.deepEqual(errors, []);
}

Deno.test("an API server that is killed and restarted under a stream of changes: nothing is missed", async () => {
  await using cluster = await startCluster({ name: `cache-restart-${crypto.randomUUID().slice(0, 8)}` });
  await withCache({ ...RIGHTS, cluster }, async (harness) => {
    const { cache, namespace, start } = harness;
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const copy = mirror();
    informer.subscribe(copy.handler);
    await start();
    const stream = streamOfChanges(harness);
    for (let time = 0; time < 2; time++) {
      const before = stream.changes();
      await waitFor(() => stream.changes() > before + 30, { what: "changes before the kill" });
      await cluster.restart("apiserver");
      const after = stream.changes();
      await waitFor(() => stream.changes() > after + 30, {
        what: "changes after the restart",
      });
    }
    await stream.stop();
    await assertNothingMissed(harness, informer, copy);
    await waitFor(() => informer.trouble === "", { what: "the trouble to be over" });
  });
});

Deno.test("watches that break again and again are resumed where they stood, without a new list", async () => {
  await withCache(
    { ...RIGHTS, cache: { retry: { backoff: { initialMs: 50, maxMs: 200 } } } },
    async (harness) => {
      const { cache, namespace, start, faults } = harness;
      const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
      const copy = mirror();
      informer.subscribe(copy.handler);
      await start();
      const stream = streamOfChanges(harness);
      let heard = 0;
      informer.subscribe({
        added: () => void heard++,
        updated: () => void heard++,
        deleted: () => void heard++,
      });
      for (let cuts = 0; cuts < 10; cuts++) {
        await waitFor(() => faults.cutOpen(WATCH) > 0, { what: "a watch to cut", intervalMs: 20 });
        const before = heard;
        await waitFor(() => heard > before, { what: "the watch to go on", intervalMs: 10 });
      }
      await stream.stop();
      await assertNothingMissed(harness, informer, copy);
      assert.equal(faults.count({ verb: "list" }), 0);
      const watches = faults.requests(WATCH);
      assert.equal(watches.filter(({ query }) => query.get("sendInitialEvents") === "true").length, 1);
      assert.ok(watches.slice(1).every(({ query }) => /./.test(query.get("resourceVersion") ?? "")));
      assert.ok(watches.every(({ query }) => query.get("allowWatchBookmarks") === "true"));
      const seconds = watches.map(({ query }) => Number(query.get("timeoutSeconds")));
      assert.ok(seconds.every((value) => value >= 300 && value <= 600), `timeoutSeconds ${seconds}`);
    },
  );
});

Deno.test("a watch that goes silent is noticed and replaced, and nothing is missed", async () => {
  await withCache({ ...RIGHTS, cache: { times: { stallMs: 3_000 } } }, async (harness) => {
    const { cache, namespace, start, faults } = harness;
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const copy = mirror();
    informer.subscribe(copy.handler);
    await start();
    const stream = streamOfChanges(harness);
    await waitFor(() => informer.list().length > 10, { what: "the stream to be seen" });
    // The open watch alone: its connection stays, and says nothing.
    const open = faults.requests(WATCH).at(-1)?.id;
    using frozen = faults.freeze({ ...WATCH, when: ({ id }) => id === open });
    const before = stream.changes();
    await waitFor(() => faults.countOpen({ ...WATCH, when: ({ id }) => id !== open }) > 0, {
      what: "another watch",
    });
    await waitFor(() => stream.changes() > before + 20, { what: "changes meanwhile" });
    await stream.stop();
    await assertNothingMissed(harness, informer, copy);
    frozen.remove();
    assert.equal(faults.count({ verb: "list" }), 0, "it was resumed, not listed");
  });
});

Deno.test("while everything is frozen the old objects are served, and afterwards nothing was missed", async () => {
  const times = { stallMs: 3_000, openMs: 3_000, listMs: 3_000 };
  await withCache({ ...RIGHTS, cache: { times, retry: { backoff: { maxMs: 1_000 } } } }, async (harness) => {
    const { cache, namespace, start, faults, admin } = harness;
    await admin.create(ConfigMaps, configMap(namespace, "before"));
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const copy = mirror();
    informer.subscribe(copy.handler);
    await start();
    {
      using _frozen = faults.freeze();
      await admin.create(ConfigMaps, configMap(namespace, "meanwhile"));
      await waitFor(() => informer.trouble.includes("did not answer a watch request in time"), {
        what: "the trouble",
      });
      assert.equal(informer.get({ namespace, name: "before" })?.metadata.name, "before");
      assert.equal(informer.hasSynced, true);
    }
    await waitFor(() => informer.trouble === "", { what: "recovery" });
    await assertNothingMissed(harness, informer, copy);
  });
});

for (const as of ["status", "event"] as const) {
  Deno.test(`410 on resume, as ${as === "status" ? "an HTTP answer" : "an ERROR event"}, leads to a new list and exact differences`, async () => {
    await withCache({ ...RIGHTS, cache: { retry: { backoff: { initialMs: 50 } } } }, async (harness) => {
      const { cache, namespace, start, faults, admin } = harness;
      for (const name of ["same", "changed", "gone", "remade"]) {
        await admin.create(ConfigMaps, configMap(namespace, name));
      }
      const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
      const copy = mirror();
      informer.subscribe(copy.handler);
      await start();
      const told: string[] = [];
      informer.subscribe({
        added: ({ metadata }, initial) => void told.push(`${initial ? "listed" : "added"} ${metadata.name}`),
        updated: (_, { metadata }) => void told.push(`updated ${metadata.name}`),
        deleted: ({ metadata }) => void told.push(`deleted ${metadata.name}`),
      });
      told.length = 0;
      // No watch is let through while the server changes; then the old version is refused once.
      const refused = faults.answer(503, WATCH);
      faults.cutOpen(WATCH);
      const changed = await admin.get(ConfigMaps, { namespace, name: "changed" });
      await admin.update(ConfigMaps, { ...changed, data: { new: "yes" } });
      for (const name of ["gone", "remade"]) await admin.delete(ConfigMaps, { namespace, name });
      for (const name of ["remade", "new"]) await admin.create(ConfigMaps, configMap(namespace, name));
      faults.expireWatches(as, WATCH, { times: 1 });
      refused.remove();
      await assertNothingMissed(harness, informer, copy);
      assert.deepEqual(told.sort(), [
        "deleted gone",
        "deleted remade",
        "listed new",
        "listed remade",
        "updated changed",
      ]);
      const initial = faults.count({ ...WATCH, when: ({ query }) => query.has("sendInitialEvents") });
      assert.equal(initial + faults.count({ verb: "list" }), 2, "one at the start, one after the 410");
    });
  });
}

Deno.test("an open watch that ends with 410 leads to a new list at once", async () => {
  // A pause would be longer than anything else here.
  const pauses = { retry: { backoff: { initialMs: 600_000, maxMs: 600_000 } } };
  await withCache({ ...RIGHTS, cache: pauses }, async (harness) => {
    const { cache, namespace, start, faults } = harness;
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const copy = mirror();
    informer.subscribe(copy.handler);
    await start();
    const stream = streamOfChanges(harness);
    assert.equal(faults.expireOpen(WATCH), 1);
    await waitFor(
      () => faults.count({ ...WATCH, when: ({ query }) => query.has("sendInitialEvents") }) === 2,
      {
        what: "the new list, without a pause, as nothing is wrong",
        intervalMs: 10,
      },
    );
    await stream.stop();
    await assertNothingMissed(harness, informer, copy);
  });
});

const refusals: [what: string, status: number, retryAfterSeconds?: number][] = [
  ["429 with Retry-After", 429, 2],
  ["429 without Retry-After", 429],
  ["503 with Retry-After", 503, 2],
  ["500", 500],
];

for (const [what, status, retryAfterSeconds] of refusals) {
  Deno.test(`${what} to a list and to a watch is waited out`, async () => {
    const options = { ...RIGHTS, cache: { watchList: false, retry: { backoff: { initialMs: 100 } } } };
    await withCache(options, async (harness) => {
      const { cache, namespace, faults, admin, signal, logged } = harness;
      await admin.create(ConfigMaps, configMap(namespace, "one"));
      const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
      const lists = faults.answer(status, { verb: "list" }, { times: 1, ...wait });
      const watches = faults.answer(status, WATCH, { times: 1, ...wait });
      const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
      cache.start(signal);
      await cache.whenSynced(AbortSignal.timeout(60_000));
      await waitFor(() => faults.countOpen(WATCH) === 1 && informer.trouble === "", { what: "the watch" });
      await waitForTruth(harness, informer);
      assert.deepEqual([lists.hits, watches.hits], [1, 1]);
      for (const match of [{ verb: "list" }, WATCH]) {
        const [refused, accepted] = faults.requests(match);
        const paused = accepted!.at - refused!.at;
        assert.ok(paused >= (retryAfterSeconds ?? 0) * 1000, `paused ${paused} ms`);
      }
      assert.equal(logged.some((line) => line.includes("threw")), false);
    });
  });
}

Deno.test("a server without WatchList is listed instead, and asked for it once", async () => {
  await withCache({ ...RIGHTS, cache: { retry: { backoff: { initialMs: 50 } } } }, async (harness) => {
    const { cache, namespace, start, faults } = harness;
    faults.answer(422, { ...WATCH, when: ({ query }) => query.has("sendInitialEvents") });
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const copy = mirror();
    informer.subscribe(copy.handler);
    await start();
    assert.equal(faults.count({ verb: "list" }), 1);
    await waitFor(() => faults.expireOpen(WATCH) === 1, { what: "a watch to end" });
    await waitFor(() => faults.count({ verb: "list" }) === 2, { what: "the second list" });
    assert.equal(faults.count({ ...WATCH, when: ({ query }) => query.has("sendInitialEvents") }), 1);
    await assertNothingMissed(harness, informer, copy);
  });
});

Deno.test("a server that never marks the end of the initial events is listed instead", async () => {
  await withCache({ ...RIGHTS, cache: { times: { initialQuietMs: 500 } } }, async (harness) => {
    const { cache, namespace, start, faults, admin } = harness;
    await admin.create(ConfigMaps, configMap(namespace, "one"));
    using _dropped = faults.dropEvents(WATCH, { which: ({ type }) => type === "BOOKMARK" });
    const informer = cache.informer(ConfigMaps, { namespaces: [namespace] });
    const copy = mirror();
    informer.subscribe(copy.handler);
    await start();
    assert.equal(faults.count({ verb: "list" }), 1);
    await admin.create(ConfigMaps, configMap(namespace, "two"));
    await assertNothingMissed(harness, informer, copy);
  });
});
