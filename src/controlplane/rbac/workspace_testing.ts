/** A cluster in memory for the tests of workspace RBAC: namespaces, Roles and RoleBindings. */
import type { ControlPlane } from "../../api/control_plane.ts";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import { Namespaces, RoleBindings, Roles } from "../../api/kubernetes/resources.ts";
import type { Deployment, PolicyRule, Role, RoleBinding } from "../../api/kubernetes/types.ts";
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import { type ApplyOptions, ForeignObjectError } from "../../kube/applier.ts";
import { isControlledBy } from "../../kube/apply/owner_references.ts";
import type { DeleteOptions } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { silentLogger } from "../../telemetry/logger.ts";
import { desiredRole, desiredRoleBinding } from "../../workload/workspace_rbac.ts";
import { BY_CONTROL_PLANE, controlPlaneOf } from "../../workload/kinds.ts";
import { RBAC_FINALIZER } from "../finalizer.ts";
import { type RbacOwner, rbacOwner } from "./managed_rbac.ts";
import { Report } from "../report.ts";
import type { Pass, Step, Tools } from "../step.ts";
import { controlPlane, passKind, storedControlPlane } from "../testing.ts";

/** An informer with the index of workspace RBAC. */
class RbacInformer extends FakeInformer {
  override byIndex(index = "", value = ""): KubeObject[] {
    if (index !== BY_CONTROL_PLANE) throw new Error(`no index ${index}`);
    return this.list().filter((each) => controlPlaneOf(each as Role).includes(value));
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

  owner(spec: Parameters<typeof storedControlPlane>[0] = {}): RbacOwner {
    return rbacOwner(storedControlPlane(spec));
  }

  /** Puts a finished grant into a namespace; `change` is made to both objects. */
  grant(
    namespace: string,
    rules: PolicyRule[],
    change: { metadata?: Role["metadata"]; spec?: Parameters<typeof storedControlPlane>[0] } = {},
  ): { role: Role; binding: RoleBinding } {
    const owner = this.owner(change.spec);
    const role = stored(desiredRole(owner, namespace, rules), change.metadata);
    const binding = stored(desiredRoleBinding(owner, namespace), change.metadata);
    this.roles.put(role);
    this.bindings.put(binding);
    return { role, binding };
  }

  /** Rules that are bound in a namespace; undefined where none are. */
  rules(namespace: string, owner = this.owner()): PolicyRule[] | undefined {
    const binding = this.bindings.get({ namespace, name: owner.bindingName }) as RoleBinding | undefined;
    return binding === undefined
      ? undefined
      : (this.roles.get({ namespace, name: binding.roleRef.name }) as Role | undefined)?.rules;
  }

  /** One pass of a step; what it reports. */
  async run(step: Step, spec: Parameters<typeof storedControlPlane>[0] = {}) {
    this.done = [];
    this.events = [];
    this.report = new Report();
    await step.run(this.pass(spec), this.tools());
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

  pass(spec: Parameters<typeof storedControlPlane>[0], finalizers = [RBAC_FINALIZER]): Pass {
    const object = storedControlPlane(spec, { finalizers });
    this.controlPlanes.put(object);
    return {
      key: { namespace: "a", name: "coder" },
      object,
      controlPlane: controlPlane(spec) satisfies ControlPlane,
      signal: this.abort.signal,
      log: silentLogger,
      report: this.report,
      ...passKind(undefined, this.controlPlanes),
      visit: undefined,
      ...(this.deployment && { deployment: this.deployment }),
    };
  }

  tools(): Tools {
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
    } as unknown as Tools;
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
