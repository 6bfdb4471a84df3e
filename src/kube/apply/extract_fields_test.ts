import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { extractFields } from "./extract_fields.ts";
import { parseFields } from "./field_set.ts";

type Loose = KubeObject & Record<string, unknown>;

function deployment(spec: unknown, metadata: Record<string, unknown> = {}): Loose {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace: "n", ...metadata },
    spec,
  };
}

function specOf(live: Loose, fields: unknown): unknown {
  return extractFields(live, parseFields(fields))["spec"];
}

Deno.test("fields of others are left out, and the order of the live object is kept", () => {
  const live = deployment({ paused: true, replicas: 3, minReadySeconds: 5 }, {
    uid: "u",
    resourceVersion: "7",
    labels: { ours: "1", theirs: "2" },
  });
  const part = extractFields(
    live,
    parseFields({
      "f:metadata": { "f:labels": { ".": {}, "f:ours": {} } },
      "f:spec": { "f:minReadySeconds": {}, "f:paused": {} },
    }),
  );
  assert.equal(
    JSON.stringify(part),
    '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"n","labels":{"ours":"1"}},' +
      '"spec":{"paused":true,"minReadySeconds":5}}',
  );
});

Deno.test("a list item keeps its key fields even where only another of its fields is owned", () => {
  const live = deployment({
    template: {
      spec: { containers: [{ image: "i", name: "c", ports: [] }, { name: "sidecar", image: "s" }] },
    },
  });
  const fields = { "f:template": { "f:spec": { "f:containers": { 'k:{"name":"c"}': { "f:image": {} } } } } };
  assert.deepEqual(specOf(live, { "f:spec": fields }), {
    template: { spec: { containers: [{ image: "i", name: "c" }] } },
  });
});

Deno.test("a key field that the live object lacks is matched by its default", () => {
  const live: Loose = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: { ports: [{ port: 80, name: "http" }, { port: 80, protocol: "UDP", name: "dns" }] },
  };
  const fields = { "f:ports": { 'k:{"port":80,"protocol":"TCP"}': { ".": {}, "f:name": {} } } };
  assert.deepEqual(specOf(live, { "f:spec": fields }), { ports: [{ port: 80, name: "http" }] });
});

Deno.test("set items are taken by value, and items without a key by their place", () => {
  const live = deployment({}, { finalizers: ["a/theirs", "b/ours"] });
  const part = extractFields(live, parseFields({ "f:metadata": { "f:finalizers": { 'v:"b/ours"': {} } } }));
  assert.deepEqual(part.metadata.finalizers, ["b/ours"]);
  const indexed = { "f:spec": { "f:list": { "i:1": {} } } };
  assert.deepEqual(specOf(deployment({ list: ["x", "y", "z"] }), indexed), { list: ["y"] });
});

Deno.test("atomic values are taken whole", () => {
  const tolerations = [{ key: "a", operator: "Exists" }];
  const selector = { matchLabels: { a: "b" } };
  const live = deployment({ selector, template: { spec: { tolerations } } });
  const fields = { "f:selector": {}, "f:template": { "f:spec": { "f:tolerations": {} } } };
  assert.deepEqual(specOf(live, { "f:spec": fields }), { selector, template: { spec: { tolerations } } });
});

Deno.test("an empty structure that was written as empty stays empty, whatever others put in later", () => {
  const live = deployment({
    template: { spec: { securityContext: { fsGroup: 7 }, containers: [{ name: "late" }] } },
  });
  const fields = { "f:template": { "f:spec": { "f:securityContext": {}, "f:containers": {} } } };
  assert.deepEqual(specOf(live, { "f:spec": fields }), {
    template: { spec: { securityContext: {}, containers: [] } },
  });
});

Deno.test("a map that is a member without any of its entries is an empty map", () => {
  const fields = { "f:metadata": { "f:labels": { ".": {}, "f:gone": {} } } };
  assert.deepEqual(
    extractFields(deployment({}, { labels: { other: "1" } }), parseFields(fields)).metadata.labels,
    {},
  );
});

Deno.test("owner references are taken item by item, each as a whole", () => {
  const ours = { apiVersion: "x/v1", kind: "X", name: "x", uid: "u1", controller: true };
  const live = deployment({}, { ownerReferences: [{ ...ours, uid: "u2", controller: false }, ours] });
  const part = extractFields(
    live,
    parseFields({ "f:metadata": { "f:ownerReferences": { 'k:{"uid":"u1"}': {} } } }),
  );
  assert.deepEqual(part.metadata.ownerReferences, [ours]);
});

Deno.test("leaves of kinds that nobody describes are taken whole", () => {
  const live: Loose = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "r" },
    spec: { rules: [{ matches: [1] }], other: { a: 1 } },
  };
  assert.deepEqual(specOf(live, { "f:spec": { "f:rules": {}, "f:other": {} } }), live["spec"]);
});

Deno.test("the extract shares nothing with the live object", () => {
  const live = deployment({ selector: { matchLabels: { a: "b" } } });
  const part = specOf(live, { "f:spec": { "f:selector": {} } }) as {
    selector: { matchLabels: Record<string, string> };
  };
  part.selector.matchLabels["a"] = "changed";
  assert.deepEqual(live["spec"], { selector: { matchLabels: { a: "b" } } });
});

Deno.test("no fields give an object that has nothing but its name", () => {
  assert.deepEqual(extractFields(deployment({ replicas: 1 }), parseFields({})), {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace: "n" },
  });
});
