/** Finding one object for a caller, by any form of its name, or saying why there is none: for reading and for writing. */
import type { KubeObject, ObjectKey, ResourceType } from "../../api/object.ts";
import { type Backend, CoderError, type Found, type RecordKind } from "../../inventory/mod.ts";
import { cannotAsk, coderStatus } from "../coder_status.ts";
import { NameError } from "../names.ts";
import { badRequest, notFound } from "../serving/status_errors.ts";
import type { RequestContext } from "../serving/storage.ts";
import type { KindView } from "./kind_view.ts";
import { lookUp } from "./lookup.ts";
import { coderName } from "./naming.ts";
import type { Resources } from "./resources.ts";

/** A test of what a caller may see; undefined: everything. Throws what the caller is to be told. */
export type Sight<T> = (
  context: RequestContext,
  namespace: string | undefined,
) => Promise<((object: T) => boolean) | undefined>;

/** A name taken apart. */
export interface ParsedName {
  /** Absent in the plain form. */
  readonly controlPlane?: string | undefined;
  readonly plain: string;
}

/** What there is to know of a kind. */
export interface FinderOptions<T extends KubeObject> {
  readonly kind: RecordKind;
  readonly type: ResourceType<T>;
  readonly resources: Pick<Resources, "backends" | "keyIn">;
  readonly view: Pick<KindView<{ id: string }, T>, "collection">;
  /** Takes a name apart. Throws {@linkcode NameError}. */
  parse(name: string): ParsedName;
  /** Asks a deployment for an object by its plain name. */
  find(backend: Backend, plain: string, signal: AbortSignal): Promise<Found<unknown>>;
  /** @default everybody sees everything */
  readonly sight?: Sight<T> | undefined;
}

export interface Finder<T extends KubeObject> {
  /**
   * The object under the name that was asked for, which need not be the canonical one.
   *
   * @throws {StatusError} 404 where there is none, or none that the caller sees; 400 where several are meant; 503 where it
   * is not known and Coder cannot be asked
   */
  find(key: ObjectKey, context: RequestContext): Promise<{ readonly object: T; readonly backend: Backend }>;
  /** @throws {StatusError} 400 */
  parse(name: string): ParsedName;
  /** Whether it is known that a Coder cannot be asked now. */
  isAway(backend: Backend): boolean;
}

export function createFinder<T extends KubeObject>(options: FinderOptions<T>): Finder<T> {
  const { kind, type, resources, view, sight = () => Promise.resolve(undefined) } = options;

  function parse(name: string): ParsedName {
    try {
      return options.parse(name);
    } catch (error) {
      if (error instanceof NameError) throw badRequest(error.message);
      throw error;
    }
  }

  function isAway({ waiting, copy }: Backend): boolean {
    return waiting !== undefined || copy.state(kind).trouble !== undefined;
  }

  return {
    parse,
    isAway,
    async find(key, context) {
      const { plain, controlPlane } = parse(key.name);
      const sees = await sight(context, key.namespace);
      const found = await lookUp<T>({
        backends: resources.backends(key.namespace),
        key,
        plain,
        controlPlane,
        keyIn: (backend, name) => resources.keyIn(backend, name),
        get: (canonical) => {
          const object = view.collection.get(canonical);
          return object !== undefined && (sees === undefined || sees(object)) ? object : undefined;
        },
        async find(backend, signal) {
          const answer = await options.find(backend, plain, signal);
          const { trouble } = backend.copy.state(kind);
          // What is hidden must look like what is not there: of a Coder that is away, nobody knows that.
          return answer.kind === "found" && trouble !== undefined
            ? { kind: "unknown", error: trouble.error }
            : answer;
        },
        signal: context.signal,
      });
      switch (found.kind) {
        case "found":
          return found;
        case "absent":
          throw notFound(type, key.name);
        case "ambiguous":
          throw badRequest(ambiguity(plain, found.choices));
        case "unknown": {
          const { error, backend } = found;
          const refuse = error instanceof CoderError && !isAway(backend) ? coderStatus : cannotAsk;
          throw refuse(error, { type, name: key.name, coder: coderName(backend) });
        }
      }
    },
  };
}

/** What is told where a plain name may mean several objects. */
export function ambiguity(plain: string, choices: readonly string[]): string {
  return `several deployments of this namespace have one called ${JSON.stringify(plain)}: name one of ${
    choices.join(", ")
  }`;
}
