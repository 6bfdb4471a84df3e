/** Finding one object by any form of its name. */
import type { KubeObject, ObjectKey } from "../../api/object.ts";
import type { Backend, Found } from "../../inventory/mod.ts";
import { prefixedName } from "../names.ts";

/** What became of a look. */
export type Lookup<T> =
  | { readonly kind: "found"; readonly object: T; readonly backend: Backend }
  | { readonly kind: "absent" }
  /** Several deployments have one of this name: these are their names. */
  | { readonly kind: "ambiguous"; readonly choices: readonly string[] }
  /** It is not known here, and not all who might know it could be asked. */
  | { readonly kind: "unknown"; readonly backend: Backend; readonly error: unknown };

export interface LookupOptions<T> {
  /** Of the namespace. */
  readonly backends: readonly Backend[];
  readonly key: ObjectKey;
  /** The name without a control plane, and that control plane where there is one. */
  readonly plain: string;
  readonly controlPlane?: string | undefined;
  keyIn(backend: Backend, plain: string): ObjectKey;
  get(key: ObjectKey): T | undefined;
  /** Asks a deployment for what is not known. What it has is there for `get` afterwards. */
  find(backend: Backend, signal: AbortSignal): Promise<Found<unknown>>;
  readonly signal: AbortSignal;
}

/** Looks at what is known, then asks those who may have it. The object has the name that was asked for. */
export async function lookUp<T extends KubeObject>(options: LookupOptions<T>): Promise<Lookup<T>> {
  const { backends, key, plain, controlPlane, keyIn, get, find, signal } = options;
  const candidates = controlPlane === undefined
    ? backends
    : backends.filter((backend) => backend.controlPlane?.name === controlPlane);
  const known = () =>
    candidates.flatMap((backend) => {
      const object = get(keyIn(backend, plain));
      return object === undefined ? [] : [{ backend, object }];
    });
  const before = known();
  if (before.length > 0) return choose(before, key.name, plain);
  const answers = await Promise.all(
    candidates.map(async (backend) => ({ backend, found: await find(backend, signal) })),
  );
  const after = known();
  if (after.length > 0) return choose(after, key.name, plain);
  for (const { backend, found } of answers) {
    // Of a Coder that was never reached, nothing is there.
    if (found.kind === "unknown" && hasBeenSeen(backend)) {
      return { kind: "unknown", backend, error: found.error };
    }
  }
  return { kind: "absent" };
}

function choose<T extends KubeObject>(
  matches: readonly { readonly backend: Backend; readonly object: T }[],
  name: string,
  plain: string,
): Lookup<T> {
  const [first] = matches;
  if (first === undefined) return { kind: "absent" };
  if (matches.length === 1) {
    return { kind: "found", backend: first.backend, object: named(first.object, name) };
  }
  const choices = matches.map(({ backend }) => prefixedName(backend.controlPlane?.name ?? backend.id, plain));
  return { kind: "ambiguous", choices: choices.sort() };
}

function hasBeenSeen({ copy }: Backend): boolean {
  return copy.state("workspaces").completeAt !== undefined ||
    copy.state("templates").completeAt !== undefined;
}

/** Objects under names that are not their canonical ones: made once, as what is made of them is kept by the object. */
const aliases = new WeakMap<KubeObject, Map<string, KubeObject>>();

/** The object under another form of its name. */
export function named<T extends KubeObject>(object: T, name: string): T {
  if (object.metadata.name === name) return object;
  const known = aliases.get(object) ?? new Map<string, KubeObject>();
  aliases.set(object, known);
  const alias = known.get(name) ?? { ...object, metadata: { ...object.metadata, name } };
  known.set(name, alias);
  return alias as T;
}
