import assert from "node:assert/strict";
import { Services } from "../../api/kubernetes/resources.ts";
import type { Deployment, ManagedFieldsEntry, Service } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { collidingItems, planReclaim } from "./collisions.ts";
import type { KubeClient, PatchBody } from "../client.ts";
import { KubeApiError } from "../errors.ts";
import type { SharedCache } from "../informer.ts";
import { prepare } from "./desired_object.ts";
import { createApplier } from "./server_side_apply.ts";

const port = (number: number, name: string) => ({ name, port: number, protocol: "TCP" });
const service = (...ports: ReturnType<typeof port>[]): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { namespace: "a", name: "s" },
  spec: { ports },
});
const deployment = (...ports: { name: string; containerPort: number }[]): Deployment =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "a", name: "d" },
    spec: { template: { spec: { containers: [{ name: "coder", ports }, { name: "sidecar" }] } } },
  }) as unknown as Deployment;
const at = (number: number) => ["spec", "ports", { key: { port: number, protocol: "TCP" } }] as const;

Deno.test("a port of our name under another number is in our place; others are not", () => {
  const live = service(port(9999, "http"), port(9090, "metrics"), port(443, "https"));
  assert.deepEqual(collidingItems(live, service(port(80, "http"), port(443, "https"))), [at(9999)]);
  assert.deepEqual(collidingItems(live, service(port(9999, "http"))), []);
});

Deno.test("a port of a Service without a name is in our place, one of a container is not", () => {
  for (const name of ["", undefined]) {
    const nameless = { port: 9999, protocol: "TCP", ...(name === undefined ? {} : { name }) };
    const live = { ...service(), spec: { ports: [nameless] } } as Service;
    assert.deepEqual(collidingItems(live, service(port(80, "http"))), [at(9999)]);
  }
  const container = deployment({ name: "", containerPort: 1 });
  assert.deepEqual(collidingItems(container, deployment({ name: "http", containerPort: 8080 })), []);
});

Deno.test("a protocol that is left out is TCP", () => {
  const unsaid = { ...service(), spec: { ports: [{ name: "http", port: 80 }] } };
  assert.deepEqual(collidingItems(unsaid, service(port(80, "http"))), []);
  assert.deepEqual(collidingItems(unsaid, service(port(81, "http"))), [at(80)]);
});

Deno.test("ports of containers are found in theirs", () => {
  const live = deployment({ name: "http", containerPort: 1 }, { name: "other", containerPort: 2 });
  assert.deepEqual(collidingItems(live, deployment({ name: "http", containerPort: 8080 })), [[
    "spec",
    "template",
    "spec",
    "containers",
    { key: { name: "coder" } },
    "ports",
    { key: { containerPort: 1, protocol: "TCP" } },
  ]]);
});

Deno.test("lists and fields that only one side has, and kinds nobody describes, collide with nothing", () => {
  const custom = { ...service(port(1, "http")), apiVersion: "example.com/v1", kind: "Thing" };
  assert.deepEqual(
    collidingItems(custom, { ...custom, spec: { ports: [port(2, "http")] } } as KubeObject),
    [],
  );
  const without: Service = { ...service(), spec: {} };
  assert.deepEqual(collidingItems(without, service(port(2, "http"))), []);
  const odd = { ...service(), spec: { ports: [7, null, { name: "http" }] } } as unknown as Service;
  assert.deepEqual(collidingItems(odd, service(port(2, "http"))), []);
});

const fieldsOf = (...numbers: number[]) => ({
  "f:spec": {
    "f:ports": Object.fromEntries(
      numbers.map((
        number,
      ) => [`k:{"port":${number},"protocol":"TCP"}`, { ".": {}, "f:name": {}, "f:port": {} }]),
    ),
  },
});
const entry = (manager: string, operation: string, fieldsV1: object): ManagedFieldsEntry => ({
  manager,
  operation,
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: fieldsV1 as Record<string, unknown>,
});
const managed = (live: Service, ...managedFields: ManagedFieldsEntry[]): Service => ({
  ...live,
  metadata: { ...live.metadata, uid: "u-s", resourceVersion: "7", managedFields },
});

Deno.test("what stands in our place becomes ours, with everything else of its writer left to it", () => {
  const ours = entry("coder-k8s", "Apply", fieldsOf(443));
  const theirs = entry("kubectl-edit", "Update", fieldsOf(9090, 9999));
  const live = managed(service(port(9999, "http")), theirs, ours);
  assert.deepEqual(planReclaim(live, "coder-k8s", [[...at(9999)]]), [
    { op: "test", path: "/metadata/resourceVersion", value: "7" },
    {
      op: "replace",
      path: "/metadata/managedFields",
      value: [{ ...theirs, fieldsV1: fieldsOf(9090) }, { ...ours, fieldsV1: fieldsOf(443, 9999) }],
    },
  ]);
});

Deno.test("a writer who has nothing else goes", () => {
  const live = managed(
    service(port(9999, "http")),
    entry("kubectl-edit", "Update", fieldsOf(9999)),
    entry("coder-k8s", "Apply", fieldsOf(443)),
  );
  const [, replace] = planReclaim(live, "coder-k8s", [[...at(9999)]]) ?? [];
  assert.deepEqual((replace as { value: ManagedFieldsEntry[] }).value.map(({ manager }) => manager), [
    "coder-k8s",
  ]);
});

Deno.test("there is nothing to do where nobody else owns it, nothing collides, or we never applied", () => {
  const ours = entry("coder-k8s", "Apply", fieldsOf(9999));
  const theirs = entry("kubectl-edit", "Update", fieldsOf(9999));
  const items = [[...at(9999)]];
  assert.equal(planReclaim(managed(service(), ours), "coder-k8s", items), undefined);
  assert.equal(planReclaim(managed(service(), theirs, ours), "coder-k8s", []), undefined);
  assert.equal(planReclaim(managed(service(), theirs), "coder-k8s", items), undefined);
  assert.equal(planReclaim(service(), "coder-k8s", items), undefined);
});

/** A server that refuses a second port of one name, as the real one does. */
function strictServer(stored: Service) {
  const sent: PatchBody["type"][] = [];
  const client = {
    get: () => Promise.resolve(stored),
    patch: (_: unknown, __: unknown, patch: PatchBody) => {
      sent.push(patch.type);
      if (patch.type === "json") {
        const [, replace] = patch.body as readonly { value?: unknown }[];
        const managedFields = replace?.value as ManagedFieldsEntry[];
        stored = { ...stored, metadata: { ...stored.metadata, managedFields, resourceVersion: "8" } };
        return Promise.resolve(stored);
      }
      const someoneElse = stored.metadata.managedFields?.some(({ manager }) => manager === "kubectl-edit");
      return someoneElse
        ? Promise.reject(new KubeApiError(422, "Invalid", "duplicate", { method: "PATCH", path: "/s" }))
        : Promise.resolve({ ...(patch.body as Service), metadata: stored.metadata });
    },
  } as unknown as KubeClient;
  const informer = { get: () => stored, observe: () => {} };
  const cache = { informer: () => informer } as unknown as SharedCache;
  return { sent, applier: createApplier({ client, cache, log: silentLogger }) };
}

Deno.test("an apply that is refused for such an item makes room, and succeeds in the same call", async () => {
  const desired = service(port(80, "http"));
  const { body } = prepare(Services, desired, undefined);
  const { annotations } = body.metadata;
  const live = managed(
    service(port(9999, "http")),
    entry("kubectl-edit", "Update", fieldsOf(9999)),
    entry("coder-k8s", "Apply", fieldsOf(443)),
  );
  live.metadata.annotations = { ...annotations };
  const { applier, sent } = strictServer(live);
  const { outcome } = await applier.apply(Services, desired, { isOurs: () => true });
  assert.equal(outcome, "unchanged");
  assert.deepEqual(sent, ["apply", "json", "apply"]);
});

Deno.test("an apply that is refused for another reason is refused", async () => {
  const live = managed(
    service(port(80, "http")),
    entry("kubectl-edit", "Update", fieldsOf(80)),
    entry("coder-k8s", "Apply", fieldsOf(80)),
  );
  live.metadata.annotations = { "coder.com/applied": "old" };
  const { applier, sent } = strictServer(live);
  await assert.rejects(applier.apply(Services, service(port(80, "http")), { isOurs: () => true }), {
    code: 422,
  });
  assert.deepEqual(sent, ["apply"]);
});
