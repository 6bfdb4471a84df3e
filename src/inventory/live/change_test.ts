import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { type Change, forLateWatchers, unsure } from "./change.ts";

interface Thing extends KubeObject {
  readonly state: number;
}

const thing = (name: string, state: number, uid = "1", resourceVersion = "1"): Thing => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, namespace: "n", uid, resourceVersion },
  state,
});
const added = (name: string, state: number, uid?: string): Change<Thing> => ({
  type: "ADDED",
  object: thing(name, state, uid),
});
const modified = (name: string, from: number, to: number): Change<Thing> => ({
  type: "MODIFIED",
  object: thing(name, to),
  before: thing(name, from),
});
const deleted = (name: string, state: number, uid?: string): Change<Thing> => ({
  type: "DELETED",
  object: thing(name, state, uid),
  before: thing(name, state, uid),
});

function late(...changes: Change<Thing>[]): Change<Thing>[] {
  let version = 100;
  return forLateWatchers(changes, (object) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(++version) },
  }));
}

/** Such as `ADDED a 2 101`. */
const shown = (changes: readonly Change<Thing>[]) =>
  changes.map(({ type, object: { metadata: { name, resourceVersion }, state } }) =>
    `${type} ${name} ${state} ${resourceVersion}`
  );

Deno.test("a late watcher is told of each object once, what it is at the end, with versions that rise", () => {
  assert.deepEqual(shown(late(added("a", 1), added("b", 7), modified("a", 1, 2), modified("c", 3, 4))), [
    "ADDED b 7 101",
    "ADDED a 2 102",
    "MODIFIED c 4 103",
  ]);
});

Deno.test("a late watcher hears of an end, wherever the object began", () => {
  assert.deepEqual(shown(late(added("a", 1), modified("a", 1, 2), deleted("a", 2))), ["DELETED a 2 101"]);
  assert.deepEqual(shown(late(modified("a", 1, 2), deleted("a", 2))), ["DELETED a 2 101"]);
});

Deno.test("what came back after its end is told as it is now, and another of its name after its end", () => {
  assert.deepEqual(shown(late(deleted("a", 1), added("a", 5))), ["ADDED a 5 101"]);
  assert.deepEqual(shown(late(modified("a", 0, 1), deleted("a", 1), added("a", 5, "2"))), [
    "DELETED a 1 101",
    "ADDED a 5 102",
  ]);
});

Deno.test("nothing that a late watcher is told is sure", () => {
  const all = late(added("a", 1), modified("b", 1, 2), deleted("c", 2), deleted("d", 1), added("d", 2, "2"));
  assert.deepEqual(all.map(({ isUnsure }) => isUnsure), all.map(() => true));
  assert.deepEqual(unsure(added("a", 1)), { ...added("a", 1), isUnsure: true });
});

Deno.test("who knows any of the states in between, or one that was never seen, has the last one, with any selector", () => {
  const states = [1, 2, 3, 2, 4];
  const begin = [added("a", 1), modified("a", 9, 1)];
  const steps = states.slice(1).map((to, index) => modified("a", states[index]!, to));
  for (const [changes, last] of begin.flatMap((first) => [[[first], 1], [[first, ...steps], 4]] as const)) {
    for (let mask = 0; mask < 32; mask++) {
      const selects = ({ state }: Thing) => state === 9 ? mask >= 16 : (mask & (1 << (state - 1))) !== 0;
      for (const known of [undefined, ...states, 9]) {
        let store = known !== undefined && selects(thing("a", known)) ? known : undefined;
        for (const change of late(...changes)) {
          const was = change.isUnsure === true || (change.type !== "ADDED" && selects(change.before));
          if (change.type !== "DELETED" && selects(change.object)) store = change.object.state;
          else if (was) store = undefined;
        }
        assert.equal(store, selects(thing("a", last)) ? last : undefined, `${mask} ${known}`);
      }
    }
  }
});
