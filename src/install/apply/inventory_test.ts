import assert from "node:assert/strict";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { familyOf, gone, inventoryReference, readInventory, union, writeInventory } from "./inventory.ts";
import { type Reference, sameness, targetOf, typeOf, wordsOf } from "./objects.ts";

const reference = (kind: string, name: string, namespace?: string): Reference => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

/** Keeps one ConfigMap. */
function memory(data?: unknown) {
  let stored = data as { data?: Record<string, string> } | undefined;
  return {
    client: {
      get: () =>
        stored === undefined
          ? Promise.reject(new KubeApiError(404, "NotFound", "no", { method: "GET", path: "/" }))
          : Promise.resolve(stored),
      patch: (_type: unknown, _key: unknown, { body }: { body: unknown }) => {
        stored = body as typeof stored;
        return Promise.resolve(stored);
      },
    } as unknown as KubeClient,
    stored: () => stored as unknown,
  };
}

Deno.test("an inventory is read as it was written", async () => {
  const { client, stored } = memory();
  assert.equal(await readInventory(client, "product", "n"), undefined);
  const objects = [reference("Deployment", "a", "n"), reference("ClusterRole", "b")];
  const inventory = { version: "1.2.3", overlays: ["all", "monitoring"], objects };
  await writeInventory(client, "product", "n", inventory);
  assert.deepEqual(await readInventory(client, "product", "n"), inventory);
  const { metadata } = stored() as Reference & { metadata: { labels: object } };
  assert.equal(metadata.name, "coder-k8s-inventory");
  assert.deepEqual(metadata.labels, { app: "coder-k8s", "app.kubernetes.io/managed-by": "coder-k8s" });
});

Deno.test("what is there and no inventory is none", async () => {
  for (const text of ["", "{", "{}", '{"version":1,"overlays":[],"objects":[]}']) {
    const { client } = memory({ data: { "inventory.json": text } });
    assert.equal(await readInventory(client, "product", "n"), undefined, text);
  }
  assert.equal(await readInventory(memory({}).client, "product", "n"), undefined);
});

Deno.test("an inventory that names what is no name is none", async () => {
  const good = { apiVersion: "v1", kind: "Service", metadata: { name: "system:a", namespace: "n" } };
  const read = (object: object) => {
    const text = JSON.stringify({ version: "1", overlays: [], objects: [object] });
    return readInventory(memory({ data: { "inventory.json": text } }).client, "product", "n");
  };
  assert.equal((await read(good))?.objects.length, 1);
  for (
    const odd of [
      { kind: "services/evil/proxy?" },
      { kind: "../secrets" },
      { apiVersion: "v1/../../api/v1" },
      { metadata: { name: "a/b" } },
      { metadata: { name: "a\u001b[2Jb" } },
      { metadata: { name: "a", namespace: "x\ny" } },
    ]
  ) assert.equal(await read({ ...good, ...odd }), undefined, JSON.stringify(odd));
});

Deno.test("shapes that are installed beside each other have one each", () => {
  const families = ["all", "split", "coordinator", "coordinator/replicas", "workers", "workers/replicas"].map(
    familyOf,
  );
  assert.deepEqual(families, ["product", "product", "coordinator", "coordinator", "workers", "workers"]);
  const names = (["product", "coordinator", "workers"] as const).map((one) =>
    inventoryReference(one, "n").metadata.name
  );
  assert.equal(new Set(names).size, 3);
});

Deno.test("lists are joined and compared whatever the version of an object", () => {
  const [a, b] = [reference("Deployment", "a", "n"), reference("Deployment", "b", "n")];
  const newer = { ...a, apiVersion: "apps/v2" };
  assert.deepEqual(union([a], [newer, b]), [a, b]);
  assert.deepEqual(gone([a, b], [newer]), [b]);
  assert.notEqual(sameness(a), sameness({ ...a, apiVersion: "v1" }), "another group is another kind");
});

Deno.test("objects are named as kubectl names them", () => {
  assert.equal(wordsOf(reference("Deployment", "a", "n")), "deployment.apps/a in n");
  assert.equal(wordsOf({ ...reference("Namespace", "n"), apiVersion: "v1" }), "namespace/n");
  assert.equal(targetOf(reference("NetworkPolicy", "a", "n")), 'networkpolicies.apps "n/a"');
  assert.deepEqual(typeOf(reference("Deployment", "a")), {
    group: "apps",
    version: "v1",
    kind: "Deployment",
    plural: "deployments",
    namespaced: false,
  });
});
