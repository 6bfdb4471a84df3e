import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { Change } from "./change.ts";
import { type ChangeListener, Collection, type CollectionOptions, type Watch } from "./collection.ts";
import { isSameContent, VersionClock } from "./versions.ts";

const START = Date.parse("2026-01-01T00:00:00Z");

interface Thing extends KubeObject {
  state: string;
}

function thing(name: string, state: string, { namespace = "a", uid = name } = {}): Thing {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace, uid }, state };
}

function collection(options: Partial<CollectionOptions> = {}): Collection<Thing> {
  return new Collection({ versions: new VersionClock(() => START), ...options });
}

const text = ({ type, object }: Change<Thing>) => `${type} ${object.metadata.name} ${object.state}`;

function listening(): ChangeListener<Thing> & { heard: string[]; changes: Change<Thing>[]; isOver: boolean } {
  const listener = {
    heard: [] as string[],
    changes: [] as Change<Thing>[],
    isOver: false,
    change(change: Change<Thing>) {
      listener.heard.push(text(change));
      listener.changes.push(change);
    },
    ended() {
      listener.isOver = true;
    },
  };
  return listener;
}

const versionOf = (object: Thing | undefined) => object?.metadata.resourceVersion ?? "";

Deno.test("an object gets a version when it comes and when it changes, and none when it does not", () => {
  const things = collection();
  assert.equal(things.put(thing("x", "1")), true);
  const first = versionOf(things.get({ namespace: "a", name: "x" }));
  assert.equal(things.resourceVersion, first);
  assert.equal(things.put(thing("x", "1")), false);
  assert.equal(versionOf(things.get({ namespace: "a", name: "x" })), first);
  assert.equal(things.put(thing("x", "2")), true);
  assert.ok(BigInt(versionOf(things.get({ namespace: "a", name: "x" }))) > BigInt(first));
  assert.equal(things.size, 1);
});

Deno.test("an object has its version beside its uid, and the one that was given keeps none", () => {
  const things = collection();
  const given = thing("x", "1");
  things.put(given);
  const { metadata } = things.get({ namespace: "a", name: "x" })!;
  assert.deepEqual(Object.keys(metadata), ["name", "namespace", "uid", "resourceVersion"]);
  assert.equal("resourceVersion" in given.metadata, false);
});

Deno.test("what is not there is neither found nor removed", () => {
  const things = collection();
  assert.equal(things.get({ namespace: "a", name: "x" }), undefined);
  assert.equal(things.remove({ namespace: "a", name: "x" }), false);
});

Deno.test("equal objects of two replicas have versions that say so", () => {
  const [here, there] = [collection(), collection({ versions: new VersionClock(() => START + 777) })];
  for (const things of [here, there]) things.put(thing("x", "1"));
  const key = { namespace: "a", name: "x" };
  assert.ok(isSameContent(versionOf(here.get(key)), versionOf(there.get(key))));
  there.put(thing("x", "2"));
  assert.ok(!isSameContent(versionOf(here.get(key)), versionOf(there.get(key))));
});

Deno.test("a list has the version from which nothing is missed", () => {
  const things = collection();
  things.put(thing("x", "1"));
  const { resourceVersion, items } = things.list("a");
  assert.deepEqual(items.map(({ state }) => state), ["1"]);
  things.put(thing("x", "2"));
  things.put(thing("y", "1"));
  const watch = things.watch({ namespace: "a", begin: { version: resourceVersion } }, listening());
  assert.deepEqual(watch?.changes.map(text), ["MODIFIED x 2", "ADDED y 1"]);
});

Deno.test("a watch hears every change of its namespace once, in order", () => {
  const things = collection();
  const [mine, all] = [listening(), listening()];
  things.watch({ namespace: "a", begin: "now" }, mine);
  things.watch({ begin: "now" }, all);
  things.put(thing("x", "1"));
  things.put(thing("y", "1", { namespace: "b" }));
  things.put(thing("x", "2"));
  things.remove({ namespace: "a", name: "x" });
  assert.deepEqual(mine.heard, ["ADDED x 1", "MODIFIED x 2", "DELETED x 2"]);
  assert.deepEqual(all.heard, ["ADDED x 1", "ADDED y 1", "MODIFIED x 2", "DELETED x 2"]);
  assert.equal(mine.changes[0], all.changes[0]);
});

Deno.test("a change says what there was before, and a deletion has a version of its own", () => {
  const things = collection();
  const heard = listening();
  things.watch({ begin: "now" }, heard);
  things.put(thing("x", "1"));
  things.put(thing("x", "2"));
  things.remove({ namespace: "a", name: "x" });
  const [, modified, deleted] = heard.changes;
  assert.ok(modified?.type === "MODIFIED" && modified.before.state === "1");
  assert.ok(deleted?.type === "DELETED" && deleted.before === modified.object);
  assert.ok(BigInt(versionOf(deleted.object)) > BigInt(versionOf(deleted.before)));
  assert.equal(versionOf(deleted.object), things.resourceVersion);
});

Deno.test("another object of the same name is a deletion and a new one", () => {
  const things = collection();
  const heard = listening();
  things.watch({ begin: "now" }, heard);
  things.put(thing("x", "1", { uid: "first" }));
  things.put(thing("x", "1", { uid: "second" }));
  assert.deepEqual(heard.heard, ["ADDED x 1", "DELETED x 1", "ADDED x 1"]);
  assert.deepEqual(heard.changes.map(({ object }) => object.metadata.uid), ["first", "first", "second"]);
});

Deno.test("a watch may begin with the state", () => {
  const things = collection();
  things.put(thing("y", "1"));
  things.put(thing("x", "1"));
  const heard = listening();
  const watch = things.watch({ namespace: "a", begin: "state" }, heard)!;
  assert.deepEqual(watch.state.map(({ metadata }) => metadata.name), ["x", "y"]);
  assert.deepEqual([watch.changes, watch.currentVersion()], [[], things.resourceVersion]);
  things.put(thing("x", "2"));
  assert.deepEqual(heard.heard, ["MODIFIED x 2"]);
  assert.equal(watch.currentVersion(), things.resourceVersion);
});

Deno.test("a watch that is closed hears nothing more, and leaves nothing behind", () => {
  const things = collection();
  const [one, other] = [listening(), listening()];
  const watches = [one, other].map((heard) => things.watch({ namespace: "a", begin: "now" }, heard)!);
  assert.equal(things.watchers, 2);
  watches[0]!.close();
  things.put(thing("x", "1"));
  assert.deepEqual([one.heard, other.heard], [[], ["ADDED x 1"]]);
  watches[1]!.close();
  watches[1]!.close();
  assert.equal(things.watchers, 0);
});

Deno.test("all watches end when the collection does", () => {
  const things = collection();
  const heard = listening();
  things.watch({ begin: "now" }, heard);
  things.close();
  things.put(thing("x", "1"));
  assert.deepEqual([heard.isOver, heard.heard], [true, []]);
});

Deno.test("a listener that throws hears nothing more, the others do", () => {
  const mistakes: unknown[] = [];
  const things = collection({ onMistake: (error) => mistakes.push(error) });
  const heard = listening();
  things.watch({ begin: "now" }, {
    change() {
      throw new Error("no");
    },
    ended() {},
  });
  things.watch({ begin: "now" }, heard);
  things.put(thing("x", "1"));
  things.put(thing("x", "2"));
  assert.deepEqual([heard.heard.length, mistakes.length, things.watchers], [2, 1, 1]);
});

Deno.test("versions that are none, too old or of a far future open no watch", () => {
  const things = collection({ size: 4, overlapMs: 1 });
  const first = things.resourceVersion;
  for (let state = 0; state < 200; state++) things.put(thing("x", String(state)));
  const begin = (version: string) => things.watch({ begin: { version } }, listening());
  for (const version of ["", "0", "-5", "x", "1", first, "9".repeat(25)]) {
    assert.equal(begin(version), undefined, version);
  }
  assert.equal(things.watchers, 0);
  assert.ok(begin(things.resourceVersion));
});

Deno.test("a list may be asked to be no older than another replica's version", () => {
  const things = collection();
  const ahead = String(BigInt(things.resourceVersion) + 30_000_000_000n);
  assert.equal(things.reach(ahead), true);
  assert.ok(BigInt(things.list().resourceVersion) > BigInt(ahead));
  assert.equal(things.reach(things.resourceVersion), true);
  assert.equal(things.reach("9".repeat(25)), false);
  assert.equal(things.reach("nonsense"), false);
});

Deno.test("a checkpoint moves the version of lists on, and the list itself stays", () => {
  const things = collection();
  things.put(thing("x", "1"));
  const before = things.list("a");
  things.checkpoint();
  const after = things.list("a");
  assert.ok(BigInt(after.resourceVersion) > BigInt(before.resourceVersion));
  assert.equal(after.items, before.items);
  const watch: Watch<Thing> | undefined = things.watch(
    { begin: { version: after.resourceVersion } },
    listening(),
  );
  assert.deepEqual(watch?.changes, []);
});

Deno.test("versions say while something is hidden, and a replica that sees it takes none of those", () => {
  let isStale = true;
  const blind = collection({ isStale: () => isStale });
  const seeing = collection();
  blind.put(thing("x", "1"));
  const begin = { version: blind.resourceVersion };
  assert.equal(seeing.watch({ begin }, listening()), undefined);
  isStale = false;
  blind.checkpoint();
  assert.ok(seeing.watch({ begin: { version: blind.resourceVersion } }, listening()));
});

/** A version of now that another replica might have given. */
const foreign = (things: Collection<Thing>) => String(BigInt(things.resourceVersion) + 2n);

Deno.test("whoever comes from another replica is told what it may lack, with versions above the one it came with", () => {
  const things = collection();
  things.put(thing("x", "1"));
  things.put(thing("y", "1"));
  things.put(thing("x", "2"));
  const stored = versionOf(things.get({ namespace: "a", name: "x" }));
  const asked = foreign(things);
  const watch = things.watch({ begin: { version: asked } }, listening())!;
  assert.deepEqual(watch.changes.map(text), ["ADDED y 1", "ADDED x 2"]);
  const versions = [asked, ...watch.changes.map(({ object }) => versionOf(object)), watch.currentVersion()]
    .map(BigInt);
  assert.ok(versions.every((version, index) => version >= (versions[index - 1] ?? 0n)), versions.join());
  assert.ok(versions[1]! > versions[0]!);
  // What is listed keeps its version: nobody else has to hear of it again.
  assert.equal(versionOf(things.get({ namespace: "a", name: "x" })), stored);
  assert.equal(isSameContent(versionOf(watch.changes[1]!.object), stored), true);
});

Deno.test("all who come from a replica that is gone are told the same, until something happens", () => {
  const things = collection();
  things.put(thing("x", "1"));
  things.put(thing("y", "1", { namespace: "b" }));
  const asked = foreign(things);
  const come = (namespace?: string) =>
    things.watch({ namespace, begin: { version: asked } }, listening())!.changes;
  const [first, second] = [come(), come()];
  assert.equal(first[0], second[0]);
  assert.deepEqual(come("b"), [first[1]]);
  things.put(thing("x", "2"));
  assert.deepEqual(come().map(text), ["ADDED y 1", "ADDED x 2"]);
  const later = foreign(things);
  const { changes } = things.watch({ begin: { version: later } }, listening())!;
  assert.ok(changes.every(({ object }) => BigInt(versionOf(object)) > BigInt(later)));
});

Deno.test("whoever comes from another replica is sure of nothing at first", () => {
  const things = collection();
  const heard = listening();
  things.watch({ begin: { version: foreign(things) } }, heard);
  things.put(thing("x", "1"));
  things.put(thing("x", "2"));
  assert.deepEqual(heard.changes.map(({ isUnsure }) => isUnsure), [true, undefined]);
});

Deno.test("who was cut off and comes again is as little sure as before, for a while", () => {
  const time = { now: START };
  const things = collection({ versions: new VersionClock(() => time.now), overlapMs: 60_000 });
  things.put(thing("x", "1"));
  const native = things.list().resourceVersion;
  time.now += 1;
  things.watch({ begin: { version: foreign(things) } }, listening())!.close();
  const heard = things.list().resourceVersion;
  things.put(thing("x", "2"));
  const again = listening();
  const { changes } = things.watch({ begin: { version: heard } }, again)!;
  things.put(thing("x", "3"));
  things.put(thing("y", "1"));
  assert.deepEqual(
    [...changes, ...again.changes].map(({ isUnsure }) => isUnsure),
    [true, undefined, true],
  );
  // Who has been here before anybody came is sure.
  assert.deepEqual(
    things.watch({ begin: { version: native } }, listening())?.changes.map(({ isUnsure }) => isUnsure),
    [undefined, undefined, undefined],
  );
  time.now += 61_000;
  things.put(thing("x", "4"));
  assert.equal(again.changes.at(-1)?.isUnsure, undefined);
  const sure = things.watch({ begin: { version: heard } }, listening())!;
  assert.ok(sure.changes.every(({ isUnsure }) => isUnsure === undefined));
});

Deno.test("two replicas that give one change the same version do not take it for a sign of what else was told", () => {
  const [one, other] = [collection(), collection()];
  for (const things of [one, other]) things.put(thing("x", "1"));
  // Something else happens meanwhile to each, and then the same to both.
  one.put(thing("z", "1"));
  other.remove({ namespace: "a", name: "x" });
  for (const things of [one, other]) things.put(thing("y", "1"));
  const versionOfY = (things: Collection<Thing>) => versionOf(things.get({ namespace: "a", name: "y" })!);
  assert.equal(versionOfY(one), versionOfY(other));
  for (const version of [versionOfY(one), one.list().resourceVersion]) {
    const { changes } = other.watch({ begin: { version } }, listening())!;
    assert.ok(
      changes.map(text).includes("DELETED x 1"),
      "who has been told of x by the one hears that it is gone",
    );
  }
});

Deno.test("lists and bookmarks have a version that comes back as what it was", () => {
  const things = collection();
  const watch = things.watch({ begin: "now" }, listening())!;
  const versions = ["1", "2"].map((state) => {
    things.put(thing("x", state));
    const { resourceVersion } = things.list();
    assert.equal(watch.currentVersion(), resourceVersion, "nothing has happened since");
    assert.equal(things.list().resourceVersion, resourceVersion);
    return resourceVersion;
  });
  things.put(thing("x", "3"));
  const bookmark = watch.currentVersion();
  const since = (version: string) => things.watch({ begin: { version } }, listening())!.changes.map(text);
  assert.deepEqual(since(versions[0]!), ["MODIFIED x 2", "MODIFIED x 3"]);
  assert.deepEqual(since(versions[1]!), ["MODIFIED x 3"]);
  assert.deepEqual(since(bookmark), []);
});

Deno.test("two replicas that see the end of a list in the same moment do not take their versions for each other's", () => {
  const [one, other] = [collection(), collection()];
  one.put(thing("x", "1"));
  other.put(thing("y", "1"));
  // A chance of one in 131,072 each time.
  for (const things of [one, other]) for (let round = 0; round < 3; round++) things.checkpoint();
  const { resourceVersion } = one.list();
  assert.notEqual(resourceVersion, other.resourceVersion);
  const watch = other.watch({ begin: { version: resourceVersion } }, listening());
  assert.deepEqual(watch?.changes.map(text), ["ADDED y 1"]);
});

Deno.test("two replicas that repeat the same at the same time do not take their versions for each other's", () => {
  const [one, other] = [collection(), collection()];
  const tick = ({ resourceVersion }: Collection<Thing>) => BigInt(resourceVersion) >> 18n;
  other.put(thing("y", "1"));
  other.put(thing("x", "1"));
  one.put(thing("x", "1"));
  // Of one object more, the other one ends in the same moment.
  while (tick(one) <= tick(other)) one.checkpoint();
  for (const things of [one, other]) {
    things.watch({ begin: { version: foreign(things) } }, listening());
  }
  const { resourceVersion } = one.list();
  assert.notEqual(resourceVersion, other.resourceVersion);
  const watch = other.watch({ begin: { version: resourceVersion } }, listening());
  assert.deepEqual(watch?.changes.map(text), ["ADDED y 1", "ADDED x 1"]);
});
