/** Writes objects as the Go operator does: whole objects by POST and PUT, typed zero values included. */
import { GO_STATUS } from "./go_status.ts";
import type { Rig } from "./rig.ts";

export { GO_STATUS };

/** What varies between installations. */
export interface GoOptions {
  /** Its field manager: the name of its binary. */
  manager: string;
  /** `spec.extraEnv`, appended as it is, duplicates included. */
  extraEnv?: { name: string; value?: string; valueFrom?: unknown }[];
  replicas?: number;
  /** Changes the Deployment before it is written: what an older version rendered differently. */
  // deno-lint-ignore no-explicit-any -- an object under construction
  adjust?: (deployment: any) => void;
}

const NAME = "coder";

/** Creates a control plane with everything that a finished reconcile of the Go operator leaves behind. */
export async function goInstallation(rig: Rig, options: GoOptions): Promise<void> {
  const { manager, extraEnv = [], replicas = 1 } = options;
  const created = await rig.send("POST", "coder.com/v1alpha1/codercontrolplanes", {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: NAME, finalizers: ["coder.com/workspace-rbac-cleanup"] },
    spec: { image: "ghcr.io/coder/coder:v2.30.0", replicas, ...(extraEnv.length > 0 && { extraEnv }) },
  });
  const labels = {
    "app.kubernetes.io/instance": NAME,
    "app.kubernetes.io/managed-by": "coder-k8s",
    "app.kubernetes.io/name": "coder-control-plane",
  };
  const metadata = {
    name: NAME,
    namespace: rig.namespace,
    creationTimestamp: null,
    labels,
    ownerReferences: [{
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      name: NAME,
      uid: created.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    }],
  };
  await rig.send(
    "POST",
    "v1/serviceaccounts",
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    manager,
  );
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: labels },
      strategy: {},
      template: {
        metadata: { creationTimestamp: null, labels },
        spec: {
          serviceAccountName: NAME,
          containers: [{
            name: "coder",
            image: "ghcr.io/coder/coder:v2.30.0",
            args: ["--http-address=0.0.0.0:8080"],
            ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
            env: [
              { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://$(KUBE_POD_IP):8080" },
              { name: "CODER_ACCESS_URL", value: `http://${NAME}.${rig.namespace}.svc.cluster.local` },
              ...extraEnv,
            ],
            resources: {},
            readinessProbe: {
              httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
            },
          }],
        },
      },
    },
    status: {},
  };
  options.adjust?.(deployment);
  await rig.send("POST", "apps/v1/deployments", deployment, manager);
  await rig.send("POST", "v1/services", {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: {
      type: "ClusterIP",
      selector: labels,
      ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  }, manager);
  // A later reconcile reads the live objects and puts them back whole.
  for (const path of [`apps/v1/deployments/${NAME}`, `v1/services/${NAME}`]) {
    await putWhole(rig, path, manager);
  }
  await goStatus(rig, manager);
}

/** A PUT of the live object with one of its fields set anew, as "create or update" does. */
async function putWhole(rig: Rig, path: string, manager: string): Promise<void> {
  for (let attempt = 0;; attempt++) {
    const live = await rig.get(path);
    live.metadata.labels = { ...live.metadata.labels };
    try {
      await rig.send("PUT", path, live, manager);
      return;
    } catch (error) {
      if (attempt >= 10) throw error;
    }
  }
}

/** Writes the status that such an installation has, fields of features that this operator does not have yet included. */
async function goStatus(rig: Rig, manager: string): Promise<void> {
  const live = await rig.controlPlane(NAME);
  await rig.send("PUT", `coder.com/v1alpha1/codercontrolplanes/${NAME}/status`, {
    ...live,
    status: GO_STATUS(live?.metadata.generation ?? 0, rig.namespace),
  }, manager);
}
