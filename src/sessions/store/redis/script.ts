/** Steps that Redis does as one: Lua scripts. */
import { createHash } from "node:crypto";
import type { Argument } from "./wire.ts";

export interface RedisScript {
  readonly text: string;
  readonly sha1: string;
}

/**
 * What all have: `p` is the prefix of all keys, `now` the server's time in milliseconds. What comes too late, because the
 * server stood still or the network did, is not done: its caller has been told so.
 *
 * Keys are put together in scripts, so these are for a Redis without cluster mode.
 */
const PRELUDE = `
local p = ARGV[2]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if now > tonumber(ARGV[1]) then return {'late', string.format('%.0f', now)} end
-- Keys go by themselves one day, should nobody be there to remove them; nothing makes that sooner.
local function live(key, ttl)
  if redis.call('PTTL', key) < tonumber(ttl) then redis.call('PEXPIRE', key, ttl) end
end
`;

/** @param body its own arguments begin at `ARGV[3]`; the prefix is the first of those that are given */
export function redisScript(body: string): RedisScript {
  const text = PRELUDE + body.trim();
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}

/** The command that runs it. @param isWhole with its text, for a server that does not know it yet */
export function scriptArguments(
  { text, sha1 }: RedisScript,
  until: string,
  args: readonly Argument[],
  isWhole: boolean,
): readonly Argument[] {
  return [isWhole ? "EVAL" : "EVALSHA", isWhole ? text : sha1, "0", until, ...args];
}
