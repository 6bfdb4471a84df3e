/** Reading workspaces and templates: what the server asks of a storage, answered from what is known. */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { Backend, Change, Found, RecordKind } from "../../inventory/mod.ts";
import { NameError } from "../names.ts";
import {
  badRequest,
  expired,
  notFound,
  serviceUnavailable,
  type StatusError,
  tooLargeResourceVersion,
} from "../serving/status_errors.ts";
import type {
  ChangeListener,
  Listing,
  ListQuery,
  RequestContext,
  ResourceDefinition,
  ResourceStorage,
  WatchQuery,
  WatchSource,
} from "../serving/storage.ts";
import type { KindView } from "./kind_view.ts";
import { lookUp } from "./lookup.ts";
import type { Resources } from "./resources.ts";

/** A test of what a caller may see; undefined: everything. Throws what the caller is to be told. */
export type Sight<T> = (
  context: RequestContext,
  namespace: string | undefined,
) => Promise<((object: T) => boolean) | undefined>;

export interface ReadStorageOptions<T extends KubeObject> {
  readonly kind: RecordKind;
  readonly definition: ResourceDefinition<T>;
  readonly resources: Resources;
  readonly view: Pick<KindView<{ id: string }, T>, "collection">;
  /** Takes a name apart. Throws {@linkcode NameError}. */
  parse(name: string): { readonly controlPlane?: string | undefined; readonly plain: string };
  /** Asks a deployment for an object by its plain name. */
  find(backend: Backend, plain: string, signal: AbortSignal): Promise<Found<unknown>>;
  /** What is read with a single object beside what lists have. */
  readonly complete?: (object: T, backend: Backend, context: RequestContext) => Promise<T>;
  /** @default everybody sees everything */
  readonly sight?: Sight<T>;
}

/** A storage for get, list and watch. */
export function readStorage<T extends KubeObject>(options: ReadStorageOptions<T>): ResourceStorage<T> {
  const { kind, definition, resources, view, sight = () => Promise.resolve(undefined) } = options;
  const { collection } = view;
  const { type } = definition;

  async function find(key: ObjectKey, context: RequestContext): Promise<{ object: T; backend: Backend }> {
    const { plain, controlPlane } = parsed(key.name);
    const sees = await sight(context, key.namespace);
    const found = await lookUp<T>({
      backends: resources.backends(key.namespace),
      key,
      plain,
      controlPlane,
      keyIn: (backend, name) => resources.keyIn(backend, name),
      get: (canonical) => {
        const object = collection.get(canonical);
        return object !== undefined && (sees === undefined || sees(object)) ? object : undefined;
      },
      find: (backend, signal) => options.find(backend, plain, signal),
      signal: context.signal,
    });
    switch (found.kind) {
      case "found":
        return found;
      case "absent":
        throw notFound(type, key.name);
      case "ambiguous":
        throw badRequest(
          `several deployments of this namespace have one called ${JSON.stringify(plain)}: name one of ${
            found.choices.join(", ")
          }`,
        );
      case "unknown":
        throw serviceUnavailable(
          `${definition.singular} ${
            JSON.stringify(key.name)
          } is not known, and the Coder of ${found.backend.id} ` +
            "cannot be asked now",
          RETRY_SECONDS,
          { cause: found.error },
        );
    }
  }

  function parsed(name: string) {
    try {
      return options.parse(name);
    } catch (error) {
      if (error instanceof NameError) throw badRequest(error.message);
      throw error;
    }
  }

  async function get(key: ObjectKey, context: RequestContext): Promise<T> {
    const { object, backend } = await find(key, context);
    for (const warning of resources.warnings(kind, key.namespace)) {
      if (warning.includes(` ${backend.id} `)) context.warn(warning);
    }
    return options.complete === undefined ? object : await options.complete(object, backend, context);
  }

  return {
    definition,
    subresources: {
      status: { verbs: ["get"], get: async (key, context) => (await find(key, context)).object },
    },
    get,
    async list(query, context) {
      for (const warning of resources.warnings(kind, query.namespace)) context.warn(warning);
      const sees = await sight(context, query.namespace);
      const refusal = versionProblem(query);
      if (refusal !== undefined) throw refusal;
      const listing = collection.list(query.namespace);
      return sees === undefined ? listing : seen(listing, sees);
    },
    async watch(query, context) {
      const sees = await sight(context, query.namespace);
      return source(query, sees);
    },
  };

  function versionProblem({ version, namespace }: ListQuery): StatusError | undefined {
    switch (version.match) {
      case "any":
      case "mostRecent":
        return undefined;
      case "notOlderThan":
        return collection.reach(version.resourceVersion)
          ? undefined
          : tooLargeResourceVersion(version.resourceVersion, collection.resourceVersion);
      case "exact":
        return version.resourceVersion === collection.resourceVersion ? undefined : expired();
      case "continued":
        return collection.canTell(version.resourceVersion, namespace)
          ? undefined
          : expired("the list that this token continues is too old: list again from the start");
    }
  }

  function source(
    { namespace, start }: WatchQuery,
    sees: ((object: T) => boolean) | undefined,
  ): WatchSource<T> {
    const wanted = start.from === "state" ? start.notOlderThan : undefined;
    const isReached = wanted === undefined || collection.reach(wanted);
    return {
      open(listener) {
        if (!isReached) throw tooLargeResourceVersion(wanted, collection.resourceVersion);
        const begin = start.from === "version" ? { version: start.resourceVersion } : start.from;
        const watch = collection.watch({ namespace, begin }, hearing(listener, sees));
        if (watch === undefined) throw expired();
        if (sees === undefined) return watch;
        return { ...watch, state: watch.state.filter(sees), changes: watch.changes.filter(visibleTo(sees)) };
      },
    };
  }
}

const RETRY_SECONDS = 5;

/** Whose an object is does not change: what somebody may not see now they have never seen. */
function visibleTo<T>(sees: (object: T) => boolean): (change: Change<T>) => boolean {
  return ({ object }) => sees(object);
}

function hearing<T>(
  listener: ChangeListener<T>,
  sees: ((object: T) => boolean) | undefined,
): ChangeListener<T> {
  if (sees === undefined) return listener;
  const isVisible = visibleTo(sees);
  return {
    change: (change) => isVisible(change) && listener.change(change),
    ended: (error) => listener.ended(error),
  };
}

function seen<T>({ items, resourceVersion }: Listing<T>, sees: (object: T) => boolean): Listing<T> {
  return { items: items.filter(sees), resourceVersion };
}
