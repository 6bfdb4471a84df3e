/** Kubernetes and Coder for tests of tools for workspaces: objects in memory, and whatever failures a test wants. */
import { CONTROL_PLANE_NAME_LABEL } from "../../api/aggregated.ts";
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import { type CoderTemplate, CoderTemplates } from "../../api/template.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../../api/workspace.ts";
import type { CoderClient } from "../../coder/mod.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import type { CallerCluster, CallerCoders, CoderChoice } from "../../caller/types.ts";

const NOW = "2026-11-22T04:00:00Z";

/** A workspace that runs, but for what is said. */
export function workspaceOf(
  name: string,
  more: {
    readonly metadata?: Partial<CoderWorkspace["metadata"]>;
    readonly spec?: Partial<CoderWorkspace["spec"]>;
    readonly status?: Partial<CoderWorkspace["status"]>;
  } = {},
): CoderWorkspace {
  const [organization = "", ownerName = ""] = name.split(".").slice(-3);
  return {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: CoderWorkspaces.kind,
    metadata: {
      namespace: "lab",
      name,
      uid: `uid-${name}`,
      labels: { [CONTROL_PLANE_NAME_LABEL]: "coder" },
      ...more.metadata,
    },
    spec: { organization, templateName: "docker", running: true, ...more.spec },
    status: {
      ownerName,
      templateID: `uid-${organization}.docker`,
      latestBuildID: "build-1",
      latestBuildStatus: "running",
      latestBuild: { number: 1, transition: "start" },
      lastUsedAt: null,
      ...more.status,
    },
  };
}

/** A template with an active version. */
export function templateOf(name: string, version: string, labels = {}): CoderTemplate {
  return {
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: CoderTemplates.kind,
    metadata: { namespace: "lab", name, uid: `uid-${name}`, labels },
    spec: { organization: name.split(".").at(-2) },
    status: { activeVersionID: version, updatedAt: NOW },
  } as unknown as CoderTemplate;
}

export function apiError(code: number, reason: string, message = "refused"): KubeApiError {
  return new KubeApiError(code, reason, message, { method: "GET", path: "/" });
}

/** What was called, with `(dry)` behind what only was tried. */
export class FakeCluster implements CallerCluster {
  readonly objects = new Map<string, KubeObject>();
  readonly calls: string[] = [];
  readonly gaps: string[] = [];
  log = "";
  isLogCut = false;
  allowed = true;
  /** Asked before each call; what it returns is thrown. */
  trouble: (call: string, times: number) => Error | undefined = () => undefined;
  /** What else happens when something is patched. */
  patched: (workspace: CoderWorkspace) => void = () => {};

  constructor(...objects: KubeObject[]) {
    for (const object of objects) this.put(object);
  }

  put(object: KubeObject): void {
    this.objects.set(this.#id(object.kind, object.metadata), structuredClone(object));
  }

  workspace(name: string): CoderWorkspace | undefined {
    return this.objects.get(`${CoderWorkspaces.kind} lab/${name}`) as CoderWorkspace | undefined;
  }

  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T> {
    return this.#call(`get ${keyText(key)}`, () => structuredClone(this.#find(type, key)) as T);
  }

  list<T extends KubeObject>(
    type: ResourceType<T>,
    { namespace, fieldSelector = "" }: { namespace?: string; fieldSelector?: string } = {},
  ) {
    return this.#call(`list ${type.plural} ${fieldSelector}`.trimEnd(), () => {
      const items = [...this.objects.values()].filter((object) =>
        object.kind === type.kind && (namespace === undefined || object.metadata.namespace === namespace) &&
        fieldSelector.split(",").every((term) => term === "" || isSo(object, term))
      );
      return { items: structuredClone(items) as T[], resourceVersion: "1" };
    });
  }

  create<T extends KubeObject>(type: ResourceType<T>, object: T, { dryRun = false } = {}): Promise<T> {
    return this.#call(`create ${object.metadata.name}${dry(dryRun)}`, () => {
      if (this.objects.has(this.#id(type.kind, object.metadata))) throw apiError(409, "AlreadyExists");
      if (!dryRun) this.put(object);
      return structuredClone(object);
    });
  }

  watch(): never {
    throw new Error("no tool watches");
  }

  update(): never {
    throw new Error("no tool replaces objects");
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    { body }: { body: unknown },
    { dryRun = false } = {},
  ): Promise<T> {
    const patch = body as { metadata?: { uid?: string }; spec: Record<string, unknown> };
    return this.#call(`patch ${keyText(key)} ${JSON.stringify(patch.spec)}${dry(dryRun)}`, () => {
      const object = structuredClone(this.#find(type, key)) as unknown as CoderWorkspace;
      if (patch.metadata?.uid !== undefined && patch.metadata.uid !== object.metadata.uid) {
        throw apiError(409, "Conflict", "the uid is another one");
      }
      Object.assign(object.spec, patch.spec);
      if (!dryRun) {
        this.patched(object);
        this.put(object);
      }
      return object as unknown as T;
    });
  }

  delete(
    type: ResourceType,
    key: ObjectKey,
    { dryRun = false, preconditions }: { dryRun?: boolean; preconditions?: { uid?: string } } = {},
  ): Promise<void> {
    return this.#call(`delete ${keyText(key)} ${preconditions?.uid}${dry(dryRun)}`, () => {
      this.#find(type, key);
      if (!dryRun) this.objects.delete(`${type.kind} ${keyText(key)}`);
    });
  }

  text(type: ResourceType, key: ObjectKey, subresource: string, { query = {} }: { query?: object }) {
    return this.#call(`${subresource} ${keyText(key)} ${JSON.stringify(query)}`, () => {
      this.#find(type, key);
      return { bytes: new TextEncoder().encode(this.log), isCut: this.isLogCut };
    });
  }

  may(request: AccessRequest) {
    return this.#call(`may ${"path" in request ? request.path : request.verb}`, () => ({
      allowed: this.allowed,
      reason: "",
    }));
  }

  missing(): readonly string[] {
    return this.gaps;
  }

  readonly #times = new Map<string, number>();

  async #call<R>(call: string, run: () => R): Promise<R> {
    this.calls.push(call);
    const times = (this.#times.get(call) ?? 0) + 1;
    this.#times.set(call, times);
    const error = this.trouble(call, times);
    await Promise.resolve();
    if (error !== undefined) throw error;
    return run();
  }

  #find(type: ResourceType, key: ObjectKey): KubeObject {
    const found = this.objects.get(`${type.kind} ${keyText(key)}`);
    if (found === undefined) throw apiError(404, "NotFound", `${type.plural} "${key.name}" not found`);
    return found;
  }

  #id(kind: string, { namespace = "", name = "" }: KubeObject["metadata"]): string {
    return `${kind} ${namespace}/${name}`;
  }
}

function isSo(object: KubeObject, term: string): boolean {
  const [path = "", value] = term.split("=");
  let found: unknown = object;
  for (const part of path.split(".")) found = (found as Record<string, unknown> | undefined)?.[part];
  return found === value;
}

function dry(dryRun: boolean): string {
  return dryRun ? " (dry)" : "";
}

/** Parts of a Coder client. */
export type FakeClient = { readonly [K in keyof CoderClient]?: Partial<CoderClient[K]> };

/** One Coder. @param user whose rights are the caller's; undefined: the operator's */
export function fakeCoders(
  client: FakeClient,
  user?: string,
): CallerCoders & { readonly opened: CoderChoice[] } {
  const ref = { id: "lab/coder", namespace: "lab", controlPlane: "coder" };
  const opened: CoderChoice[] = [];
  return {
    opened,
    list: () => Promise.resolve([ref]),
    open(choice) {
      opened.push(choice);
      return Promise.resolve({
        ref,
        client: client as unknown as CoderClient,
        ...(user === undefined ? { as: "operator" as const } : { as: "caller" as const, user }),
      });
    },
  };
}
