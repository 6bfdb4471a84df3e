import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { stagesOf } from "./stages.ts";

const object = (kind: string, name: string, more: object = {}): KubeObject =>
  ({ apiVersion: "v1", kind, metadata: { name, namespace: "n" }, ...more }) as KubeObject;
const service = (name: string, app: string) => object("Service", name, { spec: { selector: { app } } });
const deployment = (name: string) =>
  object("Deployment", name, { spec: { template: { metadata: { labels: { app: name, more: "x" } } } } });
const names = (stages: KubeObject[][]) =>
  stages.map((stage) => stage.map(({ kind, metadata }) => `${kind} ${metadata.name}`));

const ALL = [object("Namespace", "n"), service("api", "one"), deployment("one"), object("APIService", "v1")];
const SPLIT = [
  object("Namespace", "n"),
  service("api", "api"),
  deployment("api"),
  deployment("one"),
  object("APIService", "v1"),
];

Deno.test("an installation is one stage, and the APIService another", () => {
  const wanted = [["Namespace n", "Service api", "Deployment one"], ["APIService v1"]];
  assert.deepEqual(names(stagesOf(ALL, [])), wanted);
  assert.deepEqual(names(stagesOf(ALL, ALL)), wanted, "and so it is when nothing changes");
});

Deno.test("a Service goes to new pods when they are there, and the old ones stay as they are until then", () => {
  assert.deepEqual(names(stagesOf(SPLIT, ALL)), [
    ["Namespace n", "Deployment api"],
    ["Service api", "Deployment one"],
    ["APIService v1"],
  ]);
  assert.deepEqual(names(stagesOf(ALL, SPLIT)), [
    ["Namespace n", "Deployment one"],
    ["Service api"],
    ["APIService v1"],
  ]);
});

Deno.test("a Service without a selector, such as one by name, is no Service that moves", () => {
  const external = object("Service", "api", { spec: { type: "ExternalName" } });
  assert.equal(stagesOf(ALL, [external]).length, 2);
  assert.deepEqual(names(stagesOf([object("CustomResourceDefinition", "c")], [])), [[
    "CustomResourceDefinition c",
  ]]);
});
