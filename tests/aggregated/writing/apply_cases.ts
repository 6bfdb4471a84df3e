/** Server-side applies, one after the other: what they say beside the fields that they own, which random lives are about. */
import { gadget } from "./object_cases.ts";
import type { Write } from "./twin_writers.ts";

const APPLY = "application/apply-patch+yaml";
const apply = (
  target: string,
  metadata: object,
  spec: object = { color: "red" },
  differs?: Write["differs"],
): Write => ({
  ask: `PATCH ${target}`,
  type: APPLY,
  body: { apiVersion: "{api}", kind: "Gadget", metadata, spec },
  ...(differs === undefined ? {} : { differs }),
});
const by = (name: string, more = "") => `${name}?fieldManager=one${more}`;

export const applyCases: readonly Write[] = [
  apply("a", { name: "a" }),
  apply(by("a", "&dryRun=All"), { name: "a" }),
  apply(by("a"), { name: "a", labels: { x: "y" }, finalizers: ["x.test/a"] }),
  apply(by("a"), { name: "a", labels: { x: "y" }, finalizers: ["x.test/a"] }),
  apply(by("b"), { name: "b", uid: "6ba7b810-9dad-11d1-80b4-00c04fd430c8" }),
  apply(by("b"), { name: "b", resourceVersion: "1" }),
  apply(by("b"), { name: "b", namespace: "{ns}" }),
  apply(by("b"), { name: "b", namespace: "elsewhere" }),
  apply(by("b"), { name: "c" }),
  apply(by("c"), {}, undefined, { why: "the name of the path is enough", code: 201 }),
  apply(by("b"), { name: "b", creationTimestamp: null }),
  apply(by("b"), { name: "b", creationTimestamp: "2001-01-01T00:00:00Z", generation: 7 }),
  apply(by("b"), { name: "b", uid: "{uid}" }),
  apply(by("b"), { name: "b", uid: "6ba7b810-9dad-11d1-80b4-00c04fd430c8" }),
  apply(by("b"), { name: "b", resourceVersion: "{rv}", labels: { a: "b" } }),
  apply(by("b"), { name: "b", resourceVersion: "1" }),
  apply(by("b"), { name: "b", resourceVersion: "abc" }, undefined, {
    why: "a version that is none is the caller's mistake",
    code: 422,
    reason: "Invalid",
  }),
  apply(by("b"), { name: "b", labels: { "a b": "c" } }),
  apply(by("b"), { name: "b" }, { color: "pink" }),
  apply(by("b"), { name: "b" }, { color: null }, {
    why: "null is nothing, and so the field is missing",
    code: 422,
    reason: "Invalid",
  }),
  apply(by("b"), { name: "b" }, { size: -1 }),
  apply(by("b"), { name: "b" }, { color: "red", size: null }, {
    why: "null is nothing, as in every other write",
    code: 200,
  }),
  apply(by("b"), { name: "b" }, {}, {
    why: "an empty map stays one, and is no null that is refused",
    code: 422,
    reason: "Invalid",
    from: 35,
  }),
  apply(by("d"), { name: "d" }, {}),
  apply(by("b", "&force=true"), { name: "b", deletionTimestamp: "2026-01-01T00:00:00Z" }),
  apply(by("b", "&fieldValidation=Strict"), { name: "b", labels: {} }),
  {
    ask: `PATCH ${by("b", "&fieldValidation=Strict")}`,
    type: APPLY,
    body: "apiVersion: {api}\nkind: Gadget\nmetadata: {name: b}\nspec:\n  color: red\n  color: red\n",
  },
  {
    ask: `PATCH ${by("b")}`,
    type: APPLY,
    body: "apiVersion: {api}\nkind: Gadget\nmetadata: {name: b}\nspec:\n  color: green\n",
  },
  { ask: `PATCH ${by("b")}`, type: APPLY, body: "apiVersion: other/v1\nkind: Gadget\nmetadata: {name: b}\n" },
  { ask: `PATCH ${by("b")}`, type: APPLY, body: "apiVersion: {api}\nkind: Gizmo\nmetadata: {name: b}\n" },
  { ask: `PATCH ${by("b")}`, type: APPLY, body: "a: [" },
  { ask: `PATCH ${by("b")}`, type: APPLY, body: "- a" },
  { ask: `PATCH ${by("b")}`, type: APPLY, body: "" },
  {
    ask: `PATCH ${by("b")}`,
    type: APPLY,
    body: { apiVersion: "{api}", kind: "Gadget", metadata: { name: "b" }, status: { phase: "x" } },
  },
  { ask: "DELETE a" },
  apply(by("a"), { name: "a", labels: { x: "z" }, finalizers: ["x.test/a"] }),
  apply(by("a"), { name: "a", finalizers: ["x.test/a", "x.test/b"] }),
  apply(by("a"), { name: "a", finalizers: [] }),
  apply(by("a"), { name: "a" }),
  { ask: "DELETE b" },
  { ask: "DELETE a" },
];

/** DELETE of many, where there is nothing else. */
export const collectionCases: readonly Write[] = [
  { ask: "POST", body: gadget("a", { labels: { go: "yes" } }) },
  { ask: "POST", body: gadget("b") },
  { ask: "POST", body: gadget("c", { labels: { go: "yes" } }, { color: "blue" }) },
  { ask: "POST", body: gadget("d", { labels: { go: "yes" }, finalizers: ["x.test/a"] }) },
  { ask: "DELETE ?labelSelector=go%3Dno" },
  { ask: "DELETE ?labelSelector=go%3Dyes&dryRun=All" },
  { ask: "DELETE ?fieldSelector=spec.color%3Dblue" },
  { ask: "DELETE ?labelSelector=go%3Dyes" },
  { ask: "PATCH d", body: { metadata: { finalizers: null } } },
  { ask: "DELETE ?labelSelector=a%3D%3D%3Db" },
  { ask: "DELETE", body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Nowhere" } },
  { ask: "DELETE", body: { kind: "DeleteOptions", apiVersion: "v1", dryRun: ["All"] } },
  { ask: "DELETE", body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "u" } } },
  { ask: "DELETE" },
  { ask: "DELETE" },
];
