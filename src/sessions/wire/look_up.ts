/** The addresses that a coordinator's name has: each of them may be another coordinator. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isLoopback } from "../../telemetry/loopback.ts";
import { atIp, type CoordinatorAddress } from "./coordinator_address.ts";

/** IP addresses of a name. Rejects where there are none. */
export type LookUp = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

/** Of one name: more are not dialled. */
const MOST_ADDRESSES = 32;

/** As the machine's resolver has it, `/etc/hosts` included. */
export const systemLookUp: LookUp = async (hostname, signal) => {
  const stopped = Promise.withResolvers<never>();
  stopped.promise.catch(() => {});
  const stop = () => stopped.reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const found = await Promise.race([lookup(hostname, { all: true }), stopped.promise]);
    return found.map(({ address }) => address);
  } finally {
    signal.removeEventListener("abort", stop);
  }
};

/**
 * What is to be dialled for an address: each of the name's own; itself where it has no name, and where the name is for
 * somebody else to look up (a proxy), or cannot be looked up now. Never rejects but with the reason of `signal`.
 */
export async function targetsOf(
  address: CoordinatorAddress,
  { lookUp, isProxied, signal }: {
    readonly lookUp: LookUp;
    readonly isProxied: boolean;
    readonly signal: AbortSignal;
  },
): Promise<{ readonly targets: readonly CoordinatorAddress[]; readonly error?: unknown }> {
  const { hostname } = address;
  const plain = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(plain) !== 0 || isLoopback(hostname) || isProxied) return { targets: [address] };
  try {
    const found = [...new Set(await lookUp(hostname, signal))].filter((ip) => isIP(ip) !== 0).sort();
    if (found.length === 0) return { targets: [address] };
    return { targets: found.slice(0, MOST_ADDRESSES).map((ip) => atIp(address, ip)) };
  } catch (error) {
    signal.throwIfAborted();
    return { targets: [address], error };
  }
}

/** Whether gRPC goes through a proxy, which looks names up itself. */
export function isProxied(environment: (name: string) => string | undefined): boolean {
  return ["grpc_proxy", "https_proxy", "http_proxy"].some((name) => (environment(name) ?? "") !== "");
}
