/** Many writers of a few objects at once: what was accepted is there exactly once, what was refused is not. */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../telemetry/testing/random.ts";
import { type Told, WriteBench } from "./testing/bench.ts";

const WRITES = 1_000;
const NAMES = ["a", "b", "c", "d", "e", "f", "g", "h"];

Deno.test("of a thousand concurrent writes every accepted one is there, and no refused one", async () => {
  const bench = new WriteBench();
  const random = seededRandom(20);
  NAMES.forEach((name) => bench.put(name));
  // Targets take their time, each call its own, so that writes overtake each other in all ways.
  bench.target.hook = async () => {
    for (let turns = below(random, 4); turns > 0; turns--) await Promise.resolve();
  };
  const accepted = new Map(NAMES.map((name) => [name, new Set<string>()]));
  const refused = new Set<string>();
  const write = async (index: number) => {
    const [name, label] = [pick(random, NAMES), `w${index}`];
    const { code, reason } = await oneOf(bench, random, name, label);
    if (code === 200) accepted.get(name)!.add(label);
    else {
      assert.deepEqual([code, reason], [409, "Conflict"]);
      refused.add(label);
    }
  };
  for (let done = 0; done < WRITES; done += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => write(done + index)));
  }
  for (const name of NAMES) {
    const { labels = {} } = (await bench.find(name))!.metadata;
    assert.deepEqual(Object.keys(labels).sort(), [...accepted.get(name)!].sort());
  }
  const count = [...accepted.values()].reduce((sum, { size }) => sum + size, 0);
  assert.equal(count + refused.size, WRITES);
  assert.ok(refused.size > 10 && count > WRITES / 4, `${refused.size} refused, ${count} accepted`);
  assert.equal(bench.records.length, WRITES);
});

/** Leaves a label of its own, one way or another. */
async function oneOf(bench: WriteBench, random: () => number, name: string, label: string): Promise<Told> {
  switch (below(random, 25) % 8) {
    // Seldom: each of these is an owner of its own for ever.
    case 7:
      return await bench.apply(name, { metadata: { labels: { [label]: "x" } } }, `fieldManager=${label}`);
    case 0:
    case 3:
    case 5:
      return await bench.ask("patch", name, { metadata: { labels: { [label]: "x" } } });
    case 1:
    case 4: {
      const object = (await bench.find(name))!;
      const labels = { ...object.metadata.labels, [label]: "x" };
      return await bench.ask("update", name, { ...object, metadata: { ...object.metadata, labels } });
    }
    default: {
      const { resourceVersion } = (await bench.find(name))!.metadata;
      return await bench.ask("patch", name, { metadata: { resourceVersion, labels: { [label]: "x" } } });
    }
  }
}
