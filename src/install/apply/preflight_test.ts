/** Whose objects are there, on a cluster that is a list; what a real one makes of it is in tests/install/. */
import assert from "node:assert/strict";
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { InstallError } from "./error.ts";
import { preflight } from "./preflight.ts";

const RBAC = "rbac.authorization.k8s.io/v1";
const role = (apiGroup: string) =>
  ({
    apiVersion: RBAC,
    kind: "ClusterRole",
    metadata: { name: "manager-role" },
    rules: [{ apiGroups: [apiGroup], resources: ["*"], verbs: ["get"] }],
  }) as KubeObject;
const binding = (namespace: string) =>
  ({
    apiVersion: RBAC,
    kind: "ClusterRoleBinding",
    metadata: { name: "coder-k8s" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "manager-role" },
    subjects: [{ kind: "ServiceAccount", name: "coder-k8s", namespace }],
  }) as KubeObject;

/** What is tried is answered with itself, as `kept` leaves it; everything is allowed. */
async function run(
  there: readonly KubeObject[],
  objects = [role("coder.com"), binding("coder-system")],
  kept = (body: object) => body,
) {
  const changed: string[] = [];
  const client = {
    get: (type: ResourceType, key: ObjectKey) => {
      const found = there.find((one) => one.kind === type.kind && keyOf(one).name === key.name);
      return found === undefined
        ? Promise.reject(new KubeApiError(404, "NotFound", "not found", { method: "GET", path: "/" }))
        : Promise.resolve(found);
    },
    patch: (_type: unknown, key: ObjectKey, { body }: { body: object }, options?: { dryRun?: boolean }) => {
      if (options?.dryRun !== true) changed.push(key.name);
      return Promise.resolve(kept(body));
    },
    raw: () => Promise.resolve({ status: { allowed: true } }),
    create: () => Promise.resolve({ status: { allowed: true } }),
  } as unknown as KubeClient;
  const options = {
    namespace: "coder-system",
    takesOwnership: false,
    leavesReplicas: true,
    signal: new AbortController().signal,
  };
  const outcome = await preflight(client, objects, options)
    .catch((error: unknown) => error);
  return { outcome, changed };
}

const refusal = async (...there: KubeObject[]) => {
  const { outcome, changed } = await run(there);
  assert.deepEqual(changed, [], "nothing was changed");
  assert.ok(outcome instanceof InstallError, String(outcome));
  return outcome.message;
};

Deno.test("a role that another program has under the same name is not made ours", async () => {
  assert.match(await refusal(role("example.com")), /clusterrole.*\/manager-role is of another program/);
});

Deno.test("the rights of an installation in another namespace are not taken from it", async () => {
  const said = await refusal(role("coder.com"), binding("platform"));
  assert.match(said, /leads to the namespace platform: an installation is there already/);
  assert.match(said, /coder-k8s uninstall --namespace=platform/);
});

Deno.test("what is there of this installation, or of the Go operator, is no hindrance", async () => {
  const { outcome, changed } = await run([role("coder.com"), binding("coder-system")]);
  assert.ok(Array.isArray(outcome), String(outcome));
  assert.deepEqual([outcome.length, changed], [2, []]);
});

Deno.test("a role that our binding is of is ours, whatever it grants so far", async () => {
  const { outcome } = await run([role("example.com"), binding("coder-system")]);
  assert.ok(Array.isArray(outcome), String(outcome));
});

Deno.test("pods that are root in a user namespace are not made where the cluster has none", async () => {
  const worker = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "sandbox-worker", namespace: "n" },
    spec: { template: { spec: { hostUsers: false } } },
  } as unknown as KubeObject;
  const kept = await run([], [worker]);
  assert.ok(Array.isArray(kept.outcome), String(kept.outcome));
  const { outcome, changed } = await run([], [worker], (body) => ({ ...body, spec: {} }));
  assert.match(String(outcome), /root of the node/);
  assert.deepEqual(changed, []);
});
