/** Children as the Go operator writes them: whole objects by POST, then by PUT, with the empty structures of Go's JSON. */
import type { KubeObject } from "../../src/api/object.ts";
import type {
  ObjectMeta,
  PodSpec,
  PodTemplateSpec,
  PolicyRule,
  ServiceSpec,
} from "../../src/api/kubernetes/types.ts";
import { controllerReference } from "../../src/kube/apply/owner_references.ts";
import { standardLabels } from "../../src/workload/labels.ts";
import { GoOperator } from "../kube/go_operator.ts";
import type { LiveObjects } from "./live_objects.ts";

/** The name of its binary, and so that of its field manager. */
export const GO_MANAGER = "coder-k8s";
/** A moment at which it did what it did. */
export const GO_TIME = "2025-05-05T05:05:05Z";

/** A template before the API server fills it in. */
export interface GoTemplate {
  annotations?: Record<string, string>;
  spec: PodSpec;
}

/** Everything that it makes for one resource. */
export class GoChildren {
  readonly #go: GoOperator;
  readonly #labels: Record<string, string>;
  /** What was written, by the path for {@linkcode LiveObjects}. */
  readonly written = new Map<string, KubeObject>();

  constructor(
    readonly live: LiveObjects,
    readonly manager: string,
    readonly owner: KubeObject,
    component: "coder-provisioner" | "coder-workspace-proxy",
  ) {
    this.#go = new GoOperator(live.cluster, manager);
    this.#labels = standardLabels(component, owner.metadata.name ?? "");
  }

  /** A PUT of the live object, changed; again where somebody else wrote in between. */
  async update<T extends KubeObject>(path: string, change: (object: T) => void): Promise<void> {
    await this.#go.update<T>(this.live.url(path), change);
  }

  async secret(name: string, key: string, value: string): Promise<void> {
    const data = { [key]: new TextEncoder().encode(value).toBase64() };
    await this.#create("v1/secrets", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: this.#metadata(name),
      type: "Opaque",
      data,
    });
  }

  async serviceAccount(name: string): Promise<void> {
    const metadata = this.#metadata(name);
    await this.#create("v1/serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata });
  }

  /** A Role and, under the same name, the binding of a ServiceAccount to it. */
  async role(name: string, serviceAccount: string, rules: PolicyRule[]): Promise<void> {
    const group = "rbac.authorization.k8s.io";
    const apiVersion = `${group}/v1`;
    const metadata = this.#metadata(name);
    await this.#create(`${apiVersion}/roles`, { apiVersion, kind: "Role", metadata, rules });
    await this.#create(`${apiVersion}/rolebindings`, {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      subjects: [{ kind: "ServiceAccount", name: serviceAccount, namespace: this.live.namespace }],
      roleRef: { apiGroup: group, kind: "Role", name },
    });
  }

  async service(name: string, spec: ServiceSpec, annotations?: Record<string, string>): Promise<void> {
    await this.#create("v1/services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...this.#metadata(name), ...(annotations && { annotations }) },
      spec: { selector: this.#labels, ...spec },
      status: { loadBalancer: {} },
    });
  }

  async deployment(name: string, replicas: number, template: GoTemplate): Promise<void> {
    await this.#create("apps/v1/deployments", {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: this.#metadata(name),
      spec: {
        replicas,
        selector: { matchLabels: this.#labels },
        strategy: {},
        template: this.#template(template),
      },
      status: {},
    });
  }

  /** A later pass: the template is rendered again and put over the live one, which the API server has filled in. */
  async deploymentAgain(name: string, template: GoTemplate): Promise<void> {
    const path = `apps/v1/deployments/${name}`;
    await this.update<KubeObject & { spec: { template: unknown } }>(path, (object) => {
      object.spec.template = this.#template(template);
    });
  }

  #metadata(name: string): ObjectMeta {
    return {
      name,
      namespace: this.live.namespace,
      labels: this.#labels,
      ownerReferences: [controllerReference(this.owner)],
    };
  }

  #template({ annotations, spec }: GoTemplate): PodTemplateSpec {
    return { metadata: { labels: this.#labels, ...(annotations && { annotations }) }, spec };
  }

  async #create(collection: string, object: KubeObject & Record<string, unknown>): Promise<void> {
    await this.#go.create(this.live.url(collection), object);
    this.written.set(`${collection}/${object.metadata.name}`, object);
  }
}

/** A condition as it writes them. */
export function goCondition(type: string, status: "True" | "False", reason: string, generation: number) {
  return {
    type,
    status,
    reason,
    message: `${type} is ${status}`,
    observedGeneration: generation,
    lastTransitionTime: GO_TIME,
  };
}
