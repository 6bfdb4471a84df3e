/**
 * Checksums of what pods are made from besides their template: a changed Secret or ConfigMap replaces pods as a changed
 * image does. They are text of the form `ConfigMap/env=<hash>,Secret/db=<hash>`.
 */
import type { Deployment } from "../../api/kubernetes/types.ts";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { type Reference, referenceId } from "../../workload/references.ts";
import { type Content, isFrozen, type ReferencedData } from "./referenced_data.ts";

/** On a pod template: the checksums that its pods started with. On a Deployment: those that were last looked at. */
export const CHECKSUMS_ANNOTATION = "coder.com/checksums";

/** Checksums by {@linkcode referenceId}. */
export type Checksums = ReadonlyMap<string, string>;

/**
 * The checksums of `references` now. An object that has gone keeps its last checksum, for pods that run have its content
 * still and new ones would not start; an optional one has none then. One that its owner froze keeps its last checksum,
 * too. Throws what the API server answers to a read that it refuses.
 *
 * @param before as {@linkcode parseChecksums} gave them
 */
export async function checksumsOf(
  references: readonly Reference[],
  options: {
    data: Pick<ReferencedData, "content" | "metadata">;
    namespace: string;
    before: Checksums;
    signal: AbortSignal;
  },
): Promise<Checksums> {
  const entries = await Promise.all(references.map(async (reference): Promise<[string, string][]> => {
    const id = referenceId(reference);
    const found = await look(reference, options);
    const keepsLast = found === "frozen" || (found === "missing" && !reference.optional);
    const checksum = typeof found === "object"
      ? found.checksum
      : keepsLast
      ? options.before.get(id)
      : undefined;
    return checksum === undefined ? [] : [[id, checksum]];
  }));
  return new Map(entries.flat());
}

async function look(
  { kind, name, keys }: Reference,
  { data, namespace, signal }: Parameters<typeof checksumsOf>[1],
): Promise<{ checksum: string } | "frozen" | "missing"> {
  const key = { namespace, name };
  if (isFrozen(data.metadata(kind, key))) return "frozen";
  const content = await data.content(kind, key, signal);
  if (content === undefined) return "missing";
  return content.frozen ? "frozen" : { checksum: checksum(content, keys) };
}

function checksum({ data, binary }: Content, keys: readonly string[] | undefined): string {
  const used = (all: ReadonlyMap<string, string>) =>
    keys === undefined
      ? Object.fromEntries(all)
      : Object.fromEntries(keys.flatMap((key) => all.has(key) ? [[key, all.get(key)]] : []));
  return shortHash([used(data), used(binary)]);
}

/** What is told of the checksums of a template. */
export interface TemplateChecksums {
  /** Annotations of the template; none where nothing is named. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations of the Deployment. */
  readonly recorded: Readonly<Record<string, string>>;
  /** `before`: undefined where none were ever recorded. */
  readonly checksums: { readonly before: Checksums | undefined; readonly now: Checksums };
}

/** As {@linkcode checksumsOf}, for the pods of `live`, our Deployment as it is now. */
export async function templateChecksums(
  references: readonly Reference[],
  { live, ...options }: Omit<Parameters<typeof checksumsOf>[1], "before"> & { live: Deployment | undefined },
): Promise<TemplateChecksums> {
  const last = live?.metadata.annotations?.[CHECKSUMS_ANNOTATION];
  const before = parseChecksums(last);
  const now = await checksumsOf(references, { ...options, before });
  const text = checksumsText(now);
  return {
    annotations: text === "" ? {} : { [CHECKSUMS_ANNOTATION]: text },
    recorded: { [CHECKSUMS_ANNOTATION]: text || "none" },
    checksums: { before: last === undefined ? undefined : before, now },
  };
}

/** The text for an annotation; empty for none. */
export function checksumsText(checksums: Checksums): string {
  return [...checksums].map(([id, hash]) => `${id}=${hash}`).sort().join(",");
}

/** Reads {@linkcode checksumsText}; whatever is not of its form is left out. */
export function parseChecksums(text: string | undefined): Checksums {
  const entries = (text ?? "").split(",").flatMap((entry): [string, string][] => {
    const [, id, hash] = /^((?:ConfigMap|Secret)\/[^=]+)=([0-9a-f]+)$/.exec(entry) ?? [];
    return id === undefined || hash === undefined ? [] : [[id, hash]];
  });
  return new Map(entries);
}

/** Names of the objects whose checksums differ, as `Secret db`. */
export function changedReferences(before: Checksums, after: Checksums): string[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort();
  return ids.filter((id) => before.get(id) !== after.get(id)).map((id) => id.replace("/", " "));
}
