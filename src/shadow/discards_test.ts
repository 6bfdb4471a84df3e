import { deepEqual, equal } from "node:assert/strict";
import { settle } from "../kube/testing/manual_clock.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { addressOf, type Kept } from "./config_map.ts";
import { Discards } from "./discards.ts";
import { acme, shadowOf } from "./testing.ts";

function keptOf(id: string): Kept {
  const record = shadowOf(id);
  return { address: addressOf("shadow", record), owner: acme.id, uid: acme.uid, record, version: `v-${id}` };
}

function rig(remove: (id: string, signal: AbortSignal) => Promise<boolean>) {
  const { logger, lines } = recordingLogger();
  const removed: string[] = [];
  const discards = new Discards({
    async remove(_owner, { key }, version, signal) {
      const isDone = await remove(key, signal);
      removed.push(`${key} ${version}`);
      return isDone;
    },
  }, logger);
  return { discards, removed, lines };
}

Deno.test("what is gone is removed, whether it was told of before the start or after", async () => {
  const { discards, removed } = rig(() => Promise.resolve(true));
  discards.add(acme, keptOf("a"));
  discards.add(acme, keptOf("a"));
  await settle();
  deepEqual(removed, []);
  const end = new AbortController();
  const run = discards.run(end.signal);
  await settle();
  deepEqual(removed, ["a v-a"]);
  discards.add(acme, keptOf("b"));
  discards.add(acme, keptOf("c"));
  await settle();
  deepEqual(removed, ["a v-a", "b v-b", "c v-c"]);
  end.abort();
  await run;
});

Deno.test("what cannot be removed holds up nothing else", async () => {
  const { discards, removed, lines } = rig((id) =>
    id === "a" ? Promise.reject(new Error("no")) : Promise.resolve(true)
  );
  discards.add(acme, keptOf("a"));
  discards.add(acme, keptOf("b"));
  const end = new AbortController();
  const run = discards.run(end.signal);
  await settle();
  deepEqual(removed, ["b v-b"]);
  deepEqual(lines.map(({ level }) => level), ["debug"]);
  end.abort();
  await run;
});

Deno.test("it ends at once when it should, in the middle of a removal as well", async () => {
  const { discards, removed, lines } = rig((_, signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  );
  discards.add(acme, keptOf("a"));
  discards.add(acme, keptOf("b"));
  const end = new AbortController();
  const run = discards.run(end.signal);
  await settle();
  end.abort(new Error("stop"));
  await run;
  deepEqual(removed, []);
  equal(lines.length, 0, "an end is no failure");
  await discards.run(end.signal);
});
