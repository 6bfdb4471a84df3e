import { deepEqual, equal, throws } from "node:assert/strict";
import {
  and,
  entryOf,
  expression,
  listAt,
  mapAt,
  type MapNode,
  not,
  or,
  partAt,
  scalar,
  setKey,
  treeOf,
} from "./tree.ts";

const tree = () => treeOf({ metadata: { name: "x" }, list: [{ name: "a" }, { name: "b" }] }) as MapNode;

Deno.test("a tree of plain data is all base", () => {
  const { entries } = tree();
  deepEqual(entries.map(({ key, isBase }) => [key, isBase]), [["metadata", true], ["list", true]]);
  deepEqual(partAt(tree(), ["list", 1, "name"]).value, scalar("b"));
});

Deno.test("what is not there is named, with the way to it", () => {
  throws(() => partAt(tree(), ["list", 2, "name"]), /nothing is at list\.2\.name \(looked for 2\)/);
  throws(() => partAt(tree(), []), /a path must name something/);
  throws(() => mapAt(tree(), ["list"]), /list is no map/);
  throws(() => listAt(tree(), ["metadata"]), /metadata is no list/);
  throws(() => listAt(tree(), ["list", 0]), /does not end in a key/);
});

Deno.test("a list that is missing is made", () => {
  const own = tree();
  listAt(own, ["metadata", "finalizers"]).entries.push({ value: scalar("f") });
  equal(listAt(own, ["metadata", "finalizers"]).entries.length, 1);
});

Deno.test("a key is set in the place of the one that is there, or at the end", () => {
  const own = mapAt(tree(), ["metadata"]);
  setKey(own, "name", expression("$.Values.name"), "$.Values.name");
  setKey(own, "namespace", scalar("n"));
  deepEqual(own.entries.map(({ key, when }) => [key, when]), [["name", "$.Values.name"], [
    "namespace",
    undefined,
  ]]);
  equal(entryOf(own, "labels"), undefined);
});

Deno.test("conditions are put together as Helm's functions take them", () => {
  equal(and(undefined, ".a"), ".a");
  equal(and(".a", ".a"), ".a");
  equal(and("eq .m 1", ".a"), "and (eq .m 1) .a");
  equal(or([".a", ".a"]), ".a");
  equal(or([".a", "not .b", ".a"]), "or .a (not .b)");
  equal(not("eq .m 1"), "not (eq .m 1)");
});
