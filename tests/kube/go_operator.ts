/** Writes objects the way the Go operator does: POST what is absent, otherwise GET, change and PUT the whole object. */
import type { KubeObject } from "../../src/api/object.ts";
import type { Deployment, OwnerReference, Service } from "../../src/api/kubernetes/types.ts";
import { controllerReference } from "../../src/kube/apply/owner_references.ts";
import { type Cluster, waitFor } from "../cluster/mod.ts";

export const labels = {
  "app.kubernetes.io/name": "coder-control-plane",
  "app.kubernetes.io/instance": "coder",
  "app.kubernetes.io/managed-by": "coder-k8s",
};

/** The API server takes the manager's name from the user agent: the name of the binary. */
export class GoOperator {
  readonly #headers: Record<string, string>;

  constructor(private readonly cluster: Cluster, binary: string) {
    this.#headers = { "user-agent": `${binary}/v0.0.0 (linux/amd64) kubernetes/$Format` };
  }

  async create(collection: string, object: KubeObject): Promise<void> {
    await this.cluster.request("POST", collection, object, { headers: this.#headers });
  }

  /** Reads and writes again where a controller wrote in between, as the next pass of the operator would. */
  async update<T extends KubeObject>(path: string, change: (object: T) => void): Promise<void> {
    await waitFor(async () => {
      const object = await this.cluster.request("GET", path);
      change(object);
      return await this.cluster.request("PUT", path, object, { headers: this.#headers });
    }, { what: `a PUT of ${path} without conflict`, intervalMs: 10 });
  }

  /** A Deployment, created and then updated once, as after a change of the control plane's spec. */
  async deployment(namespace: string, owner: KubeObject): Promise<string> {
    const collection = `/apis/apps/v1/namespaces/${namespace}/deployments`;
    await this.create(collection, goDeployment(namespace, controllerReference(owner)));
    await this.update<Deployment>(`${collection}/coder`, (live) => {
      const container = live.spec?.template.spec?.containers[0];
      container?.env?.push({ name: "ADDED_LATER", value: "1" });
    });
    return `${collection}/coder`;
  }

  async service(namespace: string, owner: KubeObject): Promise<string> {
    const collection = `/api/v1/namespaces/${namespace}/services`;
    await this.create(collection, goService(namespace, controllerReference(owner)));
    await this.update<Service>(`${collection}/coder`, (live) => {
      live.metadata.annotations = { "example.com/stale": "1" };
      live.spec?.ports?.push({ name: "stale", port: 9999, targetPort: 9999 });
    });
    return `${collection}/coder`;
  }
}

/** With the empty structures that Go's JSON carries. */
function goDeployment(namespace: string, reference: OwnerReference): Deployment {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name: "coder", labels, ownerReferences: [reference], creationTimestamp: null },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: {},
      template: {
        metadata: { labels, creationTimestamp: null },
        spec: {
          serviceAccountName: "default",
          containers: [{
            name: "coder",
            image: "ghcr.io/coder/coder:latest",
            args: ["--http-address=0.0.0.0:8080"],
            env: [
              { name: "KUBE_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              { name: "CODER_DERP_SERVER_RELAY_URL", value: "http://$(KUBE_POD_IP):8080" },
              { name: "CODER_ACCESS_URL", value: `http://coder.${namespace}.svc.cluster.local` },
            ],
            ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
            readinessProbe: {
              httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
              periodSeconds: 10,
              timeoutSeconds: 1,
              successThreshold: 1,
              failureThreshold: 3,
            },
            resources: {},
          }],
        },
      },
    },
    status: {},
  } as unknown as Deployment;
}

function goService(namespace: string, reference: OwnerReference): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name: "coder", labels, ownerReferences: [reference], creationTimestamp: null },
    spec: {
      type: "ClusterIP",
      selector: labels,
      ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 8080 }],
    },
    status: { loadBalancer: {} },
  } as unknown as Service;
}
