import assert from "node:assert/strict";
import type { Workspace } from "../../coder/mod.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { agent, build, uuid, workspace } from "../testing/records.ts";
import { type HotOptions, HotSet } from "./hot.ts";

function building(number: number, status = "starting"): Workspace {
  return workspace({ id: uuid(number), latest_build: build({ status }) });
}

function rig(options: Partial<HotOptions> = {}) {
  const clock = new FakeClock();
  const looks: string[] = [];
  const end = new AbortController();
  let failure: Error | undefined;
  const set = new HotSet({
    clock,
    look(id) {
      looks.push(`${Number(id.slice(-4))} ${clock.now()}`);
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
    ...options,
  });
  return {
    clock,
    set,
    looks,
    fail: (error: Error | undefined) => failure = error,
    start: () => void set.run(end.signal),
    async [Symbol.asyncDispose]() {
      end.abort();
      await settle();
    },
  };
}

Deno.test("what is being built is looked at within a second, again and again, what is at rest is not", async () => {
  await using it = rig();
  it.start();
  it.set.told(building(1));
  it.set.told(workspace({ id: uuid(2) }));
  assert.equal(it.set.size, 1);
  await it.clock.advance(3_000);
  assert.deepEqual(it.looks, ["1 800", "1 1600", "1 2400"]);
  it.set.told(workspace({ id: uuid(1) }));
  await it.clock.advance(5_000);
  assert.equal(it.looks.length, 3);
  assert.equal(it.set.size, 0);
});

Deno.test("agents that are about to come are waited for", async () => {
  await using it = rig();
  it.start();
  const resources = [{ agents: [agent({ status: "connecting" })] }];
  it.set.told(workspace({ id: uuid(1), latest_build: build({ resources }) }));
  await it.clock.advance(1_500);
  assert.equal(it.looks.length, 1);
});

Deno.test("many at once share two and a half looks a second", async () => {
  await using it = rig();
  it.start();
  for (let number = 1; number <= 20; number++) it.set.told(building(number));
  await it.clock.advance(11_000);
  assert.ok(it.looks.length >= 20 && it.looks.length <= 27, String(it.looks.length));
  assert.equal(new Set(it.looks.map((look) => look.split(" ", 1)[0])).size, 20);
});

Deno.test("what does not change is looked at less often, and at last not at all", async () => {
  await using it = rig();
  it.start();
  it.set.told(building(1, "pending"));
  await it.clock.advance(120_000);
  const first = it.looks.length;
  assert.ok(first > 80);
  await it.clock.advance(480_000);
  assert.ok(it.looks.length - first <= 100);
  await it.clock.advance(60_000);
  const all = it.looks.length;
  await it.clock.advance(600_000);
  assert.equal(it.looks.length, all);
  assert.equal(it.set.size, 0);
  it.set.told(building(1));
  await it.clock.advance(1_500);
  assert.equal(it.looks.length, all + 1);
});

Deno.test("what Coder calls deleted is looked at by its id at once", async () => {
  await using it = rig();
  it.start();
  it.set.told(building(1, "deleting"));
  await it.clock.advance(100);
  it.set.told(building(1, "deleted"));
  await it.clock.advance(100);
  assert.deepEqual(it.looks, ["1 100"]);
  it.set.gone(uuid(1));
  await it.clock.advance(5_000);
  assert.equal(it.looks.length, 1);
});

Deno.test("a Coder that does not answer is not looked at every second", async () => {
  await using it = rig();
  it.fail(new Error("down"));
  it.start();
  it.set.told(building(1));
  await it.clock.advance(21_000);
  assert.ok(it.looks.length <= 5, String(it.looks.length));
  it.fail(undefined);
  await it.clock.advance(10_000);
  assert.ok(it.looks.length >= 9);
});

/** Streams that tests begin and end. */
function streams() {
  const open = new Map<string, { begun: () => void; end: (error?: Error) => void; signal: AbortSignal }>();
  return {
    open,
    follow: (id: string, begun: () => void, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        const end = (error?: Error) => {
          open.delete(id);
          if (error === undefined) resolve();
          else reject(error);
        };
        signal.addEventListener("abort", () => end());
        open.set(id, { begun, end, signal });
      }),
  };
}

Deno.test("what is followed by a stream is looked at seldom", async () => {
  const { open, follow } = streams();
  await using it = rig({ follow });
  it.start();
  it.set.told(building(1));
  await it.clock.advance(100);
  open.get(uuid(1))?.begun();
  await it.clock.advance(46_000);
  assert.ok(it.looks.length <= 4, String(it.looks.length));
  assert.equal(it.set.streams, 1);
  it.set.told(workspace({ id: uuid(1) }));
  await it.clock.advance(100);
  assert.deepEqual([open.size, it.set.streams], [0, 0]);
});

Deno.test("a stream that does not begin, or breaks, leaves it to looks and is opened again", async () => {
  const { open, follow } = streams();
  await using it = rig({ follow });
  it.start();
  it.set.told(building(1));
  await it.clock.advance(1_500);
  assert.equal(it.looks.length, 1);
  open.get(uuid(1))?.begun();
  await it.clock.advance(1_000);
  const before = it.looks.length;
  open.get(uuid(1))?.end(new Error("broken"));
  await it.clock.advance(3_000);
  assert.ok(it.looks.length > before);
  assert.equal(open.size, 0);
  await it.clock.advance(4_000);
  assert.equal(open.size, 1);
});

Deno.test("no more streams than allowed are open", async () => {
  const { open, follow } = streams();
  await using it = rig({ follow, mostStreams: 3 });
  it.start();
  for (let number = 1; number <= 10; number++) it.set.told(building(number));
  await it.clock.advance(100);
  assert.equal(open.size, 3);
});

Deno.test("the end closes all streams and leaves no timer", async () => {
  const { open, follow } = streams();
  const it = rig({ follow });
  it.start();
  it.set.told(building(1));
  await it.clock.advance(100);
  await it[Symbol.asyncDispose]();
  await it.clock.advance(60_000);
  assert.deepEqual([open.size, it.set.size, it.clock.pendingTimers], [0, 0, 0]);
});
