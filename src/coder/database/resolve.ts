/** Addresses of a database's host, looked up as Coder's pod would. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

/** Addresses of a full name; rejects where there are none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** Names with at least so many dots are tried as they are first: what Kubernetes sets for pods. */
const NDOTS = 5;

/** The names to look up, in order. Those that end with a dot are whole, so that no other domain is put behind them. */
export function candidates(host: string, searchDomains: readonly string[]): string[] {
  if (
    isIP(host) !== 0 || host.endsWith(".") || host.toLowerCase() === "localhost" || searchDomains.length === 0
  ) {
    return [host];
  }
  const expanded = searchDomains.map((domain) => `${host}.${domain.replace(/^\.|\.$/g, "")}.`);
  const whole = `${host}.`;
  return host.split(".").length > NDOTS ? [whole, ...expanded] : [...expanded, whole];
}

/** All addresses of the first candidate that has some. Throws the failure of the last one. */
export async function resolve(
  host: string,
  searchDomains: readonly string[],
  find: Lookup = systemLookup,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  let failure: unknown;
  for (const name of candidates(host, searchDomains)) {
    try {
      const addresses = await find(name);
      if (addresses.length > 0) return addresses;
    } catch (error) {
      // A resolver that is out of order must not send the password to a namesake elsewhere.
      if (!isNoSuchHost(error)) throw error;
      failure = error;
    }
  }
  throw failure ?? Object.assign(new Error(`no address for ${host}`), { code: "ENOTFOUND" });
}

async function systemLookup(name: string): Promise<string[]> {
  return (await lookup(name, { all: true, order: "verbatim" })).map(({ address }) => address);
}

function isNoSuchHost(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOTFOUND" || code === "ENODATA";
}
