/**
 * A Redis that is there again by itself after it was away. Every call ends within its time: with the reply, or with a
 * `SessionError` that says whether something may have been done.
 */
import { type Clock, sleep, systemClock, whenAborted } from "../../../telemetry/clock.ts";
import type { Logger } from "../../../telemetry/logger.ts";
import { type Metrics, noMetrics } from "../../../telemetry/metrics.ts";
import { SessionError } from "../../types.ts";
import { serverFacts } from "./facts.ts";
import { type RedisScript, scriptArguments } from "./script.ts";
import { type Argument, RedisLost, RedisRefusal, type RedisWire, type Reply } from "./wire.ts";
import { RedisUnfit, type Trouble, troubleOf } from "./words.ts";

export interface RedisConnectionOptions {
  /** Makes one connection, or rejects within the time. */
  readonly open: (timeoutMs: number, signal: AbortSignal) => Promise<RedisWire>;
  /** What it is for, and where it is: for logs. */
  readonly name: string;
  readonly where: string;
  /** The longest that a call may take, in milliseconds. @default {2_000} */
  readonly callMs?: number | undefined;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly clock?: Clock | undefined;
  /** In [0, 1). @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** What a call is, besides what is sent. */
export interface CallOptions {
  /** For metrics and words: `session.create`. */
  readonly operation: string;
  readonly signal: AbortSignal;
  /** Changes nothing. @default {false} */
  readonly reads?: boolean | undefined;
  /** @default {false} */
  readonly asBytes?: boolean | undefined;
}

/** It is not known whether a write was done; it is not done any more after `notAfter`. */
export class UnknownOutcome extends SessionError {
  constructor(message: string, options?: ErrorOptions) {
    super("unavailable", message, options);
  }
}

const CALL_MS = 2_000;
const CONNECT_MS = 3_000;
/** Between two attempts to connect, in milliseconds: doubled each time, and anything up to that. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
/** Twice at most: a third connection within one call is no coincidence. */
const MOST_TRIES = 3;
/** Reply of scripts that came too late, with the server's time. */
const LATE = "late";
const BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];

export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  readonly #clock: Clock;
  readonly #callMs: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #observe: (operation: string, result: string, ms: number) => void;
  readonly #gauge: (value: 0 | 1) => void;
  #wire: RedisWire | undefined;
  /** The server's time is this much more than the clock's, in milliseconds. */
  #ahead = 0;
  #change = Promise.withResolvers<void>();
  #trouble: Trouble | undefined = { text: "has not answered yet", isSetting: false };
  /** By the clock: since when it is away; at first, since it was made. */
  #awaySince: number;
  /** What was said of it in the log. */
  #said = "";
  readonly #warned = new Set<string>();

  constructor(options: RedisConnectionOptions) {
    const { clock = systemClock, callMs = CALL_MS, metrics = noMetrics, name } = options;
    this.#options = options;
    this.#clock = clock;
    this.#callMs = callMs;
    this.#awaySince = clock.now();
    const seconds = metrics.histogram(
      "coordinator_store_seconds",
      "Time of calls to the shared store of sessions.",
      ["operation", "result"],
      BUCKETS,
    );
    this.#observe = (operation, result, ms) => seconds.observe({ operation, result }, ms / 1_000);
    const up = metrics.gauge(
      "coordinator_store_up",
      "1 while a connection to the shared store of sessions is there, by what it is for.",
      ["connection"],
    );
    this.#gauge = (value) => up.set({ connection: name }, value);
    this.#gauge(0);
    this.#running = this.#keep();
  }

  /** What is wrong with it; undefined where all is well. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** Resolves when it is there, or when it is known that a setting is wrong; or with `signal`. */
  async whenKnown(signal: AbortSignal): Promise<void> {
    while (this.#trouble !== undefined && !this.#trouble.isSetting && !signal.aborted) {
      await Promise.race([this.#change.promise, whenAborted(signal)]);
    }
  }

  /** Runs a command that does no harm twice. */
  command(args: readonly Argument[], options: CallOptions): Promise<Reply> {
    return this.#call((wire) => wire.call(args, options.asBytes), options);
  }

  /** Runs a script, which does no harm twice; its second argument is until when, by the server's time. */
  script(script: RedisScript, args: readonly Argument[], options: CallOptions): Promise<Reply> {
    return this.#call(async (wire, deadline) => {
      const until = () => String(Math.floor(deadline + this.#ahead));
      const run = async (): Promise<Reply> => {
        try {
          return await wire.call(scriptArguments(script, until(), args, false), options.asBytes);
        } catch (error) {
          if (!(error instanceof RedisRefusal) || !error.message.startsWith("NOSCRIPT")) throw error;
          return await wire.call(scriptArguments(script, until(), args, true), options.asBytes);
        }
      };
      const reply = await run();
      const now = lateAt(reply);
      if (now === undefined) return reply;
      // Its clock was set, or the call was on its way for long: nothing was done.
      this.#ahead = now - this.#clock.now();
      if (this.#clock.now() >= deadline) throw new TooLate();
      const again = await run();
      if (lateAt(again) !== undefined) throw new TooLate();
      return again;
    }, options);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wire?.end("this process is done with it");
    await this.#running;
  }

  async #call(
    run: (wire: RedisWire, deadline: number) => Promise<Reply>,
    { operation, signal, reads = false }: CallOptions,
  ): Promise<Reply> {
    signal.throwIfAborted();
    const started = this.#clock.now();
    let result = "ok";
    try {
      return await this.#within(started + this.#callMs, run, signal, reads);
    } catch (error) {
      result = signal.aborted ? "canceled" : error instanceof SessionError ? error.code : "failed";
      throw error;
    } finally {
      this.#observe(operation, result, this.#clock.now() - started);
    }
  }

  async #within(
    deadline: number,
    run: (wire: RedisWire, deadline: number) => Promise<Reply>,
    signal: AbortSignal,
    reads: boolean,
  ): Promise<Reply> {
    let mayBeDone = false;
    for (let tries = 1;; tries++) {
      const wire = await this.#connected(deadline, signal, mayBeDone);
      const over = new AbortController();
      try {
        const reply = run(wire, deadline);
        reply.catch(() => {});
        const late = sleep(deadline - this.#clock.now(), over.signal, this.#clock).then(() => LATE_CALL);
        const ended = await Promise.race([reply, late, whenEither(signal, over.signal)]);
        signal.throwIfAborted();
        if (ended !== LATE_CALL) return ended as Reply;
        wire.end(`no answer within ${this.#callMs / 1_000} s`);
        throw this.#away(`does not answer (nothing within ${this.#callMs / 1_000} s)`, !reads);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (error instanceof SessionError) throw error;
        if (error instanceof TooLate) throw this.#away("took too long", mayBeDone);
        if (error instanceof RedisRefusal) throw this.#refused(error, wire, mayBeDone);
        mayBeDone = !reads;
        // What is sent again knows what it has done before.
        if (!(error instanceof RedisLost) || tries >= MOST_TRIES || this.#clock.now() >= deadline) {
          throw this.#away(troubleOf(error).text, mayBeDone, error);
        }
        if (this.#wire === wire) this.#lost(error);
      } finally {
        over.abort();
      }
    }
  }

  /** The connection, waited for where it is away for a moment only. */
  async #connected(deadline: number, signal: AbortSignal, mayBeDone: boolean): Promise<RedisWire> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#stop.signal.aborted) throw this.#away("is closed: this process ends", mayBeDone);
      if (this.#wire !== undefined) return this.#wire;
      const left = Math.min(deadline, this.#awaySince + this.#callMs) - this.#clock.now();
      if (left <= 0 || this.#trouble?.isSetting === true) {
        throw this.#away(this.#trouble?.text ?? "does not answer", mayBeDone);
      }
      const over = new AbortController();
      await Promise.race([
        this.#change.promise,
        sleep(left, over.signal, this.#clock),
        whenEither(signal, over.signal),
      ]);
      over.abort();
    }
  }

  #away(why: string, mayBeDone: boolean, cause?: unknown): SessionError {
    const text = `the session store ${why}; `;
    return mayBeDone
      ? new UnknownOutcome(`${text}it is not known whether it was done: look, and try again in a moment`, {
        cause,
      })
      : new SessionError("unavailable", `${text}nothing was done: try again in a moment`, { cause });
  }

  #refused(error: RedisRefusal, wire: RedisWire, mayBeDone: boolean): SessionError {
    const trouble = troubleOf(error);
    // A primary that has become a replica, for one: another connection may find better.
    if (/^(READONLY|NOAUTH|MASTERDOWN|LOADING)/.test(error.message)) wire.end(error.message);
    this.#say(trouble.text);
    return this.#away(trouble.text, mayBeDone, error);
  }

  /** Connects, again and again. Never rejects. */
  async #keep(): Promise<void> {
    const { random = Math.random } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted;) {
      try {
        const wire = await this.#open(signal);
        const since = this.#clock.now();
        this.#found(wire);
        const lost = await wire.whenLost;
        if (this.#wire === wire) this.#lost(lost);
        // One that breaks at once, again and again, is not dialled without a pause.
        failures = this.#clock.now() - since < LONGEST_WAIT_MS ? failures + 1 : 0;
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        this.#troubled(troubleOf(error));
      }
      const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
      await sleep(most * (0.5 + random() / 2), signal, this.#clock);
    }
  }

  async #open(signal: AbortSignal): Promise<RedisWire> {
    const wire = await this.#options.open(CONNECT_MS, signal);
    try {
      const asked = async () => {
        await this.#look(wire);
        const [seconds, micros] = await wire.call(["TIME"]) as readonly string[];
        // Rather too little, where it was long on its way: no script is valid for longer than its call.
        this.#ahead = Number(seconds) * 1_000 + Number(micros) / 1_000 - this.#clock.now();
      };
      const over = new AbortController();
      const asking = asked();
      asking.catch(() => {});
      const late = sleep(CONNECT_MS, over.signal, this.#clock).then(() => LATE_CALL);
      try {
        if (await Promise.race([asking, late, whenEither(signal, over.signal)]) === LATE_CALL) {
          throw new RedisLost(`no answer within ${CONNECT_MS / 1_000} s`);
        }
        signal.throwIfAborted();
      } finally {
        over.abort();
      }
      return wire;
    } catch (error) {
      wire.end("it cannot be used");
      throw error;
    }
  }

  /** @throws {RedisUnfit} */
  async #look(wire: RedisWire): Promise<void> {
    const info = await wire.call(["INFO"]).catch((error) => {
      // Not everybody may ask; then it is taken as it is.
      if (error instanceof RedisRefusal && /^(NOPERM|ERR unknown command)/.test(error.message)) return "";
      throw error;
    });
    const { refusal, warnings } = serverFacts(String(info));
    if (refusal !== "") throw new RedisUnfit(refusal);
    const { log, where } = this.#options;
    for (const warning of warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      log.warn(`of the session store: ${warning}`, { store: where });
    }
  }

  #found(wire: RedisWire): void {
    const { log, where, name } = this.#options;
    this.#wire = wire;
    this.#trouble = undefined;
    this.#said = "";
    this.#gauge(1);
    log.info("the session store is there", { store: where, connection: name });
    this.#changed();
  }

  #lost(error: Error): void {
    this.#wire = undefined;
    this.#awaySince = this.#clock.now();
    this.#gauge(0);
    this.#troubled(troubleOf(error));
  }

  #troubled(trouble: Trouble): void {
    this.#trouble = trouble;
    if (!this.#stop.signal.aborted) this.#say(trouble.text);
    this.#changed();
  }

  /** Once each, until it is there again. */
  #say(text: string): void {
    if (this.#said === text) return;
    this.#said = text;
    const { log, where, name } = this.#options;
    log.warn(`the session store ${text}`, { store: where, connection: name });
  }

  #changed(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers();
    resolve();
  }
}

const LATE_CALL = Symbol("late");

/** The server did nothing, for the time of the call was over. */
class TooLate extends Error {}

/** Resolves with the first of both; one of them is the caller's own, so that nothing is left behind. */
function whenEither(one: AbortSignal, other: AbortSignal): Promise<void> {
  return whenAborted(AbortSignal.any([one, other]));
}

function lateAt(reply: Reply): number | undefined {
  if (!Array.isArray(reply) || reply.length !== 2) return undefined;
  const [word, now] = reply.map((one) => one instanceof Uint8Array ? new TextDecoder().decode(one) : one);
  return word === LATE ? Number(now) : undefined;
}
