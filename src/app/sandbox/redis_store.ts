/** The parts of a store in Redis, as one module that is loaded where it is used; and how it is reached. */
import { parseRedisAddress, redisAddressText } from "../../sessions/store/redis/address.ts";
import { RedisConnection, type RedisConnectionOptions } from "../../sessions/store/redis/connection.ts";
import { RedisClaims, RedisText } from "../../sessions/store/redis/shared_text.ts";
import { openWire, type RedisAccess } from "../../sessions/store/redis/wire.ts";
import { RedisUnfit } from "../../sessions/store/redis/words.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { PlanClaimStore } from "../../mcp/confirm/mod.ts";
import type { SessionStoreConfig } from "./store_config.ts";
import { storedClaims, StoredKeys } from "./shared_keys.ts";

export { RedisBlobStore } from "../../sessions/store/redis/blobs.ts";
export { RedisSessionStore } from "../../sessions/store/redis/sessions.ts";
export { RedisSightings } from "../../sessions/store/redis/sightings.ts";

/** For people and logs. */
export function storeName({ sessionStore }: SessionStoreConfig): string {
  return redisAddressText(parseRedisAddress(sessionStore ?? ""));
}

/** Files are read anew for each connection, so that they may change. */
export function openConnection(
  config: SessionStoreConfig,
  { redactor, ...options }: Omit<RedisConnectionOptions, "open"> & {
    readonly redactor: Pick<Redactor, "add">;
  },
): RedisConnection {
  return new RedisConnection({
    ...options,
    open: async (timeoutMs, signal) => await openWire(await accessOf(config, redactor), timeoutMs, signal),
  });
}

export function sharedSecrets(
  { connection, prefix, redactor, log }: {
    readonly connection: RedisConnection;
    readonly prefix: string;
    readonly redactor: Pick<Redactor, "add">;
    readonly log: Logger;
  },
): { readonly keys: StoredKeys; readonly claims: PlanClaimStore } {
  const text = new RedisText({ connection, prefix, name: "keys" });
  return {
    keys: new StoredKeys({ text, keepSecret: (secret) => void redactor.add(secret), log }),
    claims: storedClaims(new RedisClaims({ connection, prefix, name: "plan" })),
  };
}

async function accessOf(
  config: SessionStoreConfig,
  redactor: Pick<Redactor, "add">,
): Promise<RedisAccess> {
  const [password, ca, cert, key] = await Promise.all([
    read("--session-store-password-file", config.sessionStorePasswordFile),
    read("--session-store-ca-file", config.sessionStoreCaFile),
    read("--session-store-cert-file", config.sessionStoreCertFile),
    read("--session-store-key-file", config.sessionStoreKeyFile),
  ]);
  // The line's end is the editor's.
  const secret = password?.replace(/\r?\n$/, "");
  if (secret === "") {
    throw new RedisUnfit("has no password: the file of --session-store-password-file is empty");
  }
  if (secret !== undefined) redactor.add(secret);
  return { address: parseRedisAddress(config.sessionStore ?? ""), password: secret, ca, cert, key };
}

async function read(flag: string, path: string | undefined): Promise<string | undefined> {
  try {
    return path === undefined ? undefined : await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RedisUnfit(`cannot be reached: ${flag}: ${path} cannot be read: ${why}`);
  }
}
