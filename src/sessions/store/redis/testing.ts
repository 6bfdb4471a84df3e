/** A Redis for unit tests that says what a test tells it to. For tests alone. */
import { silentLogger } from "../../../telemetry/logger.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { FakeClock } from "../../../telemetry/testing/fake_clock.ts";
import { RedisConnection, type RedisConnectionOptions } from "./connection.ts";
import { type Argument, RedisLost, type RedisWire, type Reply } from "./wire.ts";

/** One call that has come to the server. */
export interface Called {
  readonly args: readonly string[];
  answer(reply: Reply): void;
  refuse(error: Error): void;
}

/** A server, and every connection to it. */
export class FakeRedis {
  readonly clock = new FakeClock(1_000_000);
  /** Reply to `INFO`. */
  info = "redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\nmaxmemory:0\r\naof_enabled:1";
  /** The server's time is that much more than the clock's. */
  aheadMs = 500_000;
  /** How long it takes until it looks at its clock for a connection. */
  timeMs = 0;
  /** Why connections fail; undefined: they do not. */
  away: Error | undefined;
  /** Calls besides those of the handshake, as they came. */
  readonly calls: Called[] = [];
  /** By the clock: when connections were tried. */
  readonly tries: number[] = [];
  /** Answers calls at once; undefined: the test does. */
  answers: ((args: readonly string[]) => Reply | Error) | undefined;
  readonly #wires: FakeWire[] = [];

  /** The connection that is used now. */
  get wire(): RedisWire {
    const wire = this.#wires.at(-1);
    if (wire === undefined) throw new Error("there was no connection");
    return wire;
  }

  /** Opens one, for `RedisConnectionOptions`. */
  open = (): Promise<RedisWire> => {
    this.tries.push(this.clock.now());
    if (this.away !== undefined) return Promise.reject(this.away);
    const wire = new FakeWire(this);
    this.#wires.push(wire);
    return Promise.resolve(wire);
  };

  connection(options: Partial<RedisConnectionOptions> = {}, log: Logger = silentLogger): RedisConnection {
    return new RedisConnection({
      open: this.open,
      name: "sessions",
      where: "redis://test",
      log,
      clock: this.clock,
      random: () => 1,
      ...options,
    });
  }
}

class FakeWire implements RedisWire {
  readonly #whenLost = Promise.withResolvers<RedisLost>();
  readonly #open = new Set<(error: Error) => void>();
  #lost: RedisLost | undefined;

  constructor(private readonly redis: FakeRedis) {}

  get whenLost(): Promise<RedisLost> {
    return this.#whenLost.promise;
  }

  call(given: readonly Argument[]): Promise<Reply> {
    const { redis } = this;
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const args = given.map((one) => typeof one === "string" ? one : new TextDecoder().decode(one));
    if (args[0] === "INFO") return Promise.resolve(redis.info);
    if (args[0] === "TIME") {
      const time = () => {
        const now = redis.clock.now() + redis.aheadMs;
        return [String(Math.floor(now / 1_000)), String((now % 1_000) * 1_000)];
      };
      if (redis.timeMs === 0) return Promise.resolve(time());
      return new Promise((resolve) => void redis.clock.setTimer(() => resolve(time()), redis.timeMs));
    }
    return new Promise((resolve, reject) => {
      this.#open.add(reject);
      const called = {
        args,
        answer: (reply: Reply) => resolve(reply),
        refuse: (error: Error) => reject(error),
      };
      redis.calls.push(called);
      const answer = redis.answers?.(args);
      if (answer instanceof Error) reject(answer);
      else if (answer !== undefined) resolve(answer);
    });
  }

  end(why: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = new RedisLost(why);
    for (const reject of this.#open) reject(this.#lost);
    this.#whenLost.resolve(this.#lost);
  }
}
