/** The token of a proxy, as Coder makes it: the proxy's id, a colon, and a secret. */

const TOKEN = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}):\S+$/i;

/** The id of the proxy that a token is for; undefined where it is no such token. */
export function proxyIdOf(token: string): string | undefined {
  return TOKEN.exec(token)?.[1]?.toLowerCase();
}
