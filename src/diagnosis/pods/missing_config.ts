/** Which Secret or ConfigMap a node's words mean. */

export interface MissingConfig {
  readonly kind: "Secret" | "ConfigMap";
  readonly name: string;
  /** Empty: the object is not there at all. */
  readonly key: string;
}

/** Reads `secret "db" not found`, `couldn't find key url in Secret lab/db`, `references non-existent secret key: url`. */
export function configWords(message: string): MissingConfig | undefined {
  const gone = /\b(secret|configmap)s? "([^"]+)" not found/i.exec(message);
  const kindOf = (word: string) => word.toLowerCase() === "secret" ? "Secret" : "ConfigMap";
  const key = /couldn't find key (\S+) in (Secret|ConfigMap) (?:[^/\s]+\/)?(\S+)/i.exec(message);
  if (key !== null) return { kind: kindOf(key[2]!), name: key[3]!.replace(/[.,;]$/, ""), key: key[1]! };
  return gone === null ? undefined : { kind: kindOf(gone[1]!), name: gone[2]!, key: "" };
}
