import { deepEqual, equal, throws } from "node:assert/strict";
import { emit } from "./emit.ts";
import { mergeUnder } from "./merge.ts";
import { type Json, type MapNode, treeOf } from "./tree.ts";

/** The template of a base and its variants, each under its condition. */
function merged(base: Json, variants: Readonly<Record<string, Json>>): string {
  const tree = treeOf(base) as MapNode;
  for (const [when, variant] of Object.entries(variants)) mergeUnder(when, tree, base, variant);
  return emit(tree);
}

/** What Helm makes of it where these conditions hold: enough of its language for these tests. */
function rendered(template: string, holds: readonly string[]): string {
  const lines: string[] = [];
  const open: { shown: boolean; done: boolean }[] = [];
  const value = (condition: string): boolean => {
    const not = /^not (.*)$/.exec(condition)?.[1];
    if (not !== undefined) return !value(not);
    const or = /^or (.*)$/.exec(condition)?.[1];
    return or === undefined ? holds.includes(condition) : or.split(" ").some(value);
  };
  for (const line of template.split("\n")) {
    const action = /^\s*\{\{- (.*) \}\}$/.exec(line)?.[1];
    const inner = open.at(-1);
    if (action === undefined) {
      if (open.every(({ shown }) => shown)) lines.push(line);
    } else if (action === "end") open.pop();
    else if (action === "else") inner!.shown = !inner!.done;
    else if (action.startsWith("else if ")) {
      inner!.shown = !inner!.done && value(action.slice("else if ".length));
      inner!.done ||= inner!.shown;
    } else {
      const shown = value(action.slice("if ".length));
      open.push({ shown, done: shown });
    }
  }
  return lines.join("\n");
}

const pod = {
  replicas: 2,
  args: ["all"],
  volumes: [{ name: "tmp" }, { name: "data", size: 1 }],
  labels: { app: "x" },
};

const CASES: Readonly<Record<string, Json>> = {
  "another number": { ...pod, replicas: 3 },
  "one more argument": { ...pod, args: ["all", "--b=c"] },
  "one argument before": { ...pod, args: ["--b=c", "all"] },
  "another item of that name": { ...pod, volumes: [{ name: "tmp" }, { name: "data", size: 2 }] },
  "an item less": { ...pod, volumes: [{ name: "data", size: 1 }] },
  "an item between": { ...pod, volumes: [{ name: "tmp" }, { name: "new" }, { name: "data", size: 1 }] },
  "no items": { ...pod, volumes: [] },
  "a new list": { ...pod, env: [{ name: "A" }] },
  "a new map": { ...pod, annotations: { a: "b" } },
  "a new scalar": { ...pod, priority: "high" },
  "a key less": { replicas: 2, args: ["all"], volumes: pod.volumes },
  "a scalar for a map": { ...pod, labels: "none" },
  "a deep key": { ...pod, labels: { app: "x", more: "y" } },
};

for (const [name, variant] of Object.entries(CASES)) {
  Deno.test(`under its condition an object is the variant, else the base: ${name}`, () => {
    const template = merged(pod, { ".on": variant });
    equal(rendered(template, []), emit(treeOf(pod) as MapNode));
    // The order of keys is that of the base.
    const under = rendered(template, [".on"]);
    deepEqual(under.split("\n").sort(), emit(treeOf(variant) as MapNode).split("\n").sort());
  });
}

Deno.test("lists of the variant keep their order", () => {
  const template = merged(pod, { ".on": CASES["an item between"]! });
  const names = rendered(template, [".on"]).split("\n").filter((line) => line.includes("name:"));
  deepEqual(names.map((line) => line.trim()), ["- name: tmp", "- name: new", "- name: data"]);
});

Deno.test("what several variants add comes in their order, and what two add is there once", () => {
  const both = { name: "audit" };
  const one = { ...pod, volumes: [...pod.volumes, both] };
  const other = { ...pod, volumes: [...pod.volumes, both, { name: "config" }] };
  const template = merged(pod, { ".a": one, ".b": other });
  equal(template.match(/name: audit/g)?.length, 1);
  const names = (holds: string[]) =>
    [...rendered(template, holds).matchAll(/name: (\w+)/g)].map(([, name]) => name).slice(0);
  deepEqual(names([".a"]), ["tmp", "data", "audit"]);
  deepEqual(names([".b"]), ["tmp", "data", "audit", "config"]);
  deepEqual(names([".a", ".b"]), ["tmp", "data", "audit", "config"]);
  deepEqual(names([]), ["tmp", "data"]);
});

Deno.test("a list and a map that the base has not may grow by several variants", () => {
  const template = merged(pod, {
    ".a": { ...pod, env: [{ name: "A" }], annotations: { a: "1" } },
    ".b": { ...pod, env: [{ name: "B" }], annotations: { b: "2" } },
  });
  equal(rendered(template, []), emit(treeOf(pod) as MapNode));
  deepEqual([...rendered(template, [".b"]).matchAll(/- name: (B)|b: "(2)"/g)].length, 2);
  deepEqual([...rendered(template, [".a", ".b"]).matchAll(/- name: [AB]/g)].length, 2);
});

Deno.test("the first choice that holds counts", () => {
  const template = merged(pod, { ".a": { ...pod, replicas: 3 }, ".b": { ...pod, replicas: 4 } });
  equal(/replicas: (\d)/.exec(rendered(template, [".a", ".b"]))?.[1], "3");
  equal(/replicas: (\d)/.exec(rendered(template, [".b"]))?.[1], "4");
});

Deno.test("variants that set one new field differently are refused, with the field", () => {
  const differing = { ".a": { ...pod, priority: "high" }, ".b": { ...pod, priority: "low" } };
  throws(() => merged(pod, differing), /\.priority: it is set under \.a, and under \.b/);
  equal(merged(pod, { ".a": { ...pod, p: 1 }, ".b": { ...pod, p: 1 } }).match(/p: 1/g)?.length, 1);
});

Deno.test("an object that became another kind of thing is refused", () => {
  throws(
    () => mergeUnder(".a", treeOf({}), {}, [] as Json, "Kind/x"),
    /Kind\/x: it is of another kind under \.a/,
  );
});
