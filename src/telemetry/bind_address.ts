/** Where a server listens, as every `--…-bind-address` flag writes it. */

/** A parsed address; `undefined` stands for "off". */
export interface BindAddress {
  /** An address to listen on; `0.0.0.0` where none was given. */
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** The text is not an address. */
export class BindAddressError extends Error {
  override readonly name = "BindAddressError";
}

/**
 * Reads `:8081`, `8081`, `127.0.0.1:0`, `localhost:8081`, `[::1]:8081`; `0` and the empty string mean off.
 *
 * @throws {BindAddressError} that says what is accepted
 */
export function parseBindAddress(text: string): BindAddress | undefined {
  const given = text.trim();
  if (given === "0" || given === "") return undefined;
  const match = /^(?:(?:\[(?<v6>[0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|(?<host>[A-Za-z0-9.-]*)):)?(?<port>\d{1,5})$/
    .exec(given);
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65_535) {
    throw new BindAddressError(
      `${JSON.stringify(text)} is not an address to listen on. ` +
        `Write ":8081", "127.0.0.1:8081" or "[::1]:8081" (port 0 to 65535), or "0" to turn the port off.`,
    );
  }
  const hostname = match.groups?.["v6"] ?? match.groups?.["host"] ?? "";
  return { hostname: hostname === "" ? "0.0.0.0" : hostname, port };
}

/** `host:port`, with brackets where IPv6 needs them. */
export function addressText(address: BindAddress): string {
  return address.hostname.includes(":")
    ? `[${address.hostname}]:${address.port}`
    : `${address.hostname}:${address.port}`;
}
