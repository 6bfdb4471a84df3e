/** Reading workspaces and templates: what the server asks of a storage, answered from what is known. */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import {
  type Backend,
  type BuildLogReader,
  type Change,
  CoderError,
  TooManyLogsError,
} from "../../inventory/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { cannotAsk, coderStatus } from "../coder_status.ts";
import {
  expired,
  notFound,
  StatusError,
  tooLargeResourceVersion,
  tooManyRequests,
} from "../serving/status_errors.ts";
import type {
  ChangeListener,
  Listing,
  ListQuery,
  RequestContext,
  ResourceDefinition,
  ResourceStorage,
  TextStream,
  WatchQuery,
  WatchSource,
} from "../serving/storage.ts";
import { createFinder, type FinderOptions } from "./find.ts";
import { LAST_LINES, logText } from "./log.ts";
import { LOG_PARAMETERS, type LogOptions, readLogOptions } from "./log_options.ts";
import { coderName } from "./naming.ts";
import type { Resources } from "./resources.ts";

export interface ReadStorageOptions<T extends KubeObject> extends Omit<FinderOptions<T>, "type"> {
  readonly definition: ResourceDefinition<T>;
  readonly resources: Resources;
  /** What is read with a single object beside what lists have. */
  readonly complete?: (object: T, backend: Backend, context: RequestContext) => Promise<T>;
  /** The log of a build, or of the only one. Undefined where there is no such build. */
  log(
    object: T,
    backend: Backend,
    build: LogOptions["build"],
    signal: AbortSignal,
  ): Promise<BuildLogReader | undefined>;
  readonly times?: Times;
}

/** Time, for tests that do not wait. */
export interface Times {
  readonly clock?: Clock;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly wallTime?: () => number;
}

/** A storage for get, list and watch. */
export function readStorage<T extends KubeObject>(options: ReadStorageOptions<T>): ResourceStorage<T> {
  const { kind, definition, resources, view, sight = () => Promise.resolve(undefined) } = options;
  const { collection } = view;
  const { type } = definition;
  const { find, isAway } = createFinder({ ...options, type });

  async function get(key: ObjectKey, context: RequestContext): Promise<T> {
    const { object, backend } = await find(key, context);
    const warning = resources.warning(kind, backend);
    if (warning !== undefined) context.warn(warning);
    return options.complete === undefined ? object : await options.complete(object, backend, context);
  }

  async function log(key: ObjectKey, query: URLSearchParams, context: RequestContext): Promise<TextStream> {
    const { clock, wallTime = Date.now } = options.times ?? {};
    const wanted = readLogOptions(query, kind, wallTime());
    const { object, backend } = await find(key, context);
    const { signal } = context;
    try {
      const reader = await options.log(object, backend, wanted.build, signal);
      if (reader === undefined && wanted.build !== "latest") {
        throw notFound({ ...type, plural: "builds" }, String(wanted.build));
      }
      if (reader === undefined) throw notFound(type, key.name);
      await reader.refresh(signal);
      const isVisible = () => isStillSeen(object, backend, context);
      const stream = { log: reader, options: wanted, isVisible, signal };
      return {
        chunks: logText({ ...stream, ...(clock === undefined ? {} : { clock }) }),
        farewell: `${LAST_LINES.shutdown}\n`,
      };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof TooManyLogsError) throw tooManyRequests(error.message, RETRY_SECONDS);
      // Where no connection can be made, by a token that cannot be read, say, the error is none of Coder's.
      if (!(error instanceof CoderError || error instanceof StatusError) && isAway(backend)) {
        throw cannotAsk(error, {
          type: { ...type, plural: `${type.plural}/log` },
          name: key.name,
          coder: coderName(backend),
        });
      }
      throw coderStatus(error, { type, name: key.name, coder: coderName(backend) });
    }
  }

  /** Whether somebody may see an object now who could see it before, by whatever name. What is gone is as it was. */
  async function isStillSeen(object: T, backend: Backend, context: RequestContext): Promise<boolean> {
    const { namespace } = backend;
    if (!resources.backends(namespace).includes(backend)) return false;
    // Its headers are sent long ago: nobody can be warned any more.
    const sees = await sight({ ...context, warn: () => {} }, namespace);
    return sees === undefined || sees(object);
  }

  return {
    definition,
    subresources: {
      status: { verbs: ["get"], get: async (key, context) => (await find(key, context)).object },
      log: { verbs: ["get"], stream: log, parameters: LOG_PARAMETERS[kind] },
    },
    get(key, context, notOlderThan) {
      const refusal = notOlderThan === undefined ? undefined : unreached(notOlderThan);
      return refusal === undefined ? get(key, context) : Promise.reject(refusal);
    },
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

  function unreached(version: string): StatusError | undefined {
    return collection.reach(version)
      ? undefined
      : tooLargeResourceVersion(version, collection.resourceVersion);
  }

  function versionProblem({ version, namespace }: ListQuery): StatusError | undefined {
    switch (version.match) {
      case "any":
      case "mostRecent":
        return undefined;
      case "notOlderThan":
        return unreached(version.resourceVersion);
      case "exact":
        return unreached(version.resourceVersion) ??
          (version.resourceVersion === collection.resourceVersion ? undefined : expired());
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
