/** Replicas that write the same records at once, while requests and answers are lost and news are late. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { settle } from "../kube/testing/manual_clock.ts";
import { seededRandom } from "../kube/testing/objects.ts";
import { type Clock, systemClock } from "../kube/clock.ts";
import { lostAnswer, MemoryCluster, type Replica, shadowOf, startReplica } from "./testing.ts";

/** Waits between attempts take no time. */
const hasty: Clock = { ...systemClock, sleep: (ms, end) => systemClock.sleep(ms <= 1_600 ? 0 : ms, end) };

interface Story {
  /** Labels that were stored, in order, as the API server saw them. */
  readonly stored: string[];
  readonly accepted: Set<string>;
  readonly refused: Set<string>;
  readonly unknown: Set<string>;
}

async function play(seed: number): Promise<Story> {
  const random = seededRandom(seed);
  const cluster = new MemoryCluster();
  const story: Story = { stored: [], accepted: new Set(), refused: new Set(), unknown: new Set() };
  cluster.before = async () => {
    if (random() < 0.3) await settle();
    if (random() < 0.05) throw lostAnswer();
  };
  cluster.after = async (verb, { namespace, name }) => {
    if (verb === "create" || verb === "update") {
      const object = cluster.configMaps().find(({ metadata }) =>
        metadata.namespace === namespace && metadata.name === name
      );
      story.stored.push(JSON.parse(object?.data?.["record"] ?? "").metadata.labels.label);
    }
    if (random() < 0.3) await settle();
    if (random() < 0.1) throw lostAnswer();
  };
  const replicas = [startReplica(cluster, { clock: hasty }), startReplica(cluster, { clock: hasty })];
  await Promise.all(replicas.map(({ keepings, signal }) => keepings.whenSynced(signal)));
  let number = 0;
  const writer = async ({ keeping: { shadows }, signal }: Replica) => {
    for (let turn = 0; turn < 12; turn++) {
      const id = random() < 0.5 ? "a" : "b";
      const label = `w${number++}`;
      if (random() < 0.2) cluster.api.hold(random() < 0.5);
      try {
        const { version } =
          (random() < 0.5 ? await shadows.read("workspaces", id, signal) : shadows.get("workspaces", id)) ??
            {};
        const stored = await shadows.write(shadowOf(id, label), version, signal);
        story[stored === undefined ? "refused" : "accepted"].add(label);
      } catch {
        story.unknown.add(label);
      }
    }
  };
  await Promise.all([...replicas, ...replicas, ...replicas].map(writer));
  cluster.before = cluster.after = undefined;
  cluster.api.hold(false);
  await settle();
  const truth = (id: string) =>
    cluster.configMaps().map(({ data }) => JSON.parse(data?.["record"] ?? "")).find((record) =>
      record.id === id
    );
  for (const { keeping } of replicas) {
    for (const id of ["a", "b"]) {
      deepEqual(
        keeping.shadows.get("workspaces", id)?.record,
        truth(id),
        `seed ${seed}: all know the last state`,
      );
    }
  }
  for (const replica of replicas) await replica[Symbol.asyncDispose]();
  return story;
}

Deno.test("every write that was accepted was stored once, and none that was refused", async () => {
  let refusals = 0;
  let doubts = 0;
  for (let seed = 1; seed <= 25; seed++) {
    const { stored, accepted, refused, unknown } = await play(seed);
    equal(new Set(stored).size, stored.length, `seed ${seed}: nothing is stored twice`);
    const all = new Set(stored);
    for (const label of accepted) ok(all.has(label), `seed ${seed}: ${label} was accepted and not stored`);
    for (const label of refused) ok(!all.has(label), `seed ${seed}: ${label} was refused and stored`);
    for (const label of all) ok(accepted.has(label) || unknown.has(label), `seed ${seed}: ${label}`);
    refusals += refused.size;
    doubts += unknown.size;
  }
  ok(refusals > 100, "writers were in each other's way");
  ok(doubts < refusals / 2, "and seldom left in doubt");
});
