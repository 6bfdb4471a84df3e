/** Kubernetes for a caller, with what this process knows itself; everything else is asked of the API server as them. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import type { Authorizer, KubeUser } from "../../identity/mod.ts";
import type {
  CallOptions,
  ListOptions,
  ObjectList,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "../../kube/client.ts";
import { resourcePath } from "../../kube/rest/request_path.ts";
import { type Deed, METHODS, notFound, refusedDeed, requireAccess } from "./access.ts";
import { withDeadline } from "./deadline.ts";
import { type CachedKind, kindId, type LocalCall, type ServedKind } from "./local_kinds.ts";
import { refusingCluster } from "./refusing_cluster.ts";
import type { CallerCluster } from "../../caller/types.ts";
import { toldWatch } from "./watch_queue.ts";

export interface LocalClusterOptions {
  readonly authorize: Authorizer;
  /** @default none */
  readonly cached?: readonly CachedKind[];
  /** @default none */
  readonly served?: readonly ServedKind[];
}

/** Makes the cluster of a caller. @param direct the API server as them, or why it is not asked for them */
export type LocalClusters = (
  user: KubeUser,
  direct: CallerCluster | { readonly refusal: string },
) => CallerCluster;

/** No more notes are kept of a kind: each is read by a model. */
const MAX_NOTES = 10;

/** What is the same for all callers is made once. */
export function localClusters({ authorize, cached = [], served = [] }: LocalClusterOptions): LocalClusters {
  const cachedKinds = new Map(cached.map((kind) => [kindId(kind.type), kind]));
  const servedKinds = new Map(served.map((kind) => [kindId(kind.type), kind]));

  return (user, given) => {
    const direct = "refusal" in given ? refusingCluster(given.refusal) : given;
    const notes = new Map<string, Set<string>>();
    const note = (type: ResourceType, text: string) => {
      const id = kindId(type);
      const known = notes.get(id) ?? new Set();
      if (known.size < MAX_NOTES) notes.set(id, known.add(text));
    };
    const inTime = <R>(
      deed: Deed,
      options: CallOptions,
      run: (call: LocalCall) => Promise<R>,
    ): Promise<R> => {
      const { type, namespace } = deed;
      const call = { method: METHODS[deed.verb], path: resourcePath(type, { namespace, name: deed.name }) };
      const warn = (text: string) => note(type, text);
      return withDeadline(options, call, (signal) => run({ user, signal, warn }));
    };

    async function get<T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      options: CallOptions = {},
    ): Promise<T> {
      const deed: Deed = { verb: "get", type, ...key };
      const kind = servedKinds.get(kindId(type));
      if (kind !== undefined) return await inTime(deed, options, (call) => kind.get(key, call)) as T;
      const cache = readable(cachedKinds.get(kindId(type)), key.namespace);
      const known = cache?.get(key);
      // What is not in the cache may be newer than it.
      if (cache === undefined || (known === undefined && direct === given)) {
        return await direct.get(type, key, options);
      }
      await inTime(deed, options, ({ signal }) => requireAccess(authorize, user, deed, signal));
      if (known === undefined) throw notFound(deed);
      return known as T;
    }

    async function list<T extends KubeObject>(
      type: ResourceType<T>,
      options: ListOptions = {},
    ): Promise<ObjectList<T>> {
      const { namespace } = options;
      const deed: Deed = { verb: "list", type, namespace };
      const kind = servedKinds.get(kindId(type));
      if (kind !== undefined) {
        return await inTime(deed, options, (call) => kind.list(options, call)) as ObjectList<T>;
      }
      const cache = isWhole(options) ? readable(cachedKinds.get(kindId(type)), namespace ?? "") : undefined;
      if (cache === undefined) return await direct.list(type, options);
      await inTime(deed, options, ({ signal }) => requireAccess(authorize, user, deed, signal));
      const items = namespace === undefined ? cache.list() : cache.list({ namespace });
      return { items: items as T[], resourceVersion: "" };
    }

    async function watch<T extends KubeObject>(
      type: ResourceType<T>,
      options: WatchOptions = {},
    ): Promise<AsyncIterable<WatchEvent<T>>> {
      const { namespace, signal } = options;
      const deed: Deed = { verb: "watch", type, namespace };
      const beginning = signal === undefined ? {} : { signal };
      const kind = servedKinds.get(kindId(type));
      if (kind !== undefined) {
        return await inTime(deed, beginning, (call) => kind.watch(options, call)) as AsyncIterable<
          WatchEvent<T>
        >;
      }
      const { labelSelector, fieldSelector } = options;
      const cache = labelSelector === undefined && fieldSelector === undefined
        ? readable(cachedKinds.get(kindId(type)), namespace ?? "")
        : undefined;
      if (cache === undefined) return await direct.watch(type, options);
      await inTime(deed, beginning, ({ signal }) => requireAccess(authorize, user, deed, signal));
      const call = { method: METHODS.watch, path: resourcePath(type, { namespace }) };
      // The cache knows no versions: whoever watches it hears of everything there is first.
      return toldWatch<T>(call, signal, ({ event }) => {
        const tell = (type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject) => {
          if (namespace !== undefined && object.metadata.namespace !== namespace) return;
          event({ type, object: object as T });
        };
        return cache.subscribe({
          added: (object) => tell("ADDED", object),
          updated: (_, object) => tell("MODIFIED", object),
          deleted: (object) => tell("DELETED", object),
        });
      });
    }

    /** Who has changed something reads it, too. */
    function seen<T extends KubeObject>(
      type: ResourceType,
      object: T,
      { dryRun = false, subresource }: WriteOptions,
    ): T {
      if (dryRun || subresource !== undefined) return object;
      readable(cachedKinds.get(kindId(type)), object.metadata.namespace ?? "")?.observe(
        structuredClone(object),
      );
      return object;
    }

    return {
      get,
      list,
      watch,
      async create(type, object, options = {}) {
        const kind = servedKinds.get(kindId(type));
        if (kind === undefined) return seen(type, await direct.create(type, object, options), options);
        const { namespace } = object.metadata;
        const deed: Deed = { verb: "create", type, namespace };
        return await inTime(deed, options, (call) => kind.create(object, options, call)) as typeof object;
      },
      async update(type, object, options = {}) {
        const kind = servedKinds.get(kindId(type));
        if (kind === undefined) return seen(type, await direct.update(type, object, options), options);
        const { namespace, name } = object.metadata;
        const deed: Deed = { verb: "update", type, namespace, name };
        return await inTime(deed, options, (call) => kind.update(object, options, call)) as typeof object;
      },
      async patch<T extends KubeObject>(...given: Parameters<CallerCluster["patch"]>): Promise<T> {
        const [type, key, body, options = {}] = given;
        const kind = servedKinds.get(kindId(type));
        if (kind === undefined) {
          return seen(type, await direct.patch(type, key, body, options), options) as T;
        }
        const deed: Deed = { verb: "patch", type, ...key };
        return await inTime(deed, options, (call) => kind.patch(key, body, options, call)) as T;
      },
      async delete(type, key, options = {}) {
        const kind = servedKinds.get(kindId(type));
        if (kind === undefined) return await direct.delete(type, key, options);
        await inTime({ verb: "delete", type, ...key }, options, (call) => kind.delete(key, options, call));
      },
      async text(type, key, subresource, options) {
        const kind = servedKinds.get(kindId(type));
        if (kind === undefined) return await direct.text(type, key, subresource, options);
        const deed: Deed = { verb: "get", type, ...key, subresource };
        return await inTime(deed, options, (call) => kind.text(key, subresource, options, call));
      },
      async may(request, options = {}) {
        const call = { method: "POST", path: "/apis/authorization.k8s.io/v1/subjectaccessreviews" };
        const answer = await withDeadline(options, call, (signal) => authorize(user, request, signal));
        if (answer.allowed) return answer;
        const { code, reason, message } = answer.refusal;
        if (code === 403) return { allowed: false, reason: message };
        throw refusedDeed({ verb: "create", type: REVIEWS }, { code, reason, message });
      },
      missing(type, namespace) {
        const id = kindId(type);
        const { informer } = cachedKinds.get(id) ?? {};
        const trouble = informer?.hasSynced && informer.trouble !== ""
          ? [`${type.plural} may be shown as they were some time ago: ${informer.trouble}`]
          : [];
        const known = servedKinds.get(id)?.missing(namespace) ?? [];
        return [
          ...new Set([...trouble, ...known, ...notes.get(id) ?? [], ...direct.missing(type, namespace)]),
        ];
      },
    };
  };
}

const REVIEWS: ResourceType = {
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
};

/** The cache of a kind, where it knows all there is in a namespace, or (with none) anywhere. */
function readable(kind: CachedKind | undefined, namespace: string): CachedKind["informer"] | undefined {
  if (kind === undefined || !kind.informer.hasSynced || !kind.informer.exists) return undefined;
  const { namespaces, informer } = kind;
  return namespaces.length === 0 || namespaces.includes(namespace) ? informer : undefined;
}

/** Selectors and pages are the API server's work. */
function isWhole(options: ListOptions): boolean {
  const { labelSelector, fieldSelector, limit, continue: token, resourceVersion } = options;
  return [labelSelector, fieldSelector, limit, token, resourceVersion].every((value) => value === undefined);
}
