/**
 * Two replicas with a Coder that is asked seldom, beside one that is not and moves versions on all the time; and
 * clients that go from one to the other.
 */
import assert from "node:assert/strict";
import { type Backend, createDeploymentCopy } from "../../inventory/mod.ts";
import { ModelCoder } from "../../inventory/testing/model_coder.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { Resources } from "./resources.ts";
import { START } from "./testing.ts";

const MINUTE = 60_000;

interface Seldom {
  readonly seed: number;
  /** How seldom the replicas ask. */
  readonly pollMs: number;
}

function scene({ seed, pollMs }: Seldom) {
  const random = seededRandom(seed);
  const clock = new FakeClock();
  const coder = new ModelCoder(clock);
  const quick = new ModelCoder(clock);
  const end = new AbortController();
  const running: Promise<void>[] = [];
  const start = () => {
    const wallTime = () => START + Math.floor(clock.now());
    const resources = new Resources({ wallTime });
    const backends: Backend[] = [];
    for (
      const [id, source, everyMs] of [["a/seldom", coder, pollMs], ["b/quick", quick, 30_000]] as const
    ) {
      const [namespace] = id.split("/");
      const backend = { id, namespace, naming: "Auto", createdAt: "" } as unknown as Backend;
      const listener = resources.listen(backend);
      const copy = createDeploymentCopy({ source, clock, wallTime, random, listener, pollMs: everyMs });
      Object.assign(backend, { copy });
      backends.push(backend);
    }
    resources.of({ list: () => backends });
    for (const { copy } of backends) running.push(copy.run(end.signal));
    return resources.templates.collection;
  };
  return {
    clock,
    coder,
    start,
    async [Symbol.asyncDispose]() {
      end.abort();
      await settle();
      await Promise.all(running);
    },
  };
}

type Collection = ReturnType<ReturnType<typeof scene>["start"]>;

/** Lists at one, and watches at the other from there. */
function move(from: Collection, to: Collection) {
  const { items, resourceVersion } = from.list("a");
  const store = new Map(items.map(({ metadata, spec }) => [metadata.uid, spec.displayName]));
  const take = (type: string, uid: string | undefined, name: string | undefined) => {
    if (type === "DELETED") store.delete(uid);
    else store.set(uid, name);
  };
  const watch = to.watch({ namespace: "a", begin: { version: resourceVersion } }, {
    change: ({ type, object }) => take(type, object.metadata.uid, object.spec.displayName),
    ended: () => {},
  });
  for (const { type, object } of watch?.changes ?? []) {
    take(type, object.metadata.uid, object.spec.displayName);
  }
  return { store, watch };
}

Deno.test("what one replica has seen long before the other one, nobody loses who goes to it", async () => {
  await using it = scene({ seed: 11, pollMs: 10 * MINUTE });
  const { clock, coder } = it;
  const template = coder.addTemplate("t");
  const late = it.start();
  await clock.advance(5 * MINUTE);
  const early = it.start();
  const shown = (collection: Collection) => collection.list("a").items[0]?.spec.displayName;
  const until = async (isSo: () => boolean) => {
    for (let minutes = 0; !isSo(); minutes++) {
      assert.ok(minutes < 60);
      await clock.advance(MINUTE);
    }
  };
  // Templates are listed every twenty minutes: twice by both, before anything happens.
  for (const name of ["first", "second", "third"]) {
    coder.templates.set(template.id, { ...template, display_name: name });
    await until(() => shown(late) === name);
  }
  coder.templates.set(template.id, { ...template, display_name: "news" });
  await until(() => shown(early) === "news");
  await clock.advance(8 * MINUTE);
  assert.equal(shown(late), "third");
  const { store, watch } = move(late, early);
  assert.ok(watch, "nobody is refused");
  assert.deepEqual([...store.values()], ["news"]);
});

Deno.test("what has not been looked at for long is told to be of a time long ago, and is taken by who is as slow", async () => {
  await using it = scene({ seed: 21, pollMs: 10 * MINUTE });
  const { clock, coder } = it;
  coder.addTemplate("t");
  const slow = it.start();
  await clock.advance(4 * MINUTE + 5_000);
  // Nothing of the past of others is known to one that has only begun.
  const other = it.start();
  await clock.advance(15_000);
  slow.checkpoint();
  assert.equal(move(slow, other).watch, undefined);
  await clock.advance(23 * MINUTE);
  slow.checkpoint();
  assert.ok(move(slow, other).watch);
});
