import assert from "node:assert/strict";
import { StoreIndex } from "./store_index.ts";
import { type Widget, widget } from "../testing/objects.ts";

const entryOf = (key: string, size: number) => ({ object: widget(key, size), derived: undefined });
const bySize = () =>
  new StoreIndex<Widget>((object) => [`${object.spec?.size}`], (error) => {
    throw error;
  });

Deno.test("a value goes from nothing to one entry to several and back", () => {
  const index = bySize();
  const [one, two] = [entryOf("a/one", 1), entryOf("a/two", 1)];
  assert.deepEqual([index.count("1"), index.size], [0, 0]);
  index.add(one);
  assert.deepEqual([index.count("1"), index.size], [1, 1]);
  index.add(two);
  assert.deepEqual(index.get("1"), [one.object, two.object]);
  assert.equal(index.count("1"), 2);
  index.remove(one);
  assert.deepEqual(index.get("1"), [two.object]);
  index.remove(two);
  assert.deepEqual([index.get("1"), index.size], [[], 0]);
});

Deno.test("adding an entry twice counts once", () => {
  const index = bySize();
  const one = entryOf("a/one", 1);
  index.add(one);
  index.add(one);
  assert.equal(index.count("1"), 1);
});

Deno.test("removing an entry that is not there changes nothing", () => {
  const index = bySize();
  const one = entryOf("a/one", 1);
  index.add(one);
  index.remove(entryOf("a/one", 1));
  index.remove(entryOf("a/one", 2));
  assert.deepEqual(index.get("1"), [one.object]);
});
