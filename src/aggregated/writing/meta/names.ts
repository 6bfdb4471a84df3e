/** Names as Kubernetes has them. Each function says what is wrong with one; nothing is right. */

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const NAMESPACE = new RegExp(`^${LABEL}$`);
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const MAX_SUBDOMAIN = 253;
const MAX_PART = 63;

/**
 * What an object may be called.
 *
 * @param isPrefix the name has still a suffix to come, so that it may end with a dash
 */
export type NameRule = (name: string, isPrefix: boolean) => readonly string[];

/** The rule of most kinds: a DNS subdomain. */
export const subdomainName: NameRule = (name, isPrefix) =>
  subdomainObjections(isPrefix && name.length > 1 ? name.replace(/-$/, "a") : name);

/** What holds for all kinds: a name is a part of a path. */
export const pathName: NameRule = (name, isPrefix) => {
  if (!isPrefix && (name === "." || name === "..")) return [`may not be '${name}'`];
  return ["/", "%"].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
};

export function subdomainObjections(name: string): string[] {
  if (name.length > MAX_SUBDOMAIN) return [mustBeShorter(MAX_SUBDOMAIN)];
  if (SUBDOMAIN.test(name)) return [];
  return [
    "must be lower case letters, digits, '-' and '.', with a letter or digit at both ends of every part",
  ];
}

export function namespaceObjections(name: string): string[] {
  if (name.length > MAX_PART) return [mustBeShorter(MAX_PART)];
  if (NAMESPACE.test(name)) return [];
  return ["must be lower case letters, digits and '-', with a letter or digit at both ends"];
}

/** Keys of labels and annotations, finalizers: `name` or `example.com/name`. */
export function qualifiedNameObjections(value: string): string[] {
  const parts = value.split("/");
  if (parts.length > 2) return ["must be a name, or a DNS subdomain, '/' and a name"];
  const name = parts.at(-1)!;
  return [
    ...(parts.length === 1 ? [] : prefixObjections(parts[0]!)),
    ...partObjections(name).map((why) => `name part ${why}`),
  ];
}

export function labelValueObjections(value: string): string[] {
  return value === "" ? [] : partObjections(value);
}

function prefixObjections(prefix: string): string[] {
  if (prefix === "") return ["prefix part must be non-empty"];
  return subdomainObjections(prefix).map((why) => `prefix part ${why}`);
}

function partObjections(part: string): string[] {
  if (part === "") return ["must be non-empty"];
  return [
    ...(part.length > MAX_PART ? [mustBeShorter(MAX_PART)] : []),
    ...(NAME_PART.test(part)
      ? []
      : ["must be letters, digits, '-', '_' and '.', with a letter or digit at both ends"]),
  ];
}

function mustBeShorter(max: number): string {
  return `must be no more than ${max} bytes`;
}
