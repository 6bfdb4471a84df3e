/** What a registry says when it wants to know who asks: the header `www-authenticate`. */

export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The first one that can be used; undefined where there is none. */
export function challengeOf(header: string | null): Challenge | undefined {
  const found = /(?:^|,)\s*(Bearer|Basic)(?:\s+|$)/i.exec(header ?? "");
  if (header === null || found === null) return undefined;
  const parameters: Record<string, string> = {};
  const rest = header.slice(found.index + found[0].length);
  const pattern = /\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)/y;
  for (let match = pattern.exec(rest); match !== null; match = pattern.exec(rest)) {
    const [, name = "", quoted, plain = ""] = match;
    parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, "$1") ?? plain;
  }
  return { scheme: found[1]!.toLowerCase(), parameters };
}
