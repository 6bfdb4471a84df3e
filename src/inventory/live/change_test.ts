import assert from "node:assert/strict";
import { type Change, forLateWatchers } from "./change.ts";

interface Thing {
  readonly name: string;
  readonly state: number;
}

const thing = (name: string, state: number): Thing => ({ name, state });
const added = (name: string, state: number): Change<Thing> => ({ type: "ADDED", object: thing(name, state) });
const modified = (name: string, from: number, to: number): Change<Thing> => ({
  type: "MODIFIED",
  object: thing(name, to),
  before: thing(name, from),
});
const deleted = (name: string, state: number): Change<Thing> => ({
  type: "DELETED",
  object: thing(name, state),
  before: thing(name, state),
});
const sure = ({ isUnsure: _, ...change }: Change<Thing> & { isUnsure?: true }) => change;
const late = (...changes: Change<Thing>[]) => forLateWatchers(changes, ({ name }) => name);

Deno.test("a late watcher is told each change with the last state", () => {
  assert.deepEqual(late(added("a", 1), modified("a", 1, 2), added("b", 7)).map(sure), [
    added("a", 2),
    modified("a", 1, 2),
    added("b", 7),
  ]);
});

Deno.test("a late watcher hears of an end for every state that it may have seen", () => {
  assert.deepEqual(late(added("a", 1), modified("a", 1, 2), deleted("a", 2)).map(sure), [
    deleted("a", 2),
    { type: "DELETED", object: thing("a", 2), before: thing("a", 1) },
    deleted("a", 2),
  ]);
});

Deno.test("what came back after its end is told as it is now", () => {
  assert.deepEqual(late(deleted("a", 1), added("a", 5)).map(sure), [
    { type: "MODIFIED", object: thing("a", 5), before: thing("a", 1) },
    added("a", 5),
  ]);
});

Deno.test("who knows any of the states in between has the last one at the end, with any selector", () => {
  const states = [1, 2, 3, 2, 4];
  const changes = [added("a", 1), ...states.slice(1).map((to, index) => modified("a", states[index]!, to))];
  for (let mask = 0; mask < 16; mask++) {
    const selects = ({ state }: Thing) => state === 9 || (mask & (1 << (state - 1))) !== 0;
    for (const known of [undefined, ...states, 9]) {
      let store = known !== undefined && selects(thing("a", known)) ? thing("a", known) : undefined;
      for (const change of late(...changes)) {
        const was = change.type !== "ADDED" && (change.isUnsure === true || selects(change.before));
        const is = change.type !== "DELETED" && selects(change.object);
        assert.equal(
          change.type === "ADDED" ? undefined : change.isUnsure,
          change.type === "ADDED" ? undefined : true,
        );
        if (is) store = change.object;
        else if (was) store = undefined;
      }
      assert.deepEqual(store, selects(thing("a", 4)) ? thing("a", 4) : undefined, `${mask} ${known}`);
    }
  }
});
