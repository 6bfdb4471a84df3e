import assert from "node:assert/strict";
import { inOrder } from "./order.ts";

const object = (kind: string, name = "x", namespace?: string) => ({
  apiVersion: "v1",
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

Deno.test("what others need comes first, the APIService last, what nobody knows in between", () => {
  const kinds = [
    "APIService",
    "Deployment",
    "ServiceMonitor",
    "RoleBinding",
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "CustomResourceDefinition",
  ];
  assert.deepEqual(inOrder(kinds.map((kind) => object(kind))).map(({ kind }) => kind), [
    "CustomResourceDefinition",
    "Namespace",
    "ServiceAccount",
    "ClusterRole",
    "RoleBinding",
    "ServiceMonitor",
    "Deployment",
    "APIService",
  ]);
});

Deno.test("those of one kind are in the order of their names, and kinds that nobody knows, too", () => {
  const given = [
    object("Zebra"),
    object("Role", "b", "n"),
    object("Role", "a", "n"),
    object("Ape", "z"),
    object("Ape"),
  ];
  assert.deepEqual(
    inOrder(given).map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    ["Role a", "Role b", "Ape x", "Ape z", "Zebra x"],
  );
});
