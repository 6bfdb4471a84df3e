/** Where a Redis is, as a URL says it: `redis://[user@]host[:port][/database]`, or `rediss://` for TLS. */

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Absent: Redis' own `default`. */
  readonly user?: string | undefined;
  readonly database: number;
}

const STANDARD_PORT = 6_379;
const MAX_DATABASE = 65_535;

/** Its text is why a URL is none, for people: "must …". */
export class RedisAddressError extends Error {
  override readonly name = "RedisAddressError";
}

/** @throws {RedisAddressError} what is wrong; never with the text of a password in it */
export function parseRedisAddress(text: string): RedisAddress {
  const form = "must be redis://[user@]host[:port][/database], or rediss:// for TLS";
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase() ?? "";
  if (scheme.includes("sentinel")) {
    throw new RedisAddressError(
      "names Sentinels, which are not asked: give the address of the primary itself",
    );
  }
  if (scheme.includes("cluster")) {
    throw new RedisAddressError(
      "names a Redis Cluster, which is not supported: give a Redis without cluster mode",
    );
  }
  if (!["redis", "rediss"].includes(scheme) || !URL.canParse(text)) throw new RedisAddressError(form);
  const { hostname, port, pathname, username, password, search, hash } = new URL(text);
  if (password !== "" || /^[^/]*\/\/[^/@]*:[^/@]*@/.test(text)) {
    throw new RedisAddressError(
      "must have no password in it, for others see it: put it into a file, --session-store-password-file",
    );
  }
  if (hostname.includes(",") || hostname === "") throw new RedisAddressError(`${form}: one host`);
  if (search !== "" || hash !== "") throw new RedisAddressError(`${form}: nothing after the database`);
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1];
  if (database === undefined || Number(database) > MAX_DATABASE) {
    throw new RedisAddressError(`${form}: the database is a number`);
  }
  const user = decoded(username);
  if (user === undefined || port === "0") throw new RedisAddressError(form);
  return {
    // Brackets belong to URLs alone.
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? STANDARD_PORT : Number(port),
    isTls: scheme === "rediss",
    ...(user === "" ? {} : { user }),
    database: Number(database),
  };
}

/** For people and logs. */
export function redisAddressText({ host, port, isTls, user, database }: RedisAddress): string {
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`;
  return `${isTls ? "rediss" : "redis"}://${
    user === undefined ? "" : `${encodeURIComponent(user)}@`
  }${where}`;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
