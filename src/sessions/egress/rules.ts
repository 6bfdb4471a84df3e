/** What sessions may reach: the allow-list. */
import { type Address, type AddressRange, isWithin, parseAddress, parseRange } from "./addresses.ts";

export interface EgressRules {
  /** As they were given, for people. */
  readonly entries: readonly string[];
  /** Whether that name may be asked for; the address that it has is looked at besides. `host` as `normalHost` makes it. */
  allowsName(host: string, port: number): boolean;
  /** Whether that address is listed itself, as an address or a range. */
  allowsAddress(address: Address, port: number): boolean;
}

type Ports = number | "any" | "web";
type Rule =
  | { readonly kind: "any" | "name" | "below"; readonly name: string; readonly ports: Ports }
  | { readonly kind: "range"; readonly range: AddressRange; readonly ports: Ports };

const FORMS =
  "host, host:port, host:* (every port), *.example.com, an address, a range such as 10.0.0.0/8, [range]:port, or *";

/**
 * Entries without a port mean 80 and 443. `*.example.com` is what is below it, not itself. `*` is every name whose address is
 * public. Throws where one cannot be read.
 */
export function parseEgressRules(entries: readonly string[]): EgressRules {
  const rules = entries.map(parseRule);
  return {
    entries,
    allowsName: (host, port) => rules.some((rule) => namesIt(rule, host) && portFits(rule.ports, port)),
    allowsAddress: (address, port) =>
      rules.some((rule) =>
        rule.kind === "range" && isWithin(address, rule.range) && portFits(rule.ports, port)
      ),
  };
}

/** Lower case, without the dot at the end and without brackets; `undefined` for what no host is called. */
export function normalHost(text: string): string | undefined {
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (bare.includes(":")) {
    return bare !== text && parseAddress(bare) !== undefined ? bare.toLowerCase() : undefined;
  }
  const host = bare.toLowerCase().replace(/\.$/, "");
  return bare === text && isHostName(host) ? host : undefined;
}

function isHostName(host: string): boolean {
  return host.length <= 253 &&
    host.split(".").every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
}

function namesIt(rule: Rule, host: string): boolean {
  switch (rule.kind) {
    case "any":
      return true;
    case "name":
      return rule.name === host;
    case "below":
      return host.endsWith(rule.name);
    case "range":
      return false;
  }
}

function portFits(ports: Ports, port: number): boolean {
  return ports === "any" || (ports === "web" ? port === 80 || port === 443 : ports === port);
}

function parseRule(entry: string): Rule {
  const text = entry.trim();
  // A bare IPv6 address or range has colons of its own.
  const bare = parseRange(text);
  if (bare !== undefined) return { kind: "range", range: bare, ports: "web" };
  const [, name, port] = /^(.*?)(?::([^:\]]*))?$/s.exec(text)!;
  const ports = portsOf(port);
  if (ports === undefined) throw unreadable(entry);
  if (name === "*") return { kind: "any", name, ports };
  const range = parseRange(name!.replace(/^\[(.*)\]$/, "$1"));
  if (range !== undefined) return { kind: "range", range, ports };
  const below = name!.startsWith("*.");
  const host = normalHost(below ? name!.slice(2) : name!);
  if (host === undefined || /^[\d.]+$/.test(host)) throw unreadable(entry);
  return below ? { kind: "below", name: `.${host}`, ports } : { kind: "name", name: host, ports };
}

function portsOf(text: string | undefined): Ports | undefined {
  if (text === undefined) return "web";
  if (text === "*") return "any";
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : undefined;
}

function unreadable(entry: string): Error {
  return new Error(`the egress entry ${JSON.stringify(entry)} cannot be read; write ${FORMS}`);
}
