/** Workspace rights as the Go operator grants them in another namespace, where owner references do not reach. */
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { Scene } from "./scene.ts";

const RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces";

/** Grants them to a control plane in a new namespace; `left` names what of them is there still. */
export async function workspaceRights(
  scene: Scene,
  { metadata: { name = "", uid = "" } }: CoderControlPlane,
): Promise<{ left: () => Promise<string[]> }> {
  const elsewhere = await scene.cluster.newNamespace("workspaces");
  const metadata = {
    name: "granted",
    labels: {
      "app.kubernetes.io/name": "coder-control-plane",
      "app.kubernetes.io/instance": name,
      "app.kubernetes.io/managed-by": "coder-k8s",
      "coder.com/control-plane": name,
      "coder.com/control-plane-namespace": scene.namespace,
    },
    annotations: { "coder.com/workspace-rbac-owner-uid": uid },
  };
  await scene.cluster.request("POST", `${RBAC}/${elsewhere}/roles`, { metadata, rules: [] });
  await scene.cluster.request("POST", `${RBAC}/${elsewhere}/rolebindings`, {
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "granted" },
    subjects: [{ kind: "ServiceAccount", name, namespace: scene.namespace }],
  });
  return {
    async left() {
      const found = await Promise.all(
        ["roles", "rolebindings"].map((kind) => scene.cluster.find(`${RBAC}/${elsewhere}/${kind}/granted`)),
      );
      return found.flatMap((object) => object === undefined ? [] : [object.kind]);
    },
  };
}
