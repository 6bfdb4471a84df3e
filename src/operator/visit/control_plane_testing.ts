/** Control planes and Secrets as a cache and an API server have them. For tests alone. */
import {
  type CoderControlPlane,
  CoderControlPlanes,
  type ControlPlaneStatus,
} from "../../api/control_plane.ts";
import { Deployments, Secrets } from "../../api/kubernetes/resources.ts";
import type { Secret } from "../../api/kubernetes/types.ts";
import { keyOf, keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { CallOptions, KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { FakeInformer } from "../../reconciler/testing/fakes.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";

/** A control plane `a/coder` to which the operator has access, as the API server would have it. */
export function readyControlPlane(
  status: { [F in keyof ControlPlaneStatus]?: ControlPlaneStatus[F] | undefined } = {},
  metadata: Partial<CoderControlPlane["metadata"]> = {},
  spec: CoderControlPlane["spec"] = {},
): CoderControlPlane {
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: {
      name: "coder",
      namespace: "a",
      uid: "uid-cp",
      generation: 1,
      resourceVersion: "1",
      ...metadata,
    },
    spec,
    // As JSON: fields that are undefined are not there.
    status: JSON.parse(JSON.stringify({
      operatorAccessReady: true,
      operatorTokenSecretRef: { name: "coder-operator-token", key: "token" },
      ...status,
    })),
  };
}

/** A Secret with text values. */
export function secretOf(key: ObjectKey, data: Readonly<Record<string, string>>, version = "1"): Secret {
  const { namespace, name } = key;
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace, uid: `uid-${name}`, resourceVersion: version },
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, btoa(value)])),
  };
}

/** What the API server has, and what the cache knows of it. */
export class FakeGround {
  readonly controlPlanes = new FakeInformer(CoderControlPlanes);
  readonly secrets = new FakeInformer(Secrets);
  readonly deployments = new FakeInformer(Deployments);
  /** Every GET, as `secrets a/name`. */
  readonly reads: string[] = [];
  /** Called before a GET is answered. */
  onRead: (what: string, signal: AbortSignal | undefined) => unknown = () => {};
  readonly #stored = new Map<string, KubeObject>();

  readonly client: Pick<KubeClient, "get"> = {
    get: async <T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      { signal }: CallOptions = {},
    ): Promise<T> => {
      const what = `${type.plural} ${keyText(key)}`;
      this.reads.push(what);
      await this.onRead(what, signal);
      const found = this.#stored.get(what);
      if (found !== undefined) return found as T;
      throw notFound(type, key);
    },
  };

  get kinds(): Pick<WorkloadKinds, "controlPlanes" | "secrets" | "deployments"> {
    const { controlPlanes, secrets, deployments } = this;
    return { controlPlanes, secrets, deployments } as unknown as WorkloadKinds;
  }

  /** The API server has it, and the cache sees it unless told otherwise. */
  put(object: KubeObject, { cached = true } = {}): void {
    const informer = this.#informer(object);
    this.#stored.set(`${informer.type.plural} ${keyText(keyOf(object))}`, object);
    if (!cached) return;
    const { data: _, ...metadataOnly } = object as Secret;
    informer.put(object.kind === "Secret" ? metadataOnly : object);
  }

  /** It is gone, and the cache sees that unless told otherwise. */
  remove(object: KubeObject, { cached = true } = {}): void {
    const informer = this.#informer(object);
    this.#stored.delete(`${informer.type.plural} ${keyText(keyOf(object))}`);
    if (cached) informer.remove(object);
  }

  #informer({ kind }: KubeObject): FakeInformer {
    if (kind === "CoderControlPlane") return this.controlPlanes;
    return kind === "Secret" ? this.secrets : this.deployments;
  }
}

/** What the API server says of what is not there. */
export function notFound(type: ResourceType, key: ObjectKey): KubeApiError {
  return refusal(404, "NotFound", `${type.plural} "${key.name}" not found`);
}

/** A refusal of the API server. */
export function refusal(code: number, reason: string, message: string): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "GET", path: "/" });
}
