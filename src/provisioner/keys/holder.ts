/** Whose key is in the Secret. */
import { sameName } from "./names.ts";
import type { Key, KeyRecord, SecretView } from "./types.ts";

/** What is in the Secret. */
export type Holder =
  | { readonly held: "nothing" }
  /** A value that is no key on record, or not as it was written. */
  | { readonly held: "unknown" }
  | { readonly held: "key"; readonly name: string; readonly valueHash: string };

/**
 * Tells by what is written beside the value; where that is missing or wrong, by the value's hash. A value from the time
 * of the Go operator has neither: it is taken for the present key's.
 */
export function holderOf(secret: SecretView, { present, intents }: KeyRecord): Holder {
  if (secret.state !== "held") return { held: "nothing" };
  const { valueHash, label } = secret;
  if (label?.valueHash === valueHash) return { held: "key", name: label.keyName, valueHash };
  const known = [...present === undefined ? [] : [present], ...intents].find((key) =>
    key.valueHash === valueHash
  );
  if (known !== undefined) return { held: "key", name: known.name, valueHash };
  if (present !== undefined && present.valueHash === undefined) {
    return { held: "key", name: present.name, valueHash };
  }
  return { held: "unknown" };
}

/** True where this key is in the Secret. */
export function holds(holder: Holder, key: Pick<Key, "name"> | undefined): boolean {
  return holder.held === "key" && key !== undefined && sameName(holder.name, key.name);
}
