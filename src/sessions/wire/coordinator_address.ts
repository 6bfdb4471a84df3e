/** Where a worker finds its coordinator, as people write it. */
import { isLoopback } from "../../telemetry/loopback.ts";
import { WireError } from "./wire_error.ts";

export interface CoordinatorAddress {
  /** For people. */
  readonly text: string;
  readonly hostname: string;
  /** As gRPC wants it. */
  readonly target: string;
  /** What the coordinator is called where `target` is one of its addresses. @default {`target`} */
  readonly authority?: string | undefined;
  readonly isTls: boolean;
}

export const STANDARD_GRPC_PORT = 50_050;

/** Several, with commas between; each as {@linkcode parseCoordinatorAddress} has it. @throws {WireError} `invalid` */
export function parseCoordinatorAddresses(given: string, allowInsecure = false): CoordinatorAddress[] {
  const addresses = given.split(",").filter((each) => each.trim() !== "").map((each) =>
    parseCoordinatorAddress(each, allowInsecure)
  );
  // None at all is told as one that is none.
  if (addresses.length === 0) return [parseCoordinatorAddress("", allowInsecure)];
  return [...new Map(addresses.map((address) => [address.text, address])).values()];
}

/** One of the addresses that the name of a coordinator has: TLS goes on by the name. @param ip without brackets */
export function atIp(address: CoordinatorAddress, ip: string): CoordinatorAddress {
  const port = address.target.slice(address.hostname.length + 1);
  const target = `${ip.includes(":") ? `[${ip}]` : ip}:${port}`;
  return { ...address, text: `${address.text} (${ip})`, target, authority: address.target };
}

/**
 * Reads `https://host:50050`, `http://…` (plain text, to loopback alone unless `allowInsecure`), `host:50050` (TLS, or plain
 * text to loopback). Without a port it is 50050.
 * @throws {WireError} `invalid`
 */
export function parseCoordinatorAddress(given: string, allowInsecure = false): CoordinatorAddress {
  const trimmed = given.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed);
  const shown = JSON.stringify(trimmed.replace(/\/\/[^/@]*@/, "//…@").slice(0, 256));
  let url: URL;
  try {
    // A special scheme in any case, so that host and port are parsed, and standard ports do not vanish.
    url = new URL(hasScheme ? trimmed.replace(/^[^:]+/, "ws") : `ws://${trimmed}`);
  } catch {
    throw new WireError(
      "invalid",
      `${shown} is not an address of a coordinator: write https://host:${STANDARD_GRPC_PORT}`,
    );
  }
  const scheme = hasScheme ? trimmed.slice(0, trimmed.indexOf(":")).toLowerCase() : "";
  if (!["", "http", "https", "grpc", "grpcs"].includes(scheme)) {
    throw new WireError(
      "invalid",
      `${shown} cannot be reached: a coordinator's address begins with https:// or http://`,
    );
  }
  if (
    url.username !== "" || url.password !== "" || url.pathname.length > 1 || url.search !== "" ||
    url.hash !== ""
  ) {
    throw new WireError(
      "invalid",
      `${shown} has more than a host and a port: write https://host:${STANDARD_GRPC_PORT}, and give the token apart from it`,
    );
  }
  const isTls = scheme === "" ? !isLoopback(url.hostname) : scheme.endsWith("s");
  if (!isTls && !allowInsecure && !isLoopback(url.hostname)) {
    throw new WireError(
      "invalid",
      `the worker's token must not travel in plain text to ${url.hostname}: write https://, or say --grpc-insecure ` +
        "where something in between sees to it",
    );
  }
  // `ws` has its own standard port, which is not ours.
  const port = url.port !== "" ? url.port : /:80$/.test(trimmed) ? "80" : String(STANDARD_GRPC_PORT);
  const target = `${url.hostname}:${port}`;
  return { text: `${isTls ? "https" : "http"}://${target}`, hostname: url.hostname, target, isTls };
}
