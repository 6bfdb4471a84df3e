/** Decides where sessions may connect to, by the name that is asked for and by the addresses that it has now. */
import { lookup } from "node:dns/promises";
import { type Address, embeddedV4, isInternal, parseAddress } from "./addresses.ts";
import { orAbort } from "./or_abort.ts";
import type { EgressRules } from "./rules.ts";

/** Addresses of a name, as the machine's resolver has them. Rejects where there is none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveHost: Resolve = async (host) =>
  (await lookup(host, { all: true, verbatim: true })).map((found) => found.address);

/** Why something is not reached. The message is for people in a terminal, in one line. */
export class EgressRefused extends Error {
  override readonly name = "EgressRefused";
  /** `unresolved`: allowed, but the name has no address now. */
  constructor(readonly reason: "not_listed" | "internal" | "unresolved", message: string) {
    super(message);
  }
}

export interface GuardOptions {
  readonly rules: EgressRules;
  /** Names or addresses that are reached only where an entry lists their address: the coordinator. */
  readonly forbidden?: readonly string[] | undefined;
  readonly resolve?: Resolve | undefined;
  /** Of this machine: what listens there is not meant for sessions. @default those of its network interfaces */
  readonly ownAddresses?: (() => readonly string[]) | undefined;
}

/** Milliseconds that a name may take to resolve. */
const RESOLVE_MS = 10_000;

export class EgressGuard {
  readonly #rules: EgressRules;
  readonly #forbidden: readonly string[];
  readonly #resolve: Resolve;
  readonly #ownAddresses: () => readonly string[];

  constructor(options: GuardOptions) {
    this.#rules = options.rules;
    this.#forbidden = options.forbidden ?? [];
    this.#resolve = options.resolve ?? resolveHost;
    this.#ownAddresses = options.ownAddresses ?? interfaceAddresses;
  }

  /**
   * The addresses that may be connected to for `host` (as `normalHost` makes it): these, and not what the name may lead to
   * a moment later. Rejects with {@linkcode EgressRefused}, or the reason of `signal`.
   */
  async addresses(host: string, port: number, signal: AbortSignal): Promise<readonly string[]> {
    const literal = parseAddress(host);
    if (literal === undefined && !this.#rules.allowsName(host, port)) throw this.#notListed(host, port);
    const found = literal === undefined ? await this.#resolved(host, signal) : [host];
    const barred = await this.#barred(signal);
    const allowed = found.filter((text) => {
      const address = parseAddress(text);
      if (address === undefined) return false;
      if (this.#rules.allowsAddress(address, port)) return true;
      if (literal !== undefined && !this.#rules.allowsName(host, port)) return false;
      return !isInternal(address) && !barred.some((one) => leadsTo(address, one));
    });
    if (allowed.length > 0) return allowed;
    if (literal !== undefined && !isInternal(literal)) throw this.#notListed(host, port);
    throw new EgressRefused(
      "internal",
      `${host} ${literal === undefined ? "has an" : "is an"} internal address, which sessions do not reach ` +
        `unless the worker's egress list has the address itself`,
    );
  }

  #notListed(host: string, port: number): EgressRefused {
    const entries = this.#rules.entries;
    const shown = entries.slice(0, 8).join(", ") + (entries.length > 8 ? ", ..." : "");
    return new EgressRefused(
      "not_listed",
      `${hostAndPort(host, port)} is not in the egress list of this worker (allowed: ${
        shown || "nothing"
      }); ` +
        `whoever runs it can add it with --egress`,
    );
  }

  async #resolved(host: string, signal: AbortSignal): Promise<readonly string[]> {
    try {
      const found = await within(this.#resolve(host), RESOLVE_MS, signal);
      if (found.length > 0) return found;
    } catch {
      signal.throwIfAborted();
    }
    throw new EgressRefused("unresolved", `the name ${host} has no address that the worker could find`);
  }

  /** Addresses that are not reached although they are public. */
  async #barred(signal: AbortSignal): Promise<readonly Address[]> {
    const texts = [...this.#ownAddresses()];
    for (const host of this.#forbidden) {
      if (parseAddress(host) !== undefined) texts.push(host);
      // A name that cannot be resolved here has no address that a session could be given either.
      else texts.push(...await within(this.#resolve(host), RESOLVE_MS, signal).catch(() => []));
    }
    signal.throwIfAborted();
    return texts.map((text) => parseAddress(text.split("%")[0]!)).filter((one) => one !== undefined);
  }
}

export function hostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function interfaceAddresses(): readonly string[] {
  return Deno.networkInterfaces().map((one) => one.address);
}

/** Itself, or by a gateway between IPv6 and IPv4. */
function leadsTo(address: Address, barred: Address): boolean {
  const inner = embeddedV4(address);
  return address.every((byte, index) => byte === barred[index]) ||
    (inner !== undefined && leadsTo(inner, barred));
}

function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  return orAbort(work, AbortSignal.any([signal, AbortSignal.timeout(ms)]));
}
