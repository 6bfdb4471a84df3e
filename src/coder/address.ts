/** Where a Coder deployment is. */

/** The address cannot be used; the message says why and does not repeat what may be secret in it. */
export class CoderAddressError extends Error {
  override readonly name = "CoderAddressError";
}

/** A base URL taken apart. */
export interface BaseUrl {
  readonly url: URL;
  /** Path that every request's path is appended to; empty or `/base`, without a trailing slash. */
  readonly basePath: string;
  /** Origin and base path, for messages. */
  readonly text: string;
}

/** Reads `https://coder.example.com` or `https://example.com/base/`. Throws {@linkcode CoderAddressError}. */
export function parseAddress(address: string): BaseUrl {
  const url = URL.parse(address);
  if (url === null) {
    throw new CoderAddressError(`the address of Coder is not a URL: give https://host[:port][/base]`);
  }
  const where = `the address of Coder (${url.protocol}//${url.host})`;
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new CoderAddressError(`${where} must begin with https:// or http://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new CoderAddressError(`${where} must not hold a user name or password`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new CoderAddressError(`${where} must not have a query or a fragment`);
  }
  const basePath = url.pathname.replace(/\/+$/, "");
  return { url, basePath, text: url.origin + basePath };
}
