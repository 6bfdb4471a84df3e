import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { contains, differences } from "./contains.ts";

function object(fields: Record<string, unknown>, apiVersion = "apps/v1", kind = "Deployment"): KubeObject {
  return { apiVersion, kind, metadata: { name: "d" }, ...fields } as KubeObject;
}

/** A Deployment with one container of these fields, and these fields in its pod. */
function pod(container: Record<string, unknown>, spec: Record<string, unknown> = {}): KubeObject {
  return object({ spec: { template: { spec: { containers: [{ name: "c", ...container }], ...spec } } } });
}

function paths(live: KubeObject, desired: KubeObject): string[] {
  return differences(live, desired).map((difference) => difference.path);
}

Deno.test("what the live object has besides is ignored", () => {
  const live = object({
    spec: { replicas: 3, paused: true, selector: { matchLabels: { a: "b" } } },
    status: { x: 1 },
  });
  assert.equal(contains(live, object({ spec: { paused: true } })), true);
  live.metadata.labels = { foreign: "1" };
  live.metadata.annotations = { foreign: "1" };
  assert.equal(contains(live, object({ spec: { selector: { matchLabels: { a: "b" } } } })), true);
});

Deno.test("a difference is named by its place, with the keys of list items", () => {
  const live = pod({ image: "old", env: [{ name: "A", value: "1" }] });
  const desired = pod({ image: "new", env: [{ name: "A", value: "2" }, { name: "B", value: "3" }] });
  assert.deepEqual(paths(live, desired), [
    "spec.template.spec.containers[name=c].image",
    "spec.template.spec.containers[name=c].env[name=A].value",
    "spec.template.spec.containers[name=c].env[name=B]",
  ]);
});

Deno.test("differences never hold the values themselves, but tell one value from another", () => {
  const secret = (value: string) => object({ data: { password: value } }, "v1", "Secret");
  const [first] = differences(secret("hunter2"), secret("other"));
  const [second] = differences(secret("hunter3"), secret("other"));
  assert.equal(first?.path, "data.password");
  assert.equal(JSON.stringify(first).includes("hunter2"), false);
  assert.notEqual(first?.liveHash, second?.liveHash);
});

Deno.test("quantities are compared as amounts, other texts that look like them are not", () => {
  const live = pod({
    resources: { limits: { cpu: "1", "example.com/gpu": "1" }, requests: { memory: "1Gi" } },
  });
  assert.equal(
    contains(
      live,
      pod({ resources: { limits: { cpu: "1000m", "example.com/gpu": 1 }, requests: { memory: "1024Mi" } } }),
    ),
    true,
  );
  assert.equal(contains(live, pod({ resources: { limits: { cpu: "1001m" } } })), false);
  assert.equal(
    contains(pod({ env: [{ name: "A", value: "1" }] }), pod({ env: [{ name: "A", value: "1000m" }] })),
    false,
  );
  const volume = (sizeLimit: unknown) => pod({}, { volumes: [{ name: "v", emptyDir: { sizeLimit } }] });
  assert.equal(contains(volume("1Gi"), volume("1073741824")), true);
});

Deno.test("a number and its text are different where the field takes either: they mean a number and a name", () => {
  const probe = (port: unknown) => pod({ readinessProbe: { httpGet: { path: "/", port } } });
  assert.equal(contains(probe(80), probe(80)), true);
  assert.equal(contains(probe("http"), probe("http")), true);
  assert.equal(contains(probe("80"), probe(80)), false);
});

Deno.test("empty desired values equal absent live ones", () => {
  for (const empty of [null, "", 0, false, [], {}, { limits: {} }, undefined]) {
    assert.equal(
      contains(object({ spec: {} }), object({ spec: { minReadySeconds: empty } })),
      true,
      JSON.stringify(empty),
    );
  }
});

Deno.test("empty desired values do not equal live ones that are not empty", () => {
  assert.equal(contains(object({ spec: { paused: true } }), object({ spec: { paused: false } })), false);
  assert.equal(contains(object({ spec: { paused: true } }), object({ spec: { paused: null } })), false);
  assert.equal(
    contains(object({ spec: { minReadySeconds: 3 } }), object({ spec: { minReadySeconds: 0 } })),
    false,
  );
});

Deno.test("where the absence of a field means something else, an empty value must be there", () => {
  assert.equal(contains(object({ spec: {} }), object({ spec: { replicas: 0 } })), false);
  assert.equal(contains(pod({}), pod({}, { automountServiceAccountToken: false })), false);
  assert.equal(
    contains(pod({}), pod({ securityContext: { readOnlyRootFilesystem: false, runAsUser: 0 } })),
    false,
  );
  assert.equal(
    contains(pod({}, { volumes: [{ name: "v" }] }), pod({}, { volumes: [{ name: "v", emptyDir: {} }] })),
    false,
  );
});

Deno.test("a label or annotation with an empty value is not the same as none", () => {
  const labelled = object({});
  labelled.metadata.labels = { flag: "" };
  assert.deepEqual(paths(object({}), labelled), ["metadata.labels"]);
  const other = object({});
  other.metadata.labels = { other: "1" };
  assert.deepEqual(paths(other, labelled), ["metadata.labels.flag"]);
  assert.equal(contains(labelled, labelled), true);
});

Deno.test("items of a keyed list are found by key, foreign ones may stand between, but ours keep their order", () => {
  const env = (...names: string[]) => pod({ env: names.map((name) => ({ name, value: name })) });
  assert.equal(contains(env("A", "FOREIGN", "B"), env("A", "B")), true);
  assert.deepEqual(paths(env("B", "A"), env("A", "B")), ["spec.template.spec.containers[name=c].env[order]"]);
  assert.equal(contains(env("B"), env("A", "B")), false);
});

Deno.test("a port without protocol is the TCP port", () => {
  const ports = (...items: unknown[]) => object({ spec: { ports: items } }, "v1", "Service");
  const live = ports({ port: 80, protocol: "UDP", name: "u" }, {
    port: 80,
    protocol: "TCP",
    name: "t",
    nodePort: 3,
  });
  assert.equal(contains(live, ports({ port: 80, name: "t" })), true);
  assert.equal(contains(live, ports({ port: 80, name: "u" })), false);
});

Deno.test("sets are compared by membership", () => {
  const live = object({});
  live.metadata.finalizers = ["b", "foreign", "a"];
  const desired = object({});
  desired.metadata.finalizers = ["a", "b"];
  assert.equal(contains(live, desired), true);
  assert.equal(contains(desired, live), false);
});

Deno.test("atomic lists must agree in length, order and content", () => {
  const args = (...values: string[]) => pod({ args: values });
  assert.equal(contains(args("a", "b"), args("a", "b")), true);
  assert.equal(contains(args("b", "a"), args("a", "b")), false);
  assert.equal(contains(args("a", "b", "c"), args("a", "b")), false);
  const tolerations = (...items: unknown[]) => pod({}, { tolerations: items });
  assert.deepEqual(
    paths(
      tolerations({ key: "a", operator: "Exists", tolerationSeconds: 5 }),
      tolerations({ key: "a", operator: "Exists" }),
    ),
    ["spec.template.spec.tolerations[0].tolerationSeconds"],
    "a field put into one of our items by hand",
  );
});

Deno.test("atomic structures are compared as one value, the server's defaults in them aside", () => {
  const field = (fieldRef: unknown) => pod({ env: [{ name: "A", valueFrom: { fieldRef } }] });
  assert.equal(
    contains(field({ apiVersion: "v1", fieldPath: "status.podIP" }), field({ fieldPath: "status.podIP" })),
    true,
  );
  assert.equal(
    contains(field({ apiVersion: "v2", fieldPath: "status.podIP" }), field({ fieldPath: "status.podIP" })),
    false,
  );
  const selector = (matchLabels: unknown) => object({ spec: { selector: { matchLabels } } });
  assert.equal(contains(selector({ a: "1", foreign: "" }), selector({ a: "1" })), false);
});

Deno.test("lists of kinds that nobody describes are compared in order and exactly", () => {
  const route = (...backends: unknown[]) =>
    object({ spec: { rules: [{ backendRefs: backends }] } }, "gateway.networking.k8s.io/v1", "HTTPRoute");
  const live = route({ group: "", kind: "Service", name: "coder", port: 80, weight: 1 });
  assert.equal(
    contains(live, route({ name: "coder", port: 80 })),
    true,
    "with the defaults of the Gateway API",
  );
  assert.equal(contains(live, route({ name: "coder", port: 81 })), false);
  assert.equal(contains(live, route({ name: "coder", port: 80 }, { name: "other", port: 80 })), false);
  const filtered = route({ name: "coder", port: 80, filters: [{ type: "RequestMirror" }] });
  assert.equal(contains(filtered, route({ name: "coder", port: 80 })), false, "a filter put in by hand");
});

Deno.test("owner references are found by uid in every kind", () => {
  const owned = (...uids: string[]) => {
    const route = object({}, "gateway.networking.k8s.io/v1", "HTTPRoute");
    route.metadata.ownerReferences = uids.map((uid) => ({ apiVersion: "v1", kind: "X", name: "x", uid }));
    return route;
  };
  assert.equal(contains(owned("u9", "u1"), owned("u1")), true);
  assert.equal(contains(owned("u9"), owned("u1")), false);
});

Deno.test("a value of another shape is a difference", () => {
  assert.deepEqual(paths(object({ spec: [] }), object({ spec: { a: { b: 1 } } })), ["spec"]);
  assert.deepEqual(paths(object({ spec: { template: "x" } }), object({ spec: { template: { a: 1 } } })), [
    "spec.template",
  ]);
  assert.deepEqual(paths(pod({ args: "x" }), pod({ args: ["x"] })), [
    "spec.template.spec.containers[name=c].args",
  ]);
});
