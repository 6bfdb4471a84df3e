/** Whose objects go, on a cluster that is a list; what a real one makes of it is in tests/install/. */
import assert from "node:assert/strict";
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import { Namespaces } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { InstallError } from "../apply/error.ts";
import { inventoryReference } from "../apply/inventory.ts";
import { INSTALL_MANAGER, labelled, wordsOf } from "../apply/objects.ts";
import { embeddedManifests } from "../render/variant.ts";
import { uninstall, type UninstallRequest } from "./uninstall.ts";

const files = await embeddedManifests();

function cluster(objects: readonly KubeObject[]) {
  const there = [...objects];
  const deleted: string[] = [];
  const find = (type: ResourceType, { namespace, name }: ObjectKey) => {
    const found = there.find((object) =>
      object.kind === type.kind && keyOf(object).name === name && keyOf(object).namespace === namespace
    );
    if (found !== undefined) return found;
    throw new KubeApiError(404, "NotFound", "not found", { method: "GET", path: "/" });
  };
  const client = {
    get: (type: ResourceType, key: ObjectKey) => Promise.try(() => find(type, key)),
    list: () => Promise.resolve({ items: [] }),
    // No namespace for a Lease.
    create: () => Promise.try(() => find(Namespaces, { namespace: "", name: "none" })),
    delete: (type: ResourceType, key: ObjectKey) =>
      Promise.try(() => {
        const object = find(type, key);
        deleted.push(wordsOf(object));
        there.splice(there.indexOf(object), 1);
        return object;
      }),
  } as unknown as KubeClient;
  return { client, deleted };
}

async function run(objects: readonly KubeObject[], request: Partial<UninstallRequest> = {}) {
  const { client, deleted } = cluster(objects);
  const lines: string[] = [];
  const asked: string[] = [];
  const say = { line: (text: string) => void lines.push(text), waiting: () => {} };
  const outcome = await uninstall(
    client,
    {
      files,
      family: "product",
      namespace: "coder-system",
      deleteCrds: false,
      deleteData: false,
      deleteNamespace: false,
      abandon: false,
      confirm: (text) => Promise.resolve(asked.push(text) > 0),
      holder: "me",
      now: () => 0,
      ...request,
    },
    say,
    new AbortController().signal,
  ).catch((error: unknown) => error);
  return { outcome, deleted, lines, asked };
}

const object = (apiVersion: string, kind: string, name: string, namespace?: string, more: object = {}) =>
  ({
    apiVersion,
    kind,
    metadata: { name, uid: name, ...(namespace === undefined ? {} : { namespace }) },
    ...more,
  }) as KubeObject;
const inventory = (...objects: KubeObject[]) => {
  const { apiVersion, kind, metadata } = inventoryReference("product", "coder-system");
  const list = { version: "1", overlays: ["all"], objects };
  return object(apiVersion, kind, metadata.name!, "coder-system", {
    data: { "inventory.json": JSON.stringify(list) },
  });
};
const applied = (given: KubeObject, manager = INSTALL_MANAGER) =>
  labelled({
    ...given,
    metadata: { ...given.metadata, managedFields: [{ manager, operation: "Apply" as const }] },
  });

Deno.test("an inventory lets nothing be deleted that no installation has applied", async () => {
  const database = object("v1", "Secret", "database", "production");
  const role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "cluster-admin");
  const served = applied(object("v1", "Service", "dev", "coder"), "coder-k8s");
  const older = applied(object("v1", "Service", "of-an-older-version", "coder-system"));
  const note = inventory(database, role, served, older);
  const { outcome, deleted, asked } = await run([note, database, role, served, older]);
  assert.deepEqual(outcome, []);
  assert.deepEqual(deleted.sort(), [
    "configmap/coder-k8s-inventory in coder-system",
    "service/of-an-older-version in coder-system",
  ]);
  assert.match(asked.join(), /is removed: 2 objects\./);
});

Deno.test("what is named as in deploy/ goes, whoever has applied it", async () => {
  const { deleted } = await run([object("apps/v1", "Deployment", "coder-k8s", "coder-system")]);
  assert.deepEqual(deleted, ["deployment.apps/coder-k8s in coder-system"]);
});

Deno.test("a namespace where nothing was ever installed is not deleted", async () => {
  const foreign = object("v1", "Namespace", "production");
  const request = { namespace: "production", deleteNamespace: true };
  const { outcome, deleted, asked } = await run([foreign], request);
  assert.ok(outcome instanceof InstallError);
  assert.match(
    outcome.message,
    /nothing of an installation is in production.*kubectl delete namespace production/,
  );
  assert.deepEqual([deleted, asked], [[], []]);
  // The rest was removed before, by a run that broke off.
  assert.deepEqual((await run([applied(foreign)], request)).deleted, ["namespace/production"]);
  const account = object("v1", "ServiceAccount", "coder-k8s", "production");
  assert.equal((await run([foreign, account], request)).deleted.length, 2);
  assert.deepEqual((await run([], request)).outcome, []);
});

Deno.test("the installation of another namespace is left alone, as far as it got", async () => {
  const service = object(
    "apiregistration.k8s.io/v1",
    "APIService",
    "v1alpha1.aggregation.coder.com",
    undefined,
    {
      spec: { service: { namespace: "platform", name: "coder-k8s-apiserver" } },
    },
  );
  const binding = object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "coder-k8s", undefined, {
    subjects: [{ kind: "ServiceAccount", name: "coder-k8s", namespace: "platform" }],
  });
  for (const there of [[service], [binding], [service, binding]]) {
    const { outcome, deleted, asked } = await run(there, { deleteCrds: true });
    assert.ok(outcome instanceof InstallError);
    assert.match(outcome.message, /of the installation in platform.*--namespace=platform/s);
    assert.deepEqual([deleted, asked], [[], []]);
    const there2 = await run(there, { namespace: "platform" });
    assert.deepEqual([there2.outcome, there2.deleted.length], [[], there.length]);
  }
});
