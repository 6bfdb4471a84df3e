/** Random changes and failures: in the end the cache equals the server, and so does what a subscriber has heard. */
import assert from "node:assert/strict";
import { keyOf, keyText } from "../../api/object.ts";
import { KubeConnectionError } from "../errors.ts";
import { cacheRig, shownBy } from "../testing/cache_rig.ts";
import { type FakeApi, refusal } from "../testing/fake_api.ts";
import { settle } from "../testing/manual_clock.ts";
import { seededRandom, type Widget, widget, Widgets } from "../testing/objects.ts";

const NAMESPACES = ["a", "b"];
const broken = () => new KubeConnectionError("connection reset", { method: "GET", path: "/fuzz" });

/** A subscriber that keeps a copy of its own and checks that what it hears makes sense. */
function mirror() {
  const known = new Map<string, Widget>();
  return {
    known,
    handler: {
      added(object: Widget) {
        const key = keyText(keyOf(object));
        assert.equal(known.has(key), false, `${key} is added twice`);
        known.set(key, object);
      },
      updated(before: Widget, after: Widget) {
        const key = keyText(keyOf(after));
        assert.equal(known.get(key), before, `${key} changes from what was told last`);
        assert.equal(before.metadata.uid, after.metadata.uid, `${key} stays the same object`);
        known.set(key, after);
      },
      deleted(object: Widget) {
        const key = keyText(keyOf(object));
        assert.equal(known.get(key)?.metadata.uid, object.metadata.uid, `${key} was known when it went`);
        known.delete(key);
      },
    },
  };
}

/** One random thing that happens to the server or the connection. Returns what it wrote, if it wrote. */
function happen(
  api: FakeApi,
  random: () => number,
  freezing: boolean,
): { written?: Widget; deleted?: Widget } {
  const pick = (count: number) => Math.floor(random() * count);
  const key = { namespace: NAMESPACES[pick(2)]!, name: `w${pick(8)}` };
  const exists = `${key.namespace}/${key.name}` in api.truth(Widgets);
  const watches = api.watches();
  const watch = watches[pick(watches.length)];
  switch (pick(14)) {
    case 0:
      watch?.cut(broken());
      return {};
    case 1:
      watch?.close();
      return {};
    case 2:
      watch?.error({ kind: "Status", code: random() < 0.5 ? 410 : 500, reason: "", message: "fuzz" });
      return {};
    case 3:
      api.compact();
      return {};
    case 4:
      api.fail(
        random() < 0.5 ? "list" : "watch",
        random() < 0.5 ? broken() : refusal(503, "Unavailable"),
        1 + pick(3),
      );
      return {};
    case 5:
      api.expirePages();
      return {};
    case 6:
      api.bookmark();
      return {};
    case 7:
      api.hold(random() < 0.5);
      return {};
    case 8:
      if (watch !== undefined) watch.frozen = freezing;
      return {};
    case 9:
    case 10:
      return exists ? { deleted: api.delete(Widgets, key) } : {};
    default:
      return { written: api.put(Widgets, widget(`${key.namespace}/${key.name}`, pick(1000))) };
  }
}

/** Runs one sequence; every fourth write is our own, its answer observed now or a little later. */
async function sequence(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const watchList = (["supported", "refused", "ignored"] as const)[seed % 3]!;
  const { api, cache, clock, logged, start, stop } = cacheRig({ pageSize: 3, retry: { random } });
  api.watchList = watchList;
  const informer = cache.informer(Widgets, seed % 2 === 0 ? { namespaces: NAMESPACES } : {});
  informer.addIndex("size", ({ spec }) => [`${spec?.size}`]);
  const { known, handler } = mirror();
  informer.subscribe(handler);
  for (const name of ["w0", "w1", "w2", "w3", "w4"]) api.put(Widgets, widget(`a/${name}`));
  await start();
  const late: (() => void)[] = [];
  for (let round = 0; round < 120; round++) {
    const { written, deleted } = happen(api, random, true);
    if (written !== undefined && random() < 0.25) {
      if (random() < 0.5) informer.observe(written);
      else late.push(() => informer.observe(written));
    }
    if (deleted !== undefined && random() < 0.25) {
      informer.observeDeleted(deleted);
      assert.notEqual(informer.get(keyOf(deleted))?.metadata.uid, deleted.metadata.uid);
    }
    if (random() < 0.3) late.shift()?.();
    if (random() < 0.5) await settle();
    if (random() < 0.2) await clock.advance(random() * 20_000);
  }
  for (const answer of late) answer();
  api.heal();
  api.hold(false);
  for (const watch of api.watches()) if (!watch.frozen) api.bookmark();
  // Long enough for the longest pause, a frozen watch to be noticed and own writes to run out.
  await clock.advance(400_000);
  assert.deepEqual(shownBy(informer), api.truth(Widgets), `seed ${seed}: cache and server`);
  const heard = Object.fromEntries([...known].map(([key, object]) => [key, object.metadata.resourceVersion]));
  assert.deepEqual(heard, api.truth(Widgets), `seed ${seed}: what a subscriber heard and the server`);
  for (const object of informer.list()) {
    assert.ok(
      informer.byIndex("size", `${object.spec?.size}`).includes(object),
      `seed ${seed}: the index has it`,
    );
  }
  assert.equal(logged.some((line) => line.includes("threw")), false, `seed ${seed}: ${logged.join("\n")}`);
  await stop();
}

/** Without long silences no own write runs out: whoever reads sees no object go back in time, or come back to life. */
async function monotonicSequence(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { api, cache, clock, logged, start, stop } = cacheRig({ pageSize: 3, retry: { random } });
  const informer = cache.informer(Widgets);
  const { handler } = mirror();
  informer.subscribe(handler);
  const gone = new Set<string | undefined>();
  informer.subscribe({
    added: ({ metadata }) =>
      assert.equal(gone.has(metadata.uid), false, `${metadata.name} comes back to life`),
    updated: (before, after) => {
      const [from, to] = [before, after].map(({ metadata }) => api.order(metadata.resourceVersion ?? ""));
      assert.ok(from! < to!, `${after.metadata.name} goes from ${from} back to ${to}`);
    },
    deleted: ({ metadata }) => void gone.add(metadata.uid),
  });
  await start();
  const late: (() => void)[] = [];
  for (let round = 0; round < 150; round++) {
    const { written, deleted } = happen(api, random, false);
    const answer = () => {
      if (written !== undefined) informer.observe(written);
      if (deleted !== undefined) informer.observeDeleted(deleted);
    };
    // One writer a key: answers come in order, but now and then after the watch.
    late.push(answer);
    if (random() < 0.15) { for (const due of late.splice(0)) due(); }
    if (random() < 0.5) await settle();
    if (random() < 0.3) await clock.advance(random() * 400);
  }
  assert.deepEqual(logged.filter((line) => line.includes("threw")), [], `seed ${seed}`);
  api.heal();
  api.hold(false);
  await clock.advance(400_000);
  assert.deepEqual(shownBy(informer), api.truth(Widgets), `seed ${seed}: cache and server`);
  await stop();
}

const SEEDS = 100;
const PER_TEST = 50;

for (let first = 0; first < SEEDS; first += PER_TEST) {
  const seeds = `seeds ${first} to ${first + PER_TEST - 1}`;
  Deno.test(`random changes, cuts, 410s, freezes and failures end in the server's truth (${seeds})`, async () => {
    for (let seed = first; seed < first + PER_TEST; seed++) await sequence(seed);
  });
  Deno.test(`own writes among them never make an object go back in time (${seeds})`, async () => {
    for (let seed = first; seed < first + PER_TEST; seed++) await monotonicSequence(seed);
  });
}
