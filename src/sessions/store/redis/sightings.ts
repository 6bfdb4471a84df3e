/** Which workers are there, as all coordinators on one Redis have heard. Time is the server's alone. */
import { GONE_MS } from "../sighting_rules.ts";
import type { WorkerProcess, WorkerSightings } from "../types.ts";
import type { RedisConnection } from "./connection.ts";
import { hashOf, keyPrefix } from "./keys.ts";
import { redisScript } from "./script.ts";

/** Arguments: for how long, processes. */
const HEARD = redisScript(`
local ttl = tonumber(ARGV[3])
for i = 4, #ARGV do
  local key = p .. ARGV[i]
  if redis.call('GET', key) ~= 'gone' and redis.call('PTTL', key) < ttl then
    redis.call('SET', key, 'heard', 'PX', ARGV[3])
  end
end
`);

/** Arguments: for how long, a process. */
const GONE = redisScript(`redis.call('SET', p .. ARGV[4], 'gone', 'PX', ARGV[3])`);

/** Processes in one call. */
const PAGE = 500;

export class RedisSightings implements WorkerSightings {
  readonly #connection: RedisConnection;
  readonly #prefix: string;

  constructor({ connection, prefix }: { readonly connection: RedisConnection; readonly prefix: string }) {
    this.#connection = connection;
    this.#prefix = keyPrefix(prefix);
  }

  async heard(workers: readonly WorkerProcess[], forMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    for (let at = 0; at < workers.length; at += PAGE) {
      const keys = workers.slice(at, at + PAGE).map(keyOf);
      await this.#connection.script(HEARD, [this.#prefix, String(Math.ceil(forMs)), ...keys], {
        operation: "worker.heard",
        signal,
      });
    }
  }

  async gone(worker: WorkerProcess, signal: AbortSignal): Promise<void> {
    await this.#connection.script(GONE, [this.#prefix, String(GONE_MS), keyOf(worker)], {
      operation: "worker.gone",
      signal,
    });
  }

  async isHeard(worker: WorkerProcess, signal: AbortSignal): Promise<boolean> {
    const said = await this.#connection.command(["GET", this.#prefix + keyOf(worker)], {
      operation: "worker.is_heard",
      signal,
      reads: true,
    });
    return said === "heard";
  }
}

function keyOf({ id, incarnation }: WorkerProcess): string {
  return `w:${hashOf(id, incarnation)}`;
}
