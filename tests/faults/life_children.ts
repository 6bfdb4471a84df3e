/** Parts of a control plane's life that write its further children: rights of workspaces, ways to Coder, budgets. */
import { workspaceRoleBindingName, workspaceRoleName, workspaceScopeHash } from "../../src/workload/names.ts";
import { waitFor } from "../cluster/mod.ts";
import type { Scene } from "./scene.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces";
const HOST = "coder.example.com";
const EDGE = { host: HOST, parentRefs: [{ name: "edge" }] };

/** Children of kinds that a control plane may have besides the three that each has: where they are. */
export function furtherChildren(
  scene: Scene,
  name: string,
): Record<"ingress" | "route" | "budget" | "role" | "binding" | "token", string> {
  const scope = workspaceScopeHash(scene.namespace, name);
  return {
    ingress: scene.path("ingresses", name),
    route: `/apis/gateway.networking.k8s.io/v1/namespaces/${scene.namespace}/httproutes/${name}`,
    budget: scene.path("poddisruptionbudgets", name),
    role: scene.path("roles", workspaceRoleName(name, scope)),
    binding: scene.path("rolebindings", workspaceRoleBindingName(name, scope)),
    token: scene.path("secrets", `${name}-operator-token`),
  };
}

/** Objects that stand where such children shall be, and that a user lets the control plane `name` have. */
export async function inTheWay(scene: Scene, name: string): Promise<void> {
  const annotations = { "coder.com/adopt": name };
  const { role: rolePath, token: _token, ...paths } = furtherChildren(scene, name);
  const role = rolePath.split("/").at(-1);
  const api = {
    role: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", rules: [] },
    ingress: {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      spec: { defaultBackend: { service: { name: "other", port: { number: 80 } } } },
    },
    route: {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      spec: { parentRefs: [{ name: "other" }] },
    },
    budget: {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: "other" } } },
    },
    binding: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role },
    },
  };
  for (const [kind, path] of Object.entries({ role: rolePath, ...paths })) {
    const at = path.lastIndexOf("/");
    await scene.cluster.request("POST", path.slice(0, at), {
      ...api[kind as keyof typeof api],
      metadata: { name: path.slice(at + 1), annotations },
    });
  }
}

/** Waits until an object belongs to the control plane, or is gone. */
export async function becomes(scene: Scene, path: string, state: "owned" | "gone"): Promise<void> {
  await waitFor(async () => {
    const object = await scene.cluster.find(path);
    const now = object === undefined ? "gone" : object.metadata.ownerReferences ? "owned" : "somebody's";
    return now === state || Promise.reject(new Error(`it is ${now}`));
  }, { what: `${path} to be ${state}`, timeoutMs: 60_000 });
}

/** From an Ingress to a route and back, to nothing; several pods with a budget, without one. */
export async function waysAndBudgets(scene: Scene, name: string): Promise<void> {
  const { ingress, route, budget } = furtherChildren(scene, name);
  await scene.cluster.request("POST", route.replace(/httproutes.*/, "gateways"), {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge" },
    spec: { gatewayClassName: "test", listeners: [{ name: "https", protocol: "HTTP", port: 80 }] },
  });
  await scene.change(name, { spec: { replicas: 2, expose: { ingress: { host: HOST } } } });
  await becomes(scene, ingress, "owned");
  await becomes(scene, budget, "owned");
  await scene.change(name, {
    spec: { podDisruptionBudget: { disabled: true }, expose: { ingress: null, gateway: EDGE } },
  });
  await becomes(scene, route, "owned");
  await becomes(scene, ingress, "gone");
  await becomes(scene, budget, "gone");
  await scene.change(name, { spec: { expose: { gateway: null, ingress: { host: HOST } } } });
  await becomes(scene, route, "gone");
  await scene.change(name, { spec: { replicas: 1, expose: null, podDisruptionBudget: null } });
  await becomes(scene, ingress, "gone");
}

/** Rights in a namespace that lets workspaces in: mended, given up, and removed at the end of the control plane. */
export async function rightsElsewhere(scene: Scene): Promise<void> {
  const { cluster, namespace } = scene;
  const [first, second] = [
    await cluster.newNamespace("workspaces"),
    await cluster.newNamespace("workspaces"),
  ];
  for (const each of [first, second]) {
    await cluster.request("PATCH", `/api/v1/namespaces/${each}`, {
      metadata: { labels: { "coder.com/workspaces-from": namespace } },
    });
  }
  await scene.create("granted", { rbac: { workspaceNamespaces: [first, second] } });
  const scope = workspaceScopeHash(namespace, "granted");
  const role = (place: string) => `${RBAC}/${place}/roles/${workspaceRoleName("granted", scope)}`;
  const binding = (place: string) =>
    `${RBAC}/${place}/rolebindings/${workspaceRoleBindingName("granted", scope)}`;
  const rights = async (place: string, wanted: boolean) => {
    await waitFor(async () => {
      const [is, bound] = [await cluster.find(role(place)), await cluster.find(binding(place))];
      const there = is?.rules.length === 3 && bound !== undefined;
      return wanted ? there : is === undefined && bound === undefined;
    }, { what: `rights in ${place} to be ${wanted ? "there" : "gone"}` });
  };
  for (const each of [namespace, first, second]) await rights(each, true);
  await cluster.request("PATCH", role(first), { rules: [] });
  await rights(first, true);
  await cluster.request("DELETE", binding(first));
  await rights(first, true);
  await scene.change("granted", { spec: { rbac: { workspaceNamespaces: [first] } } });
  await rights(second, false);
  await scene.removed("granted");
  await rights(first, false);
}
