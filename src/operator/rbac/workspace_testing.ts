/** A cluster in memory for the tests of workspace RBAC: namespaces, Roles and RoleBindings. For tests alone. */
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Namespaces, RoleBindings, Roles } from "../../api/kubernetes/resources.ts";
import type { Deployment, PolicyRule, Role, RoleBinding } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import { type ApplyOptions, ForeignObjectError } from "../../kube/applier.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import type { DeleteOptions } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { BY_CONTROL_PLANE, BY_GRANTEE_UID, controlPlaneOf, granteeUids } from "../../workload/kinds.ts";
import { desiredRole, desiredRoleBinding, namesIn } from "../../workload/workspace_rbac.ts";
import { Report } from "../pass/report.ts";
import type { PassState, Tools } from "../pass/step.ts";
import type { RbacOwner } from "./managed_rbac.ts";

/** An informer with the indexes of workspace RBAC. */
class RbacInformer extends FakeInformer {
  override byIndex(index = "", value = ""): KubeObject[] {
    const values = { [BY_CONTROL_PLANE]: controlPlaneOf, [BY_GRANTEE_UID]: granteeUids }[index];
    if (values === undefined) throw new Error(`no index ${index}`);
    return this.list().filter((each) => values(each as Role).includes(value));
  }
}

/** A refusal by the API server. */
export function refused(code: number, reason = "", message = "no", details?: unknown): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "PATCH", path: "/x" }, undefined, details);
}

let versions = 10;

/** What is there, what was done, and what is refused. */
export class RbacWorld {
  readonly roles = new RbacInformer(Roles);
  readonly bindings = new RbacInformer(RoleBindings);
  readonly namespaces = new FakeInformer(Namespaces);
  readonly controlPlanes = new FakeInformer(CoderControlPlanes);
  /** As `apply Role b`, `delete RoleBinding b/name`, `review b`. */
  done: string[] = [];
  events: string[] = [];
  /** Rules that the operator holds, for reviews. */
  held: PolicyRule[] = [{ apiGroups: ["", "apps"], resources: ["*"], verbs: ["*"] }];
  watched = true;
  scope: string[] = [];
  allowed: string[] = [];
  deployment: Deployment | undefined;
  refuse: (verb: string, object: KubeObject) => unknown = () => undefined;
  report = new Report();
  abort = new AbortController();

  constructor(...namespaces: string[]) {
    for (const name of ["a", ...namespaces]) this.open(name);
  }

  /** A Namespace that lets `a` in, or with other labels, annotations and the like. */
  open(name: string, metadata: Partial<KubeObject["metadata"]> = {}): void {
    const labels = { "coder.com/workspaces-from": "a" };
    const { namespace: _, ...rest } = make(Namespaces, name, { labels, ...metadata }).metadata;
    this.namespaces.put({ apiVersion: "v1", kind: "Namespace", metadata: rest });
  }

  /** Puts a finished grant into a namespace; `metadata` is put over that of both objects. */
  grantTo(
    owner: RbacOwner,
    namespace: string,
    rules: PolicyRule[],
    metadata: Role["metadata"] = {},
  ): { role: Role; binding: RoleBinding } {
    const role = stored(desiredRole(owner, namespace, rules), metadata);
    const binding = stored(desiredRoleBinding(owner, namespace), metadata);
    this.roles.put(role);
    this.bindings.put(binding);
    return { role, binding };
  }

  /** Rules that are bound to the owner's ServiceAccount in a namespace; undefined where none are. */
  rulesOf(owner: RbacOwner, namespace: string): PolicyRule[] | undefined {
    const { bindingName } = namesIn(owner, namespace);
    const binding = this.bindings.get({ namespace, name: bindingName }) as RoleBinding | undefined;
    return binding === undefined
      ? undefined
      : (this.roles.get({ namespace, name: binding.roleRef.name }) as Role | undefined)?.rules;
  }

  /** What the work of one pass reports. */
  async watch(work: () => Promise<void>) {
    this.done = [];
    this.events = [];
    this.report = new Report();
    await work();
    const data = this.report.data();
    const [condition] = data.conditions;
    return {
      condition: condition && `${condition.status}/${condition.reason}`,
      message: condition?.message ?? "",
      troubles: data.troubles.map(({ reason }) => reason),
      warnings: data.warnings.map(({ reason }) => reason),
      warningText: data.warnings.map(({ message }) => message).join("\n"),
      lookAgainMs: this.report.lookAgainMs,
    };
  }

  tools<T extends Tools = Tools>(): T {
    return {
      namespaces: this.scope,
      workspaceNamespaces: this.allowed,
      redact: (text: string) => text.replaceAll("secret", "***"),
      kinds: {
        roles: this.roles,
        roleBindings: this.bindings,
        controlPlanes: this.controlPlanes,
        deployments: { get: () => undefined },
        namespaces: this.watched ? this.namespaces : undefined,
      },
      events: {
        event: (_object: unknown, _type: string, _reason: string, note: string) => this.events.push(note),
      },
      applier: { apply: this.#apply },
      client: {
        delete: this.#delete,
        create: (_type: ResourceType, { spec }: { spec: { namespace: string } }) => {
          this.done.push(`review ${spec.namespace}`);
          return Promise.resolve({ status: { resourceRules: this.held } });
        },
      },
    } as unknown as T;
  }

  /** The parts of a pass that are the same for every kind. */
  passParts(): Pick<PassState, "signal" | "report" | "deployment"> {
    return {
      signal: this.abort.signal,
      report: this.report,
      ...(this.deployment && { deployment: this.deployment }),
    };
  }

  // deno-lint-ignore require-await -- as the contract has it
  #apply = async (type: ResourceType, desired: Role | RoleBinding, options: ApplyOptions) => {
    const informer = type.kind === "Role" ? this.roles : this.bindings;
    const key = keyOf(desired);
    const live = informer.get(key);
    const { owner } = options;
    const controlled = live !== undefined && owner !== undefined && isControlledBy(live, owner);
    if (live !== undefined && !controlled && options.isOurs?.(live) !== true) {
      throw new ForeignObjectError(`${type.kind} is theirs`, type.plural, key, "uncontrolled");
    }
    this.done.push(`apply ${type.kind} ${key.namespace}`);
    const error = this.refuse("apply", desired);
    if (error !== undefined) throw error;
    if (live === undefined) informer.put(stored(desired));
    else informer.put({ ...stored(desired), metadata: { ...live.metadata, ...desired.metadata } });
    return { object: desired, outcome: live === undefined ? "created" : "unchanged" };
  };

  // deno-lint-ignore require-await -- as the contract has it
  #delete = async (type: ResourceType, key: ObjectKey, _options: DeleteOptions) => {
    this.done.push(`delete ${type.kind} ${key.namespace}/${key.name}`);
    const error = this.refuse("delete", { apiVersion: "", kind: type.kind, metadata: key });
    if (error !== undefined) throw error;
  };
}

function stored<T extends KubeObject>(object: T, metadata: Partial<KubeObject["metadata"]> = {}): T {
  return {
    ...object,
    metadata: { ...object.metadata, uid: `uid-${versions}`, resourceVersion: `${versions++}`, ...metadata },
  };
}
