import assert from "node:assert/strict";
import { keyOf, keyText } from "../../api/object.ts";
import type { Entry } from "./cache_entry.ts";
import { KindCache } from "./kind_cache.ts";
import { ObjectStore } from "./store.ts";
import { type Widget, widget } from "../testing/objects.ts";

const key = { namespace: "a", name: "one" };

/** Version `version` of the object a/one with the given UID. */
const at = (version: string, uid = "u1"): Entry<Widget> => named("a/one", version, uid);
const named = (name: string, version: string, uid = `uid-${name}`): Entry<Widget> => ({
  object: widget(name, 0, { uid, resourceVersion: version }),
  derived: undefined,
});

/** A cache, and what its subscribers would have been told, as short text. */
function cache() {
  let now = 0;
  const told: string[] = [];
  const store = new ObjectStore<Widget>();
  const kind = new KindCache<Widget>({
    store,
    now: () => now,
    onDelta: (delta) => {
      const version = (object: Widget) => object.metadata.resourceVersion;
      if (delta.type === "updated") told.push(`updated ${version(delta.before)}>${version(delta.after)}`);
      else {told.push(
          `${delta.type} ${version(delta.object)}${delta.type === "added" && delta.initial ? "!" : ""}`,
        );}
    },
  });
  const list = (entries: Entry<Widget>[], mark = kind.mark(), namespace?: string) =>
    kind.replace(new Map(entries.map((entry) => [keyText(keyOf(entry.object)), entry])), mark, namespace);
  const heard = () => told.splice(0);
  const shown = () => store.get(key)?.object.metadata.resourceVersion;
  return { kind, store, list, heard, shown, pass: (ms: number) => now += ms };
}

Deno.test("the objects of the first list are added, marked as initial", () => {
  const { list, heard } = cache();
  list([named("a/one", "1"), named("a/two", "2")]);
  assert.deepEqual(heard(), ["added 1!", "added 2!"]);
});

Deno.test("events add, update and delete; a delete tells the final state", () => {
  const { kind, heard } = cache();
  kind.put(at("1"));
  kind.put(at("2"));
  kind.remove(at("3"));
  assert.deepEqual(heard(), ["added 1", "updated 1>2", "deleted 3"]);
});

Deno.test("an event with the version that is known already tells nothing", () => {
  const { kind, heard } = cache();
  kind.put(at("1"));
  kind.put(at("1"));
  assert.deepEqual(heard(), ["added 1"]);
});

Deno.test("objects without versions are always told, as nothing says that they are the same", () => {
  const { kind, heard } = cache();
  kind.put(at(""));
  kind.put(at(""));
  assert.deepEqual(heard(), ["added ", "updated >"]);
});

Deno.test("deleting what was never known tells nothing", () => {
  const { kind, heard } = cache();
  kind.remove(at("1"));
  assert.deepEqual(heard(), []);
});

Deno.test("a repeated list tells exactly what differs, with the last known state of what has vanished", () => {
  const { list, heard } = cache();
  list([named("a/same", "1"), named("a/changed", "2"), named("a/vanished", "3")]);
  heard();
  list([named("a/same", "1"), named("a/changed", "4"), named("a/new", "5")]);
  assert.deepEqual(heard(), ["deleted 3", "updated 2>4", "added 5!"]);
});

Deno.test("an unchanged object stays the very same object through a repeated list", () => {
  const { store, list } = cache();
  list([at("1")]);
  const before = store.get(key)?.object;
  list([at("1")]);
  assert.equal(store.get(key)?.object, before);
});

Deno.test("an object that was deleted and made again between two lists is deleted and added", () => {
  const { list, heard } = cache();
  list([at("1", "old")]);
  heard();
  list([at("5", "new")]);
  assert.deepEqual(heard(), ["deleted 1", "added 5!"]);
});

Deno.test("a list of one namespace leaves the others alone", () => {
  const { store, list } = cache();
  list([named("a/one", "1")], undefined, "a");
  list([named("b/one", "2")], undefined, "b");
  list([], undefined, "a");
  assert.deepEqual(store.list().map(({ metadata }) => metadata.namespace), ["b"]);
});

Deno.test("clear() deletes everything, own writes included", () => {
  const { kind, list, heard } = cache();
  list([named("a/two", "1")]);
  kind.observe(at("2"));
  heard();
  kind.clear();
  assert.deepEqual(heard().sort(), ["deleted 1", "deleted 2"]);
  assert.equal(kind.pending, 0);
});

Deno.test("a write is shown at once, and its event later tells nothing more", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  heard();
  kind.observe(at("2"));
  assert.equal(shown(), "2");
  kind.put(at("2"));
  assert.deepEqual(heard(), ["updated 1>2"]);
  assert.equal(kind.pending, 0);
});

Deno.test("a created object is shown at once", () => {
  const { kind, heard } = cache();
  kind.observe(at("1"));
  kind.put(at("1"));
  assert.deepEqual(heard(), ["added 1"]);
});

Deno.test("events from before the write stay unseen, those after it are shown", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  kind.observe(at("5"));
  heard();
  kind.put(at("3"));
  kind.put(at("4"));
  assert.equal(shown(), "5");
  kind.put(at("5"));
  kind.put(at("6"));
  assert.equal(shown(), "6");
  assert.deepEqual(heard(), ["updated 5>6"]);
});

Deno.test("a write whose event came before its answer changes nothing", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  kind.put(at("2"));
  heard();
  kind.observe(at("2"));
  assert.equal(shown(), "2");
  assert.deepEqual(heard(), []);
  assert.equal(kind.pending, 0);
});

Deno.test("a write that the watch is already past changes nothing", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  kind.put(at("2"));
  kind.put(at("3"));
  heard();
  kind.observe(at("2"));
  assert.equal(shown(), "3");
  assert.deepEqual(heard(), []);
});

Deno.test("the answer of a write that changed nothing, overtaken by an event, changes nothing", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  kind.put(at("2"));
  heard();
  kind.observe(at("1"));
  assert.equal(shown(), "2");
  assert.deepEqual(heard(), []);
});

Deno.test("the answer of a write that comes after the deletion does not bring the object back", () => {
  const { kind, list, shown, heard } = cache();
  list([at("1")]);
  kind.remove(at("3"));
  heard();
  kind.observe(at("2"));
  assert.equal(shown(), undefined);
  assert.deepEqual(heard(), []);
});

Deno.test("nor does it after a list from which the object had vanished", () => {
  const { kind, list, shown } = cache();
  list([at("1")]);
  list([]);
  kind.observe(at("2"));
  assert.equal(shown(), undefined);
});

Deno.test("a second write goes in front of the first; the events of both tell nothing more", () => {
  const { kind, list, heard } = cache();
  list([at("1")]);
  kind.observe(at("2"));
  kind.observe(at("3"));
  heard();
  kind.put(at("2"));
  kind.put(at("3"));
  assert.deepEqual(heard(), []);
  assert.equal(kind.pending, 0);
});

Deno.test("the first write's answer, given again after the second's, does not take us back", () => {
  const { kind, list, shown } = cache();
  list([at("1")]);
  kind.observe(at("2"));
  kind.observe(at("3"));
  kind.observe(at("2"));
  assert.equal(shown(), "3");
});

Deno.test("a deletion ends the write in front of it", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  kind.observe(at("2"));
  heard();
  kind.remove(at("4"));
  assert.equal(shown(), undefined);
  assert.deepEqual(heard(), ["deleted 4"]);
});

Deno.test("the deletion of an earlier object of that name does not end the write of the present one", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1", "old")]);
  kind.observe(at("5", "new"));
  assert.deepEqual(heard(), ["added 1!", "deleted 1", "added 5"]);
  kind.remove(at("3", "old"));
  assert.equal(shown(), "5");
  kind.put(at("5", "new"));
  assert.deepEqual(heard(), []);
});

Deno.test("a list that was asked for after the write is right, whatever it says", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  kind.observe(at("2"));
  heard();
  list([at("7")]);
  assert.equal(shown(), "7");
  assert.deepEqual(heard(), ["updated 2>7"]);
});

Deno.test("a list that was asked for after the write and lacks the object means that it is gone", () => {
  const { kind, list, heard } = cache();
  list([at("1")]);
  kind.observe(at("2"));
  heard();
  list([]);
  assert.deepEqual(heard(), ["deleted 2"]);
});

Deno.test("a list that was asked for before the write does not hide it", () => {
  const { kind, list, heard, shown } = cache();
  const mark = kind.mark();
  kind.observe(at("2"));
  heard();
  list([], mark);
  assert.equal(shown(), "2");
  list([at("1")], mark);
  assert.equal(shown(), "2");
  assert.deepEqual(heard(), []);
  assert.equal(kind.pending, 1);
});

Deno.test("a list that already has the write ends the waiting for its event", () => {
  const { kind, list } = cache();
  const mark = kind.mark();
  kind.observe(at("2"));
  list([at("2")], mark);
  assert.equal(kind.pending, 0);
});

Deno.test("an answer that comes after a repeated list may be one that the list has skipped, and is not shown", () => {
  const { kind, list, shown, pass } = cache();
  list([at("1")]);
  list([at("3")]);
  kind.observe(at("2"));
  assert.equal(shown(), "3");
  pass(10_000);
  kind.observe(at("4"));
  assert.equal(shown(), "4", "after ten seconds no such answer is under way any more");
  list([at("5")]);
  list([at("5")]);
  pass(10_000);
  list([at("5")]);
  kind.observe(at("6"));
  assert.equal(shown(), "6", "a list that changes nothing leaves no doubt");
});

Deno.test("a list of another namespace says nothing about the write", () => {
  const { kind, list, shown } = cache();
  kind.observe(at("2"));
  list([], undefined, "b");
  assert.equal(shown(), "2");
});

Deno.test("a write that the watch never delivers gives way to what it says after two minutes", () => {
  const { kind, list, heard, shown, pass } = cache();
  list([at("1")]);
  kind.observe(at("2"));
  kind.put(at("3"));
  heard();
  assert.equal(kind.expire(), 120_000);
  pass(119_999);
  assert.equal(kind.expire(), 120_000);
  assert.equal(shown(), "2");
  pass(1);
  assert.equal(kind.expire(), undefined);
  assert.equal(shown(), "3");
  assert.deepEqual(heard(), ["updated 2>3"]);
});

Deno.test("a creation that the watch never delivers is taken back after two minutes", () => {
  const { kind, heard, pass } = cache();
  kind.observe(at("2"));
  pass(120_000);
  kind.expire();
  assert.deepEqual(heard(), ["added 2", "deleted 2"]);
});

Deno.test("a write without a resource version is not shown, as no event could ever match it", () => {
  const { kind, shown } = cache();
  kind.observe(at(""));
  assert.equal(shown(), undefined);
});

Deno.test("a deleted object is hidden at once, and its event tells nothing more", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1")]);
  heard();
  kind.observeDeleted(key, "u1");
  assert.equal(shown(), undefined);
  kind.put(at("2"));
  kind.remove(at("3"));
  assert.deepEqual(heard(), ["deleted 1"]);
  assert.equal(kind.pending, 0);
});

Deno.test("a deleted object that is made again is shown as soon as the watch says so", () => {
  const { kind, list, heard } = cache();
  list([at("1", "old")]);
  kind.observeDeleted(key, "old");
  heard();
  kind.remove(at("2", "old"));
  kind.put(at("3", "new"));
  assert.deepEqual(heard(), ["added 3"]);
});

Deno.test("a deleted object that we make again is shown at once", () => {
  const { kind, list, heard, shown } = cache();
  list([at("1", "old")]);
  kind.observeDeleted(key, "old");
  kind.observe(at("5", "new"));
  heard();
  kind.put(at("2", "old"));
  kind.remove(at("3", "old"));
  assert.equal(shown(), "5");
  kind.put(at("5", "new"));
  assert.deepEqual(heard(), []);
});

Deno.test("an object that was created and deleted before the watch told either never shows up again", () => {
  const { kind, heard } = cache();
  kind.observe(at("1"));
  kind.observeDeleted(key, "u1");
  heard();
  kind.put(at("1"));
  kind.remove(at("2"));
  assert.deepEqual(heard(), []);
  assert.equal(kind.pending, 0);
});

Deno.test("a late answer of a write does not bring back what we have deleted since", () => {
  const { kind, list, shown } = cache();
  list([at("1")]);
  kind.observeDeleted(key, "u1");
  kind.observe(at("2"));
  assert.equal(shown(), undefined);
});

Deno.test("a delete whose event has come already hides nothing, nor does one of another object of that name", () => {
  const { kind, list, shown } = cache();
  list([at("1", "old")]);
  kind.remove(at("2", "old"));
  kind.put(at("3", "new"));
  kind.observeDeleted(key, "old");
  assert.equal(shown(), "3");
  kind.observeDeleted(key, "quite-another");
  assert.equal(shown(), "3");
  assert.equal(kind.pending, 0);
});

Deno.test("an object that finalizers keep shows up again after two minutes, or with the next list", () => {
  const { kind, list, heard, pass } = cache();
  list([at("1")]);
  kind.observeDeleted(key, "u1");
  kind.put(at("2"));
  heard();
  pass(120_000);
  kind.expire();
  assert.deepEqual(heard(), ["added 2"]);
  kind.observeDeleted(key, "u1");
  heard();
  list([at("2")]);
  assert.deepEqual(heard(), ["added 2!"]);
});

Deno.test("after our delete, news of the object before ours stays unseen", () => {
  const { kind, list, heard } = cache();
  list([at("1", "older")]);
  kind.observe(at("5", "ours"));
  kind.observeDeleted(key, "ours");
  heard();
  kind.put(at("2", "older"));
  kind.remove(at("3", "older"));
  assert.deepEqual(heard(), []);
});

Deno.test("of several objects of one name that we made and deleted none comes back to life", () => {
  const { kind, heard } = cache();
  kind.observe(at("1", "first"));
  kind.observeDeleted(key, "first");
  kind.observe(at("3", "second"));
  kind.observeDeleted(key, "second");
  heard();
  kind.put(at("1", "first"));
  kind.remove(at("2", "first"));
  kind.put(at("3", "second"));
  kind.remove(at("4", "second"));
  assert.deepEqual(heard(), []);
  assert.equal(kind.pending, 0);
});
