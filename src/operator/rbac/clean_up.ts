/** The end of workspace RBAC in other namespaces, where owner references do not reach. */
import { RoleBindings, Roles, SelfSubjectAccessReviews } from "../../api/kubernetes/resources.ts";
import type { Role, RoleBinding } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { EventRecorder } from "../../kube/events/events.ts";
import { isConflict, isForbidden, isNotFound } from "../../kube/errors.ts";
import { selectorText } from "../../workload/labels.ts";
import { isManagedBinding, isManagedRole, type RbacOwner } from "./managed_rbac.ts";

/** What a clean-up works with. */
export interface CleanUpOptions {
  client: KubeClient;
  /** Namespaces that the operator works in; empty means all. */
  namespaces: readonly string[];
  /** Namespaces to look into beside those, where the operator works in some alone. @default none */
  others?: readonly string[];
  signal: AbortSignal;
}

/** What a clean-up did. */
export interface CleanUpResult {
  /** As `RoleBinding a/b`. */
  deleted: readonly string[];
  /** Namespaces outside of the operator's scope that it may not look into: what an earlier one granted there is left. */
  unseen: readonly string[];
}

/**
 * Removes managed workspace RBAC in every namespace. One namespace never holds up another. Throws where something is left
 * that could not be removed: the object must be held on.
 */
export async function cleanUpRbac(owner: RbacOwner, options: CleanUpOptions): Promise<CleanUpResult> {
  const work = new CleanUp(owner, options);
  // Bindings first: a binding without its role grants nothing, a role without its binding does no harm either.
  await work.clean(RoleBindings, isManagedBinding);
  await work.clean(Roles, isManagedRole);
  work.throwIfFailed();
  return { deleted: work.deleted, unseen: [...work.unseen] };
}

/** Events for what a clean-up did, and for what it could not look into. */
export function tellCleanUp(
  { deleted, unseen }: CleanUpResult,
  object: KubeObject,
  events: EventRecorder,
): void {
  if (deleted.length > 0) {
    const note = `Removed workspace RBAC: ${deleted.join(", ")}`;
    events.event(object, "Normal", "RBACRemoved", note, "Delete");
  }
  if (unseen.length > 0) {
    const note =
      `The operator may not look into ${unseen.join(", ")}, which spec.rbac.workspaceNamespaces names: ` +
      "workspace RBAC that an earlier operator made there is left";
    events.event(object, "Warning", "RBACNotRemoved", note, "Delete");
  }
}

class CleanUp {
  readonly deleted: string[] = [];
  readonly unseen = new Set<string>();
  /** By their texts. */
  readonly #errors = new Map<string, unknown>();

  constructor(private readonly owner: RbacOwner, private readonly options: CleanUpOptions) {}

  async clean<T extends Role | RoleBinding>(
    type: ResourceType<T>,
    isManaged: (object: T, owner: RbacOwner) => boolean,
  ): Promise<void> {
    for (const each of await this.#find(type)) {
      if (!isManaged(each, this.owner)) continue;
      try {
        if (!await remove(type, each, this.options)) continue;
        this.deleted.push(`${type.kind} ${each.metadata.namespace}/${each.metadata.name}`);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  async #find<T extends Role | RoleBinding>(type: ResourceType<T>): Promise<T[]> {
    const { owner: { labels }, options: { client, namespaces, others = [], signal } } = this;
    // A name that is no label value can be on no object; asking for it would be an error.
    if (!Object.values(labels).every(isLabelValue)) return [];
    const labelSelector = selectorText(labels);
    const places = namespaces.length === 0 ? [undefined] : [...new Set([...namespaces, ...others])];
    const lists = await Promise.all(places.map(async (namespace) => {
      const isOwn = namespace === undefined || namespaces.includes(namespace);
      if (!isOwn && !await this.#mayList(type, namespace)) {
        this.unseen.add(namespace);
        return [];
      }
      try {
        const place = namespace === undefined ? {} : { namespace };
        return (await client.list(type, { ...place, labelSelector, signal })).items;
      } catch (error) {
        if (isForbidden(error) && !isOwn) this.unseen.add(namespace);
        else this.#failed(error);
        return [];
      }
    }));
    return lists.flat();
  }

  /** Whether the rights reach there: nobody shall look like one who tries doors. What cannot be asked is tried. */
  async #mayList({ group, plural: resource }: ResourceType, namespace: string): Promise<boolean> {
    const { client, signal } = this.options;
    try {
      const { status } = await client.create(SelfSubjectAccessReviews, {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        metadata: {},
        spec: { resourceAttributes: { namespace, group, resource, verb: "list" } },
      }, { signal });
      return status?.allowed !== false;
    } catch {
      signal.throwIfAborted();
      return true;
    }
  }

  #failed(error: unknown): void {
    this.options.signal.throwIfAborted();
    this.#errors.set(error instanceof Error ? error.message : String(error), error);
  }

  throwIfFailed(): void {
    const [first] = this.#errors.values();
    if (this.#errors.size === 1) throw first;
    if (this.#errors.size > 1) {
      throw new AggregateError(this.#errors.values(), [...this.#errors.keys()].join("; "));
    }
  }
}

function isLabelValue(text: string): boolean {
  return /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text);
}

async function remove(
  type: ResourceType,
  object: KubeObject,
  { client, signal }: CleanUpOptions,
): Promise<boolean> {
  const { uid } = object.metadata;
  try {
    await client.delete(type, keyOf(object), {
      signal,
      ...(uid !== undefined && { preconditions: { uid } }),
    });
    return true;
  } catch (error) {
    if (isNotFound(error) || isConflict(error)) return false;
    throw error;
  }
}
