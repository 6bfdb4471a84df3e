import assert from "node:assert/strict";
import { CountingMetrics } from "../../../kube/testing/counting_metrics.ts";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { createWriter } from "../answer/writer.ts";
import { readWatchOptions } from "../query/list_options.ts";
import type { RequestContext } from "../storage.ts";
import { gadget, gadgetDefinition } from "../testing/gadgets.ts";
import { MemoryStorage } from "../testing/memory_storage.ts";
import { RecordingOutlet } from "../testing/outlets.ts";
import { Gathering } from "./gathering.ts";
import { WatchRegistry } from "./watch_registry.ts";
import { WATCH_LIMITS } from "./watch_stream.ts";

const context: RequestContext = {
  user: { name: "jane", groups: [], extra: {} },
  signal: new AbortController().signal,
  warn() {},
};

async function rig(gathering?: Gathering) {
  const metrics = new CountingMetrics();
  const registry = new WatchRegistry(metrics.counter("ends"), gathering);
  const storage = new MemoryStorage(gadgetDefinition, 100n);
  let begun = 0;
  const open = async (query = "") => {
    const options = readWatchOptions(new URLSearchParams(query));
    const outlet = new RecordingOutlet();
    registry.open(
      {
        source: await storage.watch({ start: options.start }, context),
        writer: createWriter(gadgetDefinition, Date.now),
        form: { as: "object" },
        options,
        outlet,
        clock: new FakeClock(),
        limits: WATCH_LIMITS,
        onBegun: () => void begun++,
        onEnd() {},
      } as Parameters<typeof registry.open>[0],
    );
    return outlet;
  };
  await Promise.resolve();
  return { metrics, registry, storage, open, begun: () => begun };
}

Deno.test("watches are counted while they are open, and by how they end", async () => {
  const { registry, open, metrics, begun } = await rig();
  const [first] = await Promise.all([open(), open()]);
  assert.deepEqual([registry.size, begun()], [2, 2]);
  first!.close();
  assert.deepEqual([registry.size, metrics.get("ends", { reason: "gone" })], [1, 1]);
});

Deno.test("a watch that ends while it begins was never open", async () => {
  const { registry, open, storage, metrics, begun } = await rig();
  storage.put({ apiVersion: "", kind: "", metadata: { name: "a", namespace: "n" }, spec: { color: "red" } });
  storage.compact();
  const outlet = await open("resourceVersion=1");
  assert.deepEqual(outlet.told, ["ERROR Expired"]);
  assert.deepEqual([registry.size, metrics.get("ends", { reason: "refused" }), begun()], [0, 1, 1]);
});

Deno.test("all end in order at once, and what is opened later ends when it has told its state", async () => {
  const { registry, open, metrics } = await rig();
  const outlets = [await open(), await open("allowWatchBookmarks=1&resourceVersion=100")];
  registry.finishAll();
  outlets.push(await open());
  assert.deepEqual(outlets.map(({ state }) => state), ["ended", "ended", "ended"]);
  assert.deepEqual([registry.size, metrics.get("ends", { reason: "over" })], [0, 3]);
  assert.deepEqual(outlets[1]!.told, ["BOOKMARK"]);
});

Deno.test("other streams end with the watches, unless they ended before", async () => {
  const { registry } = await rig();
  const finished: string[] = [];
  registry.add({ finish: () => void finished.push("a") });
  registry.add({ finish: () => void finished.push("b") })();
  registry.finishAll();
  registry.add({ finish: () => void finished.push("c") });
  assert.deepEqual(finished, ["a", "c"]);
});

Deno.test("changes wait for each other, and for none of them when the server shuts down", async () => {
  const clock = new FakeClock();
  const { registry, storage, open } = await rig(new Gathering(clock, 10));
  const outlet = await open();
  storage.put(gadget("n", "a"));
  storage.put(gadget("n", "b"));
  assert.deepEqual(outlet.pieces, []);
  await clock.advance(10);
  assert.deepEqual([outlet.pieces.length, outlet.told], [1, ["ADDED a", "ADDED b"]]);
  storage.put(gadget("n", "c"));
  registry.finishAll();
  assert.deepEqual([outlet.told.at(-1), outlet.state, clock.pendingTimers], ["ADDED c", "ended", 0]);
});
