/** Reads of Kubernetes objects, with the deadline of reads and with errors that say what was tried. */
import { InvalidObjectError } from "../../api/object_schema.ts";
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from "../../api/object.ts";
import { ToolError, toolError } from "../errors.ts";
import type { ToolCall } from "../tool.ts";
import { KUBE_MS, within } from "../../caller/within.ts";

type Reading = Pick<ToolCall, "cluster" | "signal" | "warn">;

/** @throws {ToolError} that begins with `what`, such as `get CoderControlPlane lab/main` */
export async function getObject<T extends KubeObject>(
  { cluster, signal }: Reading,
  type: ResourceType<T>,
  key: ObjectKey,
  what: string,
): Promise<T> {
  try {
    return await within(signal, KUBE_MS, (signal) => cluster.get(type, key, { signal, timeoutMs: KUBE_MS }));
  } catch (error) {
    signal.throwIfAborted();
    throw toolError(error, what);
  }
}

/**
 * All of a kind in a namespace, or in all of them where it is absent or empty. Warns of what is missing.
 *
 * @throws {ToolError} that begins with `what`, such as `list CoderControlPlane resources`
 */
export async function listObjects<T extends KubeObject>(
  { cluster, signal, warn }: Reading,
  type: ResourceType<T>,
  namespace: string | undefined,
  what: string,
  labelSelector?: string,
): Promise<readonly T[]> {
  const scope = namespace === undefined || namespace === "" ? {} : { namespace };
  const selection = { ...scope, ...(labelSelector === undefined ? {} : { labelSelector }) };
  try {
    const { items } = await within(
      signal,
      KUBE_MS,
      (signal) => cluster.list(type, { ...selection, signal, timeoutMs: KUBE_MS }),
    );
    for (const sentence of cluster.missing(type, scope.namespace)) warn(sentence);
    return items;
  } catch (error) {
    signal.throwIfAborted();
    const told = toolError(error, what);
    if (told.code !== "forbidden" || scope.namespace !== undefined) throw told;
    throw new ToolError("forbidden", `${told.message}; name a namespace that you may read`, { cause: error });
  }
}

/** Reads an object that a person may have made in any shape. @throws {ToolError} `invalid`, which says what is wrong */
export function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InvalidObjectError) {
      throw new ToolError("invalid", `${what}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** Those that can be read; warns of the others. */
export function parsedAll<T extends KubeObject, P>(
  items: readonly T[],
  parse: (item: T) => P,
  warn: (text: string) => void,
): P[] {
  return items.flatMap((item) => {
    try {
      return [parse(item)];
    } catch (error) {
      if (!(error instanceof InvalidObjectError)) throw error;
      warn(`Left out: ${error.message}`);
      return [];
    }
  });
}

/** The key of what a tool was asked for, and how it is called in messages. */
export function target(input: { readonly namespace: string; readonly name: string }) {
  const key = { namespace: input.namespace, name: input.name };
  return { key, text: keyText(key) };
}

/** Warns where a status is not of the object as it is now. */
export function warnIfStale(
  { metadata }: Pick<KubeObject, "metadata">,
  observedGeneration: number,
  warn: (text: string) => void,
): void {
  if (metadata.deletionTimestamp !== undefined) warn("it is being deleted");
  else if (observedGeneration < (metadata.generation ?? 0)) {
    warn("the operator has not handled the newest spec yet: this describes an earlier one");
  }
}
