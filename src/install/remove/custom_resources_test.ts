import assert from "node:assert/strict";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import type { KubeClient, PatchBody } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import {
  abandon,
  type CustomResource,
  customResources,
  fateOf,
  isAlive,
  KINDS,
  ownFinalizers,
} from "./custom_resources.ts";

const { signal } = new AbortController();
const missing = () => new KubeApiError(404, "NotFound", "no", { method: "GET", path: "/" });
const controlPlane = KINDS.at(-1)!;
const object = (metadata: object = {}): KubeObject => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { name: "dev", namespace: "coder", ...metadata },
});
const resource = (metadata: object = {}): CustomResource => ({ ...controlPlane, object: object(metadata) });

Deno.test("all of all kinds are found, those that need a Coder first; unknown kinds have none", async () => {
  const list = (type: ResourceType) =>
    type.kind === "CoderProvisioner"
      ? Promise.reject(missing())
      : Promise.resolve({ items: [object({ name: type.kind })] });
  const found = await customResources({ list } as unknown as KubeClient, signal);
  assert.deepEqual(found.map(({ called }) => called), ["workspace proxy", "control plane"]);
});

Deno.test("what becomes of it is said by its policy", () => {
  assert.equal(fateOf(resource()), "control plane coder/dev: what is in its database stays");
  assert.equal(
    fateOf(resource({ annotations: { "coder.com/deletion-policy": "Delete" } })),
    "control plane coder/dev: its workspaces and templates are deleted in Coder, too",
  );
  assert.equal(fateOf({ ...resource(), called: "provisioner" }), "provisioner coder/dev");
});

Deno.test("our finalizers come off, at exactly this version, and those of others stay", async () => {
  const finalizers = ["coder.com/workspace-rbac-cleanup", "example.com/held", "notcoder.com/x"];
  assert.deepEqual(ownFinalizers(object({ finalizers })), ["coder.com/workspace-rbac-cleanup"]);
  assert.deepEqual(ownFinalizers(object()), []);
  const asked: PatchBody[] = [];
  const patch = (_type: unknown, _key: unknown, body: PatchBody) => {
    asked.push(body);
    return Promise.reject(missing());
  };
  await abandon(
    { patch } as unknown as KubeClient,
    resource({ finalizers, uid: "u", resourceVersion: "3" }),
    signal,
  );
  assert.deepEqual(asked, [{
    type: "merge",
    body: {
      metadata: { uid: "u", resourceVersion: "3", finalizers: ["example.com/held", "notcoder.com/x"] },
    },
  }]);
});

Deno.test("a leader lives that has renewed its Lease in the last minute", async () => {
  const lease = (spec: object | undefined) =>
    isAlive(
      {
        get: () => spec === undefined ? Promise.reject(missing()) : Promise.resolve({ spec }),
      } as unknown as KubeClient,
      "n",
      Date.parse("2026-01-01T00:01:00Z"),
      signal,
    );
  assert.ok(await lease({ holderIdentity: "pod", renewTime: "2026-01-01T00:00:30.000000Z" }));
  assert.ok(!await lease({ holderIdentity: "pod", renewTime: "2025-12-31T23:59:00.000000Z" }));
  assert.ok(!await lease({ holderIdentity: "", renewTime: "2026-01-01T00:00:59.000000Z" }), "given back");
  assert.ok(!await lease({}));
  assert.ok(!await lease(undefined));
});
