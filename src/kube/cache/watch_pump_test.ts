import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { WatchEvent } from "../client.ts";
import { SilentWatchError } from "./reflector_failure.ts";
import { FakeWatch } from "../testing/fake_watch.ts";
import { ManualClock, settle } from "../testing/manual_clock.ts";
import { widget } from "../testing/objects.ts";
import { pumpWatch } from "./watch_pump.ts";

const event = (name: string): WatchEvent<KubeObject> => ({ type: "ADDED", object: widget(name) });

/** A watch that is being read; silence counts after 90 s unless told otherwise. */
function reading(onEvent?: (event: WatchEvent<KubeObject>) => void, silentMs = () => 90_000) {
  const clock = new ManualClock();
  const abort = new AbortController();
  const watch = new FakeWatch(undefined, () => {}, (object) => object);
  const heard: (string | undefined)[] = [];
  const take = onEvent ?? ((line) => void heard.push((line.object as KubeObject).metadata.name));
  const done = pumpWatch(watch, take, {
    clock,
    signal: abort.signal,
    silentAt: (lastSign) => lastSign + silentMs(),
    silence: () => new SilentWatchError("silent", "stalled"),
  });
  done.catch(() => {});
  return { clock, abort, watch, heard, done };
}

Deno.test("events are handed over in order until the server closes the watch", async () => {
  const { watch, heard, done, clock } = reading();
  watch.send(event("one"));
  watch.send(event("two"));
  await settle();
  watch.send(event("three"));
  watch.close();
  await done;
  assert.deepEqual(heard, ["one", "two", "three"]);
  assert.equal(clock.sleeping, 0, "no timer is left");
});

Deno.test("a broken connection throws what the stream throws", async () => {
  const { watch, done, clock } = reading();
  watch.cut(new Error("reset by peer"));
  await assert.rejects(done, /reset by peer/);
  assert.equal(clock.sleeping, 0);
});

Deno.test("an event that cannot be handled ends the reading", async () => {
  const { watch, done } = reading(() => {
    throw new Error("ERROR line");
  });
  watch.send(event("one"));
  await assert.rejects(done, /ERROR line/);
});

Deno.test("an abort ends even a frozen watch at once, with the abort's reason", async () => {
  const { watch, abort, done, clock } = reading();
  watch.frozen = true;
  abort.abort(new Error("shutting down"));
  await assert.rejects(done, /shutting down/);
  assert.equal(clock.sleeping, 0);
});

Deno.test("a signal that is aborted already ends it at once", async () => {
  const watch = new FakeWatch(undefined, () => {}, (object) => object);
  const done = pumpWatch(watch, () => {}, {
    clock: new ManualClock(),
    signal: AbortSignal.abort(new Error("never mind")),
    silentAt: () => Infinity,
    silence: () => new SilentWatchError("silent", "stalled"),
  });
  await assert.rejects(done, /never mind/);
});

Deno.test("silence for too long is an error, and every event puts it off", async () => {
  const { watch, clock, done, heard } = reading();
  const failures: unknown[] = [];
  done.catch((error) => failures.push(error));
  for (const name of ["one", "two", "three"]) {
    await clock.advance(80_000);
    assert.deepEqual(failures, []);
    watch.send(event(name));
    await settle();
  }
  await clock.advance(89_999);
  assert.deepEqual(failures, []);
  await clock.advance(1);
  assert.equal(failures.length, 1);
  await assert.rejects(done, { name: "SilentWatchError", kind: "stalled" });
  assert.deepEqual(heard, ["one", "two", "three"]);
});

Deno.test("an event may shorten how long silence may last", async () => {
  let limit = 90_000;
  const { watch, clock, done, heard } = reading(undefined, () => limit);
  await clock.advance(1_000);
  limit = 5_000;
  watch.send(event("one"));
  await clock.advance(4_999);
  assert.deepEqual(heard, ["one"]);
  await clock.advance(1);
  assert.equal(clock.sleeping, 0);
  await assert.rejects(done, SilentWatchError);
});

Deno.test("how long silence may last can change while it is read", async () => {
  let limit = 10_000;
  const { watch, clock, done } = reading(undefined, () => limit);
  let failed = false;
  done.catch(() => failed = true);
  limit = 90_000;
  await clock.advance(50_000);
  assert.equal(failed, false);
  watch.close();
  await done;
});

Deno.test("after the end nothing is handed over any more, whatever the stream does", async () => {
  const { watch, clock, done, heard } = reading();
  watch.frozen = true;
  watch.send(event("late"));
  await clock.advance(90_000);
  await assert.rejects(done, SilentWatchError);
  watch.frozen = false;
  watch.send(event("later"));
  await settle();
  assert.deepEqual(heard, []);
});
