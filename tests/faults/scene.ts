/** A namespace of one test on the faults' cluster, a rig in front of the API server, and shorthands. */
import type { CoderControlPlane, ControlPlaneSpecInput } from "../../src/api/control_plane.ts";
import type { Condition } from "../../src/api/kubernetes/types.ts";
import type { KubeObject } from "../../src/api/object.ts";
import { type Cluster, type FaultRig, RestError, waitFor } from "../cluster/mod.ts";
import { faultsCluster } from "./cluster.ts";
import { type LocalOperator, type LocalOptions, runOperator } from "./operator.ts";
import { type Children, shortcomings } from "./shortcomings.ts";

/** Groups of the kinds that control planes have children of; those of the core group aside. */
const GROUPS: Readonly<Record<string, string>> = {
  deployments: "apps",
  ingresses: "networking.k8s.io",
  jobs: "batch",
  poddisruptionbudgets: "policy",
  rolebindings: "rbac.authorization.k8s.io",
  roles: "rbac.authorization.k8s.io",
};
const OWNED = [...Object.keys(GROUPS), "secrets", "serviceaccounts", "services"];

const OPERATOR = { namespace: "coder-system", name: "coder-k8s" };
export const LEASE =
  "/apis/coordination.k8s.io/v1/namespaces/coder-system/leases/coder-k8s-controller.coder.com";

/** The operator waits two minutes for what it cannot clean up in Coder; then the object goes all the same. */
export const LONGEST_END_MS = 150_000;

/** See {@linkcode startScene}. */
export class Scene implements AsyncDisposable {
  constructor(
    readonly cluster: Cluster,
    readonly namespace: string,
    /** In front of the API server, for whoever uses {@linkcode kubeconfig}. */
    readonly faults: FaultRig,
    /** The operator's own ServiceAccount, through the fault rig. */
    readonly kubeconfig: string,
  ) {}

  get collection(): string {
    return `/apis/coder.com/v1alpha1/namespaces/${this.namespace}/codercontrolplanes`;
  }

  /** The whole operator in this process, through the rig; ready when this resolves. */
  async operator(options: Partial<LocalOptions> = {}): Promise<LocalOperator> {
    const operator = await runOperator({ kubeconfig: this.kubeconfig, ...options });
    try {
      await operator.ready();
    } catch (error) {
      await operator.stop();
      throw error;
    }
    return operator;
  }

  create(name: string, spec: ControlPlaneSpecInput = {}, metadata: object = {}): Promise<CoderControlPlane> {
    return this.cluster.request("POST", this.collection, {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name, ...metadata },
      spec,
    });
  }

  /** Merge-patches a control plane. */
  change(name: string, patch: object): Promise<CoderControlPlane> {
    return this.cluster.request("PATCH", `${this.collection}/${name}`, patch);
  }

  /** Deletes a control plane; without effect where there is none. */
  async remove(name: string): Promise<void> {
    await this.cluster.request("DELETE", `${this.collection}/${name}`).catch((error) => {
      if (!(error instanceof RestError && error.status === 404)) throw error;
    });
  }

  /** Deletes a control plane and waits until its name is free: its finalizer holds it for a moment. */
  async removed(name: string): Promise<void> {
    await this.remove(name);
    await waitFor(async () => await this.plane(name) === undefined, { what: `${name} to go` });
  }

  plane(name: string): Promise<CoderControlPlane | undefined> {
    return this.cluster.find(`${this.collection}/${name}`);
  }

  /** The path of a child or of its collection, such as `deployments`. */
  path(resource: string, name = ""): string {
    const root = resource in GROUPS ? `/apis/${GROUPS[resource]}/v1` : "/api/v1";
    return `${root}/namespaces/${this.namespace}/${resource}${name === "" ? "" : `/${name}`}`;
  }

  async children(name: string): Promise<Children> {
    const [deployment, service, serviceAccount] = await Promise.all(
      ["deployments", "services", "serviceaccounts"].map((kind) => this.cluster.find(this.path(kind, name))),
    );
    return { deployment, service, serviceAccount };
  }

  /** Waits until a control plane's children and status are what its spec says. */
  async settled(name: string, timeoutMs = 60_000): Promise<CoderControlPlane> {
    return await waitFor(async () => {
      const plane = await this.plane(name);
      if (plane === undefined) throw new Error(`${name} is not there`);
      const wrong = shortcomings(plane, await this.children(name));
      return wrong.length === 0 ? plane : Promise.reject(new Error(`${name}: ${wrong.join("; ")}`));
    }, { what: `${name} to equal its spec`, timeoutMs });
  }

  /** Waits until nothing that the operator made for it is left. */
  async gone(name: string, timeoutMs = LONGEST_END_MS): Promise<void> {
    await waitFor(async () => {
      const left = Object.entries({ plane: await this.plane(name), ...await this.children(name) })
        .flatMap(([what, object]) => object === undefined ? [] : [what]);
      return left.length === 0 || Promise.reject(new Error(`${name}: ${left.join(", ")} left`));
    }, { what: `nothing of ${name} to be left`, timeoutMs });
  }

  /** Waits until a condition has a status and, where given, a reason. */
  async condition(name: string, type: string, status: string, reason?: string): Promise<Condition> {
    return await waitFor(async () => {
      const conditions = (await this.plane(name))?.status?.conditions ?? [];
      const found = conditions.find((each) => each.type === type);
      if (found?.status === status && (reason === undefined || found.reason === reason)) return found;
      throw new Error(JSON.stringify(conditions));
    }, { what: `condition ${type} of ${name} to be ${status} ${reason ?? ""}` });
  }

  /** Objects of a namespace that carry the operator's label, such as `deployments`. */
  async owned(resource: string): Promise<KubeObject[]> {
    const query = "?labelSelector=app.kubernetes.io%2Fmanaged-by%3Dcoder-k8s";
    return (await this.cluster.request("GET", `${this.path(resource)}${query}`)).items;
  }

  /** What belongs to no control plane that is there, after giving the garbage collector its time. */
  async nothingLeaked(timeoutMs = 60_000): Promise<void> {
    await waitFor(async () => {
      const planes: KubeObject[] = (await this.cluster.request("GET", this.collection)).items;
      const uids = new Set(planes.map(({ metadata }) => metadata.uid));
      const leaked: string[] = [];
      for (const resource of OWNED) {
        for (const { metadata } of await this.owned(resource)) {
          if (!(metadata.ownerReferences ?? []).some(({ uid }) => uids.has(uid))) {
            leaked.push(`${resource}/${metadata.name}`);
          }
        }
      }
      return leaked.length === 0 || Promise.reject(new Error(`leaked: ${leaked.join(", ")}`));
    }, { what: "every child to have a living owner", timeoutMs });
  }

  /** Removes the control planes, so that the next test's operator has nothing to do with them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.faults.close();
    await this.cluster.start("apiserver");
    const planes: KubeObject[] = (await this.cluster.find(this.collection))?.items ?? [];
    for (const { metadata: { name = "", finalizers } } of planes) {
      if (finalizers !== undefined) await this.change(name, { metadata: { finalizers: null } });
      await this.remove(name);
    }
    await this.cluster.request("DELETE", `/api/v1/namespaces/${this.namespace}`);
  }
}

/**
 * Makes a namespace and a rig, in front of an API server with CRDs and RBAC as shipped.
 *
 * @param own with them in it already. @default the one of all tests that break things
 */
export async function startScene(prefix: string, own?: Cluster): Promise<Scene> {
  const cluster = own ?? await faultsCluster();
  const [namespace, faults] = [await cluster.newNamespace(prefix), await cluster.newFaults()];
  const kubeconfig = await cluster.serviceAccountKubeconfig({ ...OPERATOR, throughFaults: faults });
  return new Scene(cluster, namespace, faults, kubeconfig);
}
