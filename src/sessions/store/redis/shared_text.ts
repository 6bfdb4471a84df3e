/** One text that all coordinators on a Redis share, and names that each is taken once. */
import { randomUUID } from "node:crypto";
import type { RedisConnection } from "./connection.ts";
import { hashOf, keyPrefix, MARGIN_MS } from "./keys.ts";
import { redisScript } from "./script.ts";

interface SharedOptions {
  readonly connection: RedisConnection;
  /** Of all keys. */
  readonly prefix: string;
  /** Which of them. */
  readonly name: string;
}

/** Arguments: key, for how long. */
const READ = redisScript(`
live(p .. ARGV[3], ARGV[4])
return redis.call('GET', p .. ARGV[3])
`);

/** Arguments: key, for how long, what is there (empty: nothing), what is to be. */
const REPLACE = redisScript(`
local key, before, after = p .. ARGV[3], ARGV[5], ARGV[6]
local kept = redis.call('GET', key) or ''
if kept ~= before and kept ~= after then return 0 end
redis.call('SET', key, after, 'PX', ARGV[4])
return 1
`);

/** Arguments: key, by whom, for how long. */
const CLAIM = redisScript(`
if redis.call('SET', p .. ARGV[3], ARGV[4], 'NX', 'PX', ARGV[5]) then return 1 end
return redis.call('GET', p .. ARGV[3]) == ARGV[4] and 1 or 0
`);

/** Kept for as long as somebody reads it, and so long after, in milliseconds. */
const KEPT_MS = 5 * MARGIN_MS;

export class RedisText {
  readonly #options: SharedOptions;

  constructor(options: SharedOptions) {
    this.#options = options;
  }

  /** Undefined: there is none. */
  async read(signal: AbortSignal): Promise<string | undefined> {
    const { connection, prefix, name } = this.#options;
    const reply = await connection.script(READ, [keyPrefix(prefix), `t:${name}`, String(KEPT_MS)], {
      operation: `${name}.read`,
      signal,
    });
    return typeof reply === "string" ? reply : undefined;
  }

  /** @param before what it must be. @returns false where another was faster */
  async replace(before: string | undefined, after: string, signal: AbortSignal): Promise<boolean> {
    const { connection, prefix, name } = this.#options;
    const args = [keyPrefix(prefix), `t:${name}`, String(KEPT_MS), before ?? "", after];
    return await connection.script(REPLACE, args, { operation: `${name}.replace`, signal }) === 1;
  }
}

export class RedisClaims {
  readonly #options: SharedOptions;

  constructor(options: SharedOptions) {
    this.#options = options;
  }

  /** Whether nobody has taken it before. @param forMs then it may be taken again, in milliseconds */
  async claim(what: string, forMs: number, signal: AbortSignal): Promise<boolean> {
    const { connection, prefix, name } = this.#options;
    const args = [
      keyPrefix(prefix),
      `x:${hashOf(name, what)}`,
      randomUUID(),
      String(Math.max(1, Math.ceil(forMs))),
    ];
    return await connection.script(CLAIM, args, { operation: `${name}.claim`, signal }) === 1;
  }
}
