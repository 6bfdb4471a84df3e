/** Hashes of tags and keys: those that are written now, and those that the Go operator wrote. */
import { createHash } from "node:crypto";
import { shortHash } from "../../kube/apply/canonical_json.ts";
import { h32, tagsHash as legacy } from "../../workload/hash.ts";
import type { KeyWanted, SecretView } from "./types.ts";

/** Tags of a key. */
export type Tags = Readonly<Record<string, string>>;

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** SHA-256 of the tags, in whatever order they are, in hexadecimal. */
export function tagsHash(tags: Tags): string {
  const entries = Object.keys(tags).sort().map((name) => [name, tags[name]]);
  return sha256(JSON.stringify(entries));
}

/** True where `hash` is of these tags, be it ours or the Go operator's of 32 bits. */
export function isHashOfTags(hash: string, tags: Tags): boolean {
  return hash === tagsHash(tags) || hash === legacy(tags);
}

/**
 * True where a key in Coder has the tags that are wanted. Coder itself may add `scope` and `owner`, which say nothing
 * then.
 */
export function hasTags(actual: Tags, wanted: Tags): boolean {
  const names = new Set([...Object.keys(actual), ...Object.keys(wanted)]);
  return [...names].every((name) => {
    if (Object.hasOwn(wanted, name)) return actual[name] === wanted[name];
    return name === "scope" || name === "owner";
  });
}

/** SHA-256 of a key, in hexadecimal. A key has 256 random bits: its hash gives nothing away. */
export function valueHash(value: string): string {
  return sha256(value);
}

/** On the Secret: the name in Coder of the key in it. */
export const KEY_NAME_ANNOTATION = "coder.com/provisioner-key-name";
/** On the Secret: the hash of the key in it when it was written. Another value since then is somebody else's doing. */
export const KEY_HASH_ANNOTATION = "coder.com/provisioner-key-hash";

/** The annotations that belong beside a key in its Secret. */
export function secretAnnotations(keyName: string, value: string): Record<string, string> {
  return { [KEY_NAME_ANNOTATION]: keyName, [KEY_HASH_ANNOTATION]: valueHash(value) };
}

/** What a Secret of ours, or one that the user brings, holds. `value` is the text at the data key. */
export function secretView(
  value: string | undefined,
  annotations: Readonly<Record<string, string>> = {},
): SecretView {
  if (value === undefined || value.trim() === "") return { state: "missing" };
  const { [KEY_NAME_ANNOTATION]: keyName, [KEY_HASH_ANNOTATION]: written } = annotations;
  return {
    state: "held",
    valueHash: valueHash(value),
    legacyChecksum: h32(value),
    label: keyName && written ? { keyName, valueHash: written } : undefined,
  };
}

/**
 * The checksum of the key for the pod template, from what the outcome says and the template has. The one of the Go
 * operator stays as long as it is right: the change of the algorithm alone replaces no pod.
 */
export function templateChecksum(
  checksum: { readonly valueHash: string; readonly legacy: string },
  live: string | undefined,
): string {
  return live === checksum.legacy ? live : checksum.valueHash;
}

/** Everything that a refusal of Coder may depend on. */
export function inputsHash({ organization, tags, baseName, home, credentials }: KeyWanted): string {
  return shortHash({
    organization: organization.id ?? organization.name,
    tags,
    baseName,
    home: [home.namespace, home.name, home.deploymentId, home.url],
    credentials,
  });
}
