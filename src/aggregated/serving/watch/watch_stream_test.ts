import assert from "node:assert/strict";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { createWriter } from "../answer/writer.ts";
import { readWatchOptions } from "../query/list_options.ts";
import { allFields, selectionOf } from "../query/selection.ts";
import { expired, serviceUnavailable } from "../status_errors.ts";
import type { ChangeListener, RequestContext, WatchSource } from "../storage.ts";
import { type Gadget, gadget, gadgetDefinition } from "../testing/gadgets.ts";
import { MemoryStorage } from "../testing/memory_storage.ts";
import { RecordingOutlet } from "../testing/outlets.ts";
import { WATCH_LIMITS, type WatchEnd, type WatchLimits, WatchStream } from "./watch_stream.ts";

const context: RequestContext = {
  user: { name: "jane", groups: [], extra: {} },
  signal: new AbortController().signal,
  warn() {},
};
const STATE = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

interface Rig {
  storage: MemoryStorage<Gadget>;
  outlet: RecordingOutlet;
  clock: FakeClock;
  ends: WatchEnd[];
  events: () => number;
  mistakes: unknown[];
  stream: WatchStream<Gadget>;
}

async function open(
  query: string,
  setup: {
    storage?: MemoryStorage<Gadget>;
    limits?: Partial<WatchLimits>;
    outlet?: RecordingOutlet;
    wrap?: (source: WatchSource<Gadget>) => WatchSource<Gadget>;
    table?: boolean;
    later?: (work: () => void) => void;
  } = {},
): Promise<Rig> {
  const {
    storage = new MemoryStorage(gadgetDefinition, 100n),
    outlet = new RecordingOutlet(),
    limits,
    wrap,
  } = setup;
  const clock = new FakeClock();
  const options = readWatchOptions(new URLSearchParams(`watch=1&${query}`));
  const source = await storage.watch({ start: options.start }, context);
  const ends: WatchEnd[] = [];
  const mistakes: unknown[] = [];
  let events = 0;
  const stream = new WatchStream<Gadget>({
    source: wrap?.(source) ?? source,
    writer: createWriter(gadgetDefinition, () => Date.parse("2026-01-01T00:00:01Z")),
    form: setup.table ? { as: "table", includeObject: "Metadata" } : { as: "object" },
    options,
    selects: selectionOf(options, allFields(gadgetDefinition.selectableFields)),
    outlet,
    clock,
    limits: { ...WATCH_LIMITS, ...limits },
    random: () => 0.5,
    onEvent: () => void events++,
    onMistake: (error) => void mistakes.push(error),
    onEnd: (end) => void ends.push(end),
    ...(setup.later === undefined ? {} : { later: setup.later }),
  });
  return { storage, outlet, clock, ends, events: () => events, mistakes, stream };
}

/** With objects a, b and c. */
function filled(): MemoryStorage<Gadget> {
  const storage = new MemoryStorage(gadgetDefinition, 100n);
  for (const name of ["b", "a", "c"]) storage.put(gadget("n", name));
  return storage;
}

Deno.test("a watch without a version begins with the state, in order, and goes on with changes", async () => {
  const { storage, outlet, events } = await open("", { storage: filled() });
  assert.deepEqual(outlet.told, ["ADDED a", "ADDED b", "ADDED c"]);
  storage.put(gadget("n", "b", { color: "blue" }));
  storage.remove({ namespace: "n", name: "c" });
  storage.put(gadget("n", "d"));
  assert.deepEqual(outlet.told.slice(3), ["MODIFIED b", "DELETED c", "ADDED d"]);
  assert.equal(events(), 6);
});

Deno.test("a watch from a version tells what has happened since, and what happens", async () => {
  const storage = filled();
  const { version } = storage;
  storage.put(gadget("n", "d"));
  storage.remove({ namespace: "n", name: "a" });
  const { outlet } = await open(`resourceVersion=${version}`, { storage });
  assert.deepEqual(outlet.told, ["ADDED d", "DELETED a"]);
  storage.put(gadget("n", "e"));
  assert.deepEqual(outlet.told.slice(2), ["ADDED e"]);
});

Deno.test("a watch from now tells nothing of the state", async () => {
  const { outlet, storage } = await open("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", {
    storage: filled(),
  });
  assert.deepEqual(outlet.told, []);
  storage.put(gadget("n", "d"));
  assert.deepEqual(outlet.told, ["ADDED d"]);
});

Deno.test("the end of the initial events is marked by an annotated bookmark with the version of the state", async () => {
  const storage = filled();
  const { outlet } = await open(`${STATE}&allowWatchBookmarks=true`, { storage });
  assert.deepEqual(outlet.told, ["ADDED a", "ADDED b", "ADDED c", "BOOKMARK"]);
  const { metadata } = outlet.frames[3].object;
  assert.deepEqual(metadata, {
    resourceVersion: storage.version,
    annotations: { "k8s.io/initial-events-end": "true" },
  });
});

Deno.test("the end of an empty state is marked, too", async () => {
  const { outlet } = await open(`${STATE}&allowWatchBookmarks=true`);
  assert.deepEqual(outlet.told, ["BOOKMARK"]);
});

Deno.test("who allows no bookmarks gets none", async () => {
  const { outlet, clock, stream } = await open(STATE, { storage: filled() });
  await clock.advance(10 * 60_000);
  stream.finish();
  assert.deepEqual(outlet.told, ["ADDED a", "ADDED b", "ADDED c"]);
});

Deno.test("bookmarks come about every minute, with the version up to which all was told", async () => {
  const { storage, outlet, clock } = await open("allowWatchBookmarks=1&resourceVersion=100");
  await clock.advance(61_000);
  storage.put(gadget("n", "a"));
  await clock.advance(61_000);
  assert.deepEqual(outlet.told, ["BOOKMARK", "ADDED a", "BOOKMARK"]);
  assert.deepEqual(outlet.frames.map(({ object }) => object.metadata.resourceVersion), ["100", "101", "101"]);
  assert.equal(outlet.frames[2].object.metadata.annotations, undefined);
});

Deno.test("a watcher sees objects come into and go out of its selection", async () => {
  const storage = filled();
  const { outlet } = await open("fieldSelector=spec.color%3Dred&labelSelector=!hidden", { storage });
  storage.put(gadget("n", "a", { color: "blue" }));
  storage.put(gadget("n", "a", { color: "green" }));
  storage.put(gadget("n", "a", { color: "red" }));
  storage.put(gadget("n", "b", { labels: { hidden: "yes" } }));
  storage.remove({ namespace: "n", name: "b" });
  storage.put(gadget("n", "c", { size: 4 }));
  assert.deepEqual(outlet.told.slice(3), ["DELETED a", "ADDED a", "DELETED b", "MODIFIED c"]);
});

Deno.test("a watch ends in order when its time is over, with a last bookmark", async () => {
  const { outlet, clock, ends, storage } = await open(
    "timeoutSeconds=30&allowWatchBookmarks=true&resourceVersion=100",
  );
  await clock.advance(29_999);
  assert.deepEqual(ends, []);
  await clock.advance(1);
  assert.deepEqual([ends, outlet.state, outlet.told], [["over"], "ended", ["BOOKMARK"]]);
  assert.equal(storage.watchers, 0);
  outlet.close();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("without a wish of the client a watch ends after half an hour to an hour", async () => {
  const { clock, ends } = await open("");
  await clock.advance(45 * 60_000 - 1);
  assert.deepEqual(ends, []);
  await clock.advance(1);
  assert.deepEqual(ends, ["over"]);
});

Deno.test("a client that goes away leaves nothing behind", async () => {
  const { outlet, clock, ends, storage } = await open("allowWatchBookmarks=true&resourceVersion=100");
  outlet.close();
  assert.deepEqual([ends, storage.watchers, clock.pendingTimers], [["gone"], 0, 0]);
  storage.put(gadget("n", "a"));
  assert.deepEqual(outlet.told, []);
});

Deno.test("a slow client is waited for, and then told everything in order", async () => {
  const { outlet, storage } = await open("resourceVersion=100");
  outlet.isSlow = true;
  for (const name of ["a", "b", "c"]) storage.put(gadget("n", name));
  assert.deepEqual(outlet.told, ["ADDED a"]);
  outlet.drain();
  assert.deepEqual(outlet.told, ["ADDED a", "ADDED b", "ADDED c"]);
});

Deno.test("a client that is too slow is given up without having lost anything in between", async () => {
  const { outlet, storage, ends, clock } = await open("resourceVersion=100", { limits: { maxPending: 3 } });
  outlet.isSlow = true;
  for (const name of ["a", "b", "c", "d"]) storage.put(gadget("n", name));
  assert.deepEqual(ends, []);
  storage.put(gadget("n", "e"));
  assert.deepEqual([ends, outlet.state, outlet.told, storage.watchers], [["slow"], "ended", ["ADDED a"], 0]);
  await clock.advance(5_000);
  assert.equal(outlet.state, "destroyed");
});

Deno.test("a client that takes the rest in time is not cut off", async () => {
  const { outlet, clock, stream } = await open("");
  stream.finish();
  outlet.close();
  await clock.advance(60_000);
  assert.equal(outlet.state, "ended");
});

Deno.test("a long history is no slowness", async () => {
  const storage = filled();
  for (let turn = 0; turn < 20; turn++) storage.put(gadget("n", "a", { size: turn }));
  const outlet = new RecordingOutlet();
  outlet.isSlow = true;
  const { ends } = await open("resourceVersion=100", { storage, outlet, limits: { maxPending: 3 } });
  storage.put(gadget("n", "b"));
  assert.deepEqual(ends, []);
  outlet.drain();
  assert.equal(outlet.told.length, 24);
});

Deno.test("a large state is written in pieces, as fast as it is taken, and changes wait for its end", async () => {
  const storage = new MemoryStorage(gadgetDefinition, 100n);
  for (let index = 0; index < 150; index++) storage.put(gadget("n", `g-${String(index).padStart(3, "0")}`));
  const outlet = new RecordingOutlet();
  outlet.isSlow = true;
  await open(`${STATE}&allowWatchBookmarks=true`, { storage, outlet });
  assert.equal(outlet.pieces.length, 1);
  storage.put(gadget("n", "late"));
  outlet.drain();
  assert.equal(outlet.told.length, 152);
  assert.deepEqual(outlet.told.slice(-2), ["BOOKMARK", "ADDED late"]);
});

Deno.test("a version that is too old is told in a frame, as kube-apiserver does", async () => {
  const storage = filled();
  storage.compact();
  const { outlet, ends, mistakes, storage: { watchers } } = await open("resourceVersion=1", { storage });
  assert.deepEqual([outlet.told, ends, watchers], [["ERROR Expired"], ["refused"], 0]);
  assert.deepEqual([outlet.frames[0].object.code, outlet.frames[0].object.kind], [410, "Status"]);
  assert.deepEqual(mistakes, []);
});

Deno.test("a storage that can tell no more ends the watch, with its error where it has one", async () => {
  const plain = await open("");
  plain.storage.end();
  assert.deepEqual([plain.outlet.told, plain.ends, plain.outlet.state], [[], ["source"], "ended"]);
  const told = await open("");
  told.storage.end(serviceUnavailable("the deployment is disabled"));
  assert.deepEqual([told.outlet.told, told.ends], [["ERROR ServiceUnavailable"], ["refused"]]);
  told.storage.end(expired());
  assert.equal(told.outlet.told.length, 1);
});

Deno.test("a mistake of ours is told without what it was, and logged", async () => {
  const secret = new Error("token abc");
  const { outlet, mistakes } = await open("", {
    wrap: () => ({
      open() {
        throw secret;
      },
    }),
  });
  assert.deepEqual(mistakes, [secret]);
  assert.deepEqual(outlet.told, ["ERROR InternalError"]);
  assert.doesNotMatch(outlet.pieces.join(""), /token abc/);
});

Deno.test("an object that a selector or a column cannot read ends the watch with an error, not the process", async () => {
  const broken = { ...gadget("n", "x"), spec: undefined } as unknown as Gadget;
  const selected = await open("fieldSelector=spec.color%3Dred");
  selected.storage.put(broken);
  assert.deepEqual([selected.ends, selected.mistakes.length], [["refused"], 1]);
  const shown = await open("", { table: true });
  shown.storage.put(broken);
  assert.deepEqual([shown.ends, shown.mistakes.length], [["refused"], 1]);
});

Deno.test("changes that come together are told in one piece, in their order", async () => {
  const put: (() => void)[] = [];
  const { outlet, storage, events } = await open("", { later: (work) => void put.push(work) });
  for (const name of ["a", "b"]) storage.put(gadget("n", name));
  storage.remove({ namespace: "n", name: "a" });
  assert.deepEqual([outlet.pieces, put.length, put[0] === put[2]], [[], 3, true]);
  put[0]!();
  assert.equal(outlet.pieces.length, 1);
  assert.deepEqual([outlet.told, events()], [["ADDED a", "ADDED b", "DELETED a"], 3]);
  put[1]!();
  assert.equal(outlet.pieces.length, 1);
});

Deno.test("very many changes are not waited for, and the end of a watch waits for none", async () => {
  const { outlet, storage, stream } = await open("", { later: () => {} });
  for (let index = 0; index < 100; index++) storage.put(gadget("n", `g${index}`));
  assert.deepEqual([outlet.pieces.length, outlet.told.length], [1, 64]);
  stream.finish();
  assert.deepEqual(outlet.told, Array.from({ length: 100 }, (_, index) => `ADDED g${index}`));
});

Deno.test("what came before an object that cannot be read is told before the error", async () => {
  let flush = () => {};
  const broken = { ...gadget("n", "x"), spec: undefined } as unknown as Gadget;
  const { outlet, storage, ends, events } = await open("", {
    table: true,
    later: (work) => void (flush = work),
  });
  for (const object of [gadget("n", "a"), gadget("n", "b"), broken, gadget("n", "c")]) storage.put(object);
  flush();
  assert.deepEqual(outlet.frames.map(({ type }) => type), ["ADDED", "ADDED", "ERROR"]);
  assert.deepEqual([ends, events()], [["refused"], 2]);
});

Deno.test("tables say what their columns are in the first frame alone", async () => {
  const { outlet, storage } = await open("", { storage: filled(), table: true });
  storage.put(gadget("n", "d"));
  assert.deepEqual(outlet.frames.map(({ object }) => object.columnDefinitions?.length), [
    5,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(outlet.frames.map(({ object }) => object.rows[0].cells[0]), ["a", "b", "c", "d"]);
});

Deno.test("nothing is told after the end, whatever the storage does", async () => {
  let listener: ChangeListener<Gadget> | undefined;
  const { outlet, stream, ends } = await open("", {
    wrap: (source) => ({
      open(own) {
        listener = own;
        return source.open(own);
      },
    }),
  });
  stream.finish();
  stream.finish();
  listener?.change({ type: "ADDED", object: gadget("n", "a") });
  listener?.ended();
  outlet.drain();
  outlet.close();
  assert.deepEqual([ends, outlet.told], [["over"], []]);
});
