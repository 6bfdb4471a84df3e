/** Replicas that look at Coder at times of their own, and clients that go from one to another, on the wire. */
import assert from "node:assert/strict";
import { keyOf, keyText } from "../../src/api/object.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { sharedCluster, sleep, waitFor } from "../cluster/mod.ts";
import { fill, happen } from "./churn.ts";
import { PATIENCE_MS, type ReplicasOptions, type Resource, startReplicas } from "./replicas.ts";
import { openSlowly } from "./slow_reader.ts";
import { list, type Target, watch, watchFrom, type Watching } from "./wire.ts";
import { factOf, startWorld } from "./world.ts";

const seed = 100;
const resourceOf = (index: number): Resource => index % 5 === 4 ? "codertemplates" : "coderworkspaces";

/** Two replicas over two Coders of one namespace, and a way to make something happen. */
async function scene(options: ReplicasOptions = {}) {
  const random = seededRandom(seed);
  const cluster = await sharedCluster();
  const world = await startWorld(["lab/one", "lab/two"]);
  fill(world, random, 15);
  for (const home of world.homes) world.set(home);
  const rig = await startReplicas(cluster, world, { random, ...options });
  await rig.ready();
  await rig.settled();
  const { token } = await rig.reader();
  const through: Target = { port: cluster.state.ports.apiserver, caPem: cluster.caPem, token };
  return {
    random,
    world,
    rig,
    through,
    token,
    pathOf: (resource: Resource) => `/apis/${rig.group}/v1alpha1/${resource}`,
    async happens(times: number) {
      for (let index = 0; index < times; index++) {
        happen(pick(random, world.homes), random, rig.isSeen);
        await sleep(below(random, 12));
      }
    },
    /** Waits until a store has what Coder has. */
    async has(watching: Watching, resource: Resource, what: string) {
      const { store, mistakes } = watching;
      const wanted = () => world.expected(resource).map(({ fact }) => fact);
      const there = () => [...store.values()].map(factOf).sort();
      await waitFor(() => JSON.stringify(there()) === JSON.stringify(wanted()), {
        what: `${what} to know all that Coder has`,
        timeoutMs: PATIENCE_MS,
      }).catch((error) => {
        const fate = watching.isOver ? "it has ended" : "it goes on";
        assert.deepEqual(there(), wanted(), [error.message, fate, ...mistakes].join("; "));
        throw error;
      });
      assert.deepEqual(mistakes, [], what);
    },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

Deno.test("a hundred lists at one replica are gone on with at the other: none is too old, no event is lost", async () => {
  // No watch ends by itself: what is lost at its beginning stays lost.
  await using it = await scene({ watchLimits: { minWatchMs: 600_000 } });
  const { rig, random, token } = it;
  const watches: Watching[] = [];
  try {
    let others = 0;
    while (others < 100) {
      await it.happens(below(random, 6));
      const resource = resourceOf(watches.length);
      const first = below(random, 2);
      const listed = await list(rig.direct(first, token), it.pathOf(resource));
      await it.happens(below(random, 4));
      rig.balancer.prefer(1 - first);
      const before = rig.replicas[1 - first]!.server.watches;
      const target = others % 2 === 0 ? rig.direct(1 - first, token) : it.through;
      watches.push(await watchFrom(target, it.pathOf(resource), listed));
      // The API server may have had a connection to the first one left.
      others += rig.replicas[1 - first]!.server.watches - before;
      assert.ok(watches.length < 150, `${others} of ${watches.length} are at the other replica`);
    }
    await it.happens(60);
    await rig.settled();
    for (const [index, watching] of watches.entries()) {
      assert.equal(watching.isOver, false, `watch ${index} goes on`);
      await it.has(watching, resourceOf(index), `watch ${index}`);
    }
  } finally {
    for (const watching of watches) watching[Symbol.dispose]();
  }
});

Deno.test("who is too slow is ended, and goes on from there at another replica without a loss", async () => {
  await using it = await scene({ watchLimits: { minWatchMs: 600_000, maxPending: 50, lingerMs: 60_000 } });
  const { rig, world, token } = it;
  const path = it.pathOf("codertemplates");
  const listed = await list(rig.direct(0, token), path);
  const { metadata: { resourceVersion } } = listed;
  using slow = await openSlowly(
    rig.direct(0, token),
    `${path}?watch=true&resourceVersion=${resourceVersion}`,
  );
  const { server, resources } = rig.replicas[0]!;
  await waitFor(() => server.watches === 1, { what: "the watch", timeoutMs: PATIENCE_MS });
  const templates = world.homes[0]!.coder.state.templates;
  const { copy } = resources.backends()[0]!;
  for (let round = 0; server.watches > 0; round++) {
    assert.ok(round < 2_000, "a client that reads nothing is told more and more");
    const row = templates[round % templates.length]!;
    row["description"] = `${round}`.padEnd(100_000, "x");
    // As when a write of ours was answered.
    copy.observeTemplate({ ...copy.template(String(row["id"]))!, description: String(row["description"]) });
    await sleep(1);
  }
  const store = new Map(listed.items.map((item) => [keyText(keyOf(item)), item]));
  let version = resourceVersion;
  const lines = await slow.readAll();
  // What it has got is whole, and in order.
  assert.equal(lines.pop(), "");
  for (const line of lines) {
    const { type, object } = JSON.parse(line);
    assert.ok(
      type === "MODIFIED" && BigInt(object.metadata.resourceVersion) > BigInt(version),
      line.slice(0, 200),
    );
    version = object.metadata.resourceVersion;
    store.set(keyText(keyOf(object)), object);
  }
  assert.ok(lines.length > 0);
  assert.notEqual(version, resources.templates.collection.resourceVersion);
  using next = await watchFrom(rig.direct(1, token), path, {
    metadata: { resourceVersion: version },
    items: [...store.values()],
  });
  await it.has(next, "codertemplates", "the watch that goes on");
});

Deno.test("a watch with initial events is no older than what another replica has told, and says where they end", async () => {
  // Nor does this one end before it has told all: it is not opened again.
  await using it = await scene({ watchLimits: { minWatchMs: 600_000 } });
  const { rig, through, token } = it;
  const path = it.pathOf("coderworkspaces");
  await it.happens(20);
  for (const target of [rig.direct(1, token), through]) {
    const { metadata: { resourceVersion } } = await list(rig.direct(0, token), path);
    const query =
      "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    using watching = await watch(target, `${path}?${query}&resourceVersion=${resourceVersion}`);
    await waitFor(() => watching.bookmarks.length > 0, {
      what: "the end of the state",
      timeoutMs: PATIENCE_MS,
    });
    const [end] = watching.bookmarks;
    assert.equal(end?.metadata.annotations?.["k8s.io/initial-events-end"], "true");
    assert.ok(BigInt(end.metadata.resourceVersion ?? 0) >= BigInt(resourceVersion));
    await waitFor(() => watching.bookmarks.length > 2, {
      what: "bookmarks while nothing happens",
      timeoutMs: PATIENCE_MS,
    });
    assert.equal(watching.bookmarks[1]?.metadata.annotations, undefined);
    await it.happens(10);
    await rig.settled();
    await it.has(watching, "coderworkspaces", "the watch");
  }
});
