/** The whole product with its MCP port, on a real Coder and a real API server; its controllers stand by. */
import { type Deployment, startDeployment } from "../coder/mod.ts";
import { type Cluster, serviceAccountUser, startCluster } from "../cluster/mod.ts";
import { type Deed, untilAllowed } from "../deploy/access.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { type AppRig, type AppRigOptions, startAppRig } from "../aggregated/app_rig.ts";

const RBAC = "rbac.authorization.k8s.io";

const group = "aggregation.coder.com";
/** By which the API server's knowing of a ClusterRole is known. */
const RIGHTS: Readonly<Record<string, Deed>> = {
  "coder-k8s-workspaces-view": { verb: "list", group, resource: "coderworkspaces" },
  "coder-k8s-workspaces-of-others": { verb: "all", group, resource: "coderworkspaces/others" },
  "coder-k8s-workspaces-edit": { verb: "create", group, resource: "coderworkspaces" },
  "coder-k8s-resources-view": { verb: "list", group: "coder.com", resource: "codercontrolplanes" },
};

export interface ProductRig extends AsyncDisposable {
  readonly rig: AppRig;
  readonly cluster: Cluster;
  readonly deployment: Deployment;
  /** Of a site owner. */
  readonly coderToken: string;
  /** A ServiceAccount's token, with these ClusterRoles in its namespace `lab`, which count already. */
  tokenOf(name: string, roles: readonly string[]): Promise<string>;
}

/** Starts it: the control plane `lab/coder`, served by one process or more. */
export async function startProductRig(
  options: Pick<AppRigOptions, "args" | "replicas" | "env" | "binary"> = {},
): Promise<ProductRig> {
  const cluster = await startCluster({ name: "mcp" });
  const deployment = await startDeployment();
  const { token: coderToken } = await deployment.coderd.firstUser();
  await holdLease(cluster);
  const rig = await startAppRig({
    ...options,
    cluster,
    coders: { "lab/coder": { url: deployment.coderd.url, token: coderToken } },
    mode: "all",
    mcp: true,
    args: ["--coder-poll-interval=1s", "--leader-election-namespace=held", ...options.args ?? []],
  });
  const shipped = new URL("../../deploy/components/coder-resources-view/rbac.yaml", import.meta.url).pathname;
  await cluster.kubectl(["apply", "-f", shipped]);
  return {
    rig,
    cluster,
    deployment,
    coderToken,
    async tokenOf(name, roles) {
      await cluster.serviceAccountKubeconfig({ namespace: "lab", name });
      await cluster.apply(roles.map((role) => ({
        apiVersion: `${RBAC}/v1`,
        kind: "RoleBinding",
        metadata: { namespace: "lab", name: `${name}-${role}` },
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
        subjects: [{ kind: "ServiceAccount", namespace: "lab", name }],
      })));
      const rights = roles.flatMap((role) => RIGHTS[role] ?? []);
      await untilAllowed(
        cluster,
        serviceAccountUser({ namespace: "lab", name }),
        rights.map((right) => ({ ...right, namespace: "lab" })),
      );
      return await cluster.serviceAccountToken({ namespace: "lab", name });
    },
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await deployment[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

/** Somebody else leads, for good: what the control plane says of itself is what the test has said. */
export async function holdLease(cluster: Cluster): Promise<void> {
  await cluster.apply([
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "held" } },
    // As for whoever keeps the Lease in a namespace of its own.
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata: { namespace: "held", name: "leases" },
      rules: [{
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        verbs: ["create", "get", "update"],
      }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { namespace: "held", name: "leases" },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "leases" },
      subjects: [{ kind: "ServiceAccount", namespace: "coder-system", name: "coder-k8s" }],
    },
    {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace: "held", name: "coder-k8s-controller.coder.com" },
      spec: {
        holderIdentity: "somebody",
        leaseDurationSeconds: 86_400,
        acquireTime: new Date().toISOString().replace("Z", "000Z"),
        renewTime: new Date().toISOString().replace("Z", "000Z"),
        leaseTransitions: 0,
      },
    },
  ]);
  await untilAllowed(cluster, OPERATOR_USER, [
    { verb: "get", group: "coordination.k8s.io", resource: "leases", namespace: "held" },
  ]);
}
