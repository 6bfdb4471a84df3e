/** What this replica holds for sessions: nothing that another would need. */
import type { Clock } from "../../telemetry/clock.ts";
import type { Gauge } from "../../telemetry/metrics.ts";
import type { SigningKeys } from "../protocol/signed.ts";
import { callerHash, readSession, type SessionFacts, sessionHash } from "./session_token.ts";

/** After which time without a request what is held is let go of, in milliseconds. */
export const IDLE_MS = 15 * 60 * 1_000;
/** Sessions that are remembered; those beyond are read anew from their tokens. */
const MOST_SESSIONS = 20_000;

export interface Session {
  /** For the record. */
  readonly id: string;
  readonly token: string;
  readonly facts: SessionFacts;
  /** Streams that GET has opened. */
  readonly streams: Set<{ end(): void }>;
  /** Calls in hand by the ids that the client gave them. */
  readonly calls: Map<string | number, { cancel(reason: string | undefined): void }>;
  /** Questions that wait for an answer, by the ids that we gave them. */
  readonly questions: Map<string, (message: unknown) => void>;
  logLevel: string | undefined;
  /** Of the last request, in milliseconds of the clock. */
  usedAt: number;
  /** Known once it was compared with the token's hash. */
  callerId: string | undefined;
}

export interface SessionsOptions {
  readonly keys: SigningKeys;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  now(): number;
  readonly gauge: Gauge;
  /** @default {IDLE_MS} */
  readonly idleMs?: number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #idleMs: number;
  readonly #known = new Map<string, Session>();
  /** Ended by their clients, with when they would have ended anyhow. */
  readonly #ended = new Map<string, number>();
  #keys: readonly Uint8Array[] | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  get size(): number {
    return this.#known.size;
  }

  /** The session of a token; undefined where it is none, too old, ended, or another caller's. */
  find(token: string, callerId: string): Session | undefined {
    const session = this.#lookUp(token);
    if (session === undefined) return undefined;
    if (session.callerId !== callerId) {
      if (session.facts.caller !== callerHash(callerId)) return undefined;
      session.callerId = callerId;
    }
    session.usedAt = this.#options.clock.now();
    return session;
  }

  #lookUp(token: string): Session | undefined {
    const { keys, now, clock } = this.#options;
    const { all } = keys();
    // A key that was taken away counts for nothing at once, also for what is remembered.
    if (this.#keys === undefined || !isSame(all, this.#keys)) {
      this.#keys = all;
      for (const one of [...this.#known.keys()]) {
        if (readSession(one, keys, now()) === undefined) this.#forget(one);
      }
    }
    const known = this.#known.get(token);
    if (known !== undefined) {
      if (known.facts.expiresAt > now()) return known;
      this.#forget(token);
      return undefined;
    }
    if (this.#ended.has(token)) return undefined;
    const facts = readSession(token, keys, now());
    if (facts === undefined) return undefined;
    const session: Session = {
      id: sessionHash(token),
      token,
      facts,
      streams: new Set(),
      calls: new Map(),
      questions: new Map(),
      logLevel: undefined,
      usedAt: clock.now(),
      callerId: undefined,
    };
    if (this.#known.size >= MOST_SESSIONS) this.#forgetQuiet();
    this.#known.set(token, session);
    this.#changed();
    this.#cancelSweep ??= clock.setTimer(() => this.#sweep(), this.#idleMs / 15);
    return session;
  }

  /** Its client says that it is over: its streams end, and this replica takes it no more. */
  end({ token, facts }: Session): void {
    this.#forget(token);
    this.#ended.set(token, facts.expiresAt);
    for (const [one, expiresAt] of this.#ended) {
      if (this.#ended.size <= MOST_SESSIONS && expiresAt > this.#options.now()) break;
      this.#ended.delete(one);
    }
  }

  /** Lets go of everything. */
  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const token of [...this.#known.keys()]) this.#forget(token);
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const { clock } = this.#options;
    const before = clock.now() - this.#idleMs;
    for (const [token, { usedAt, calls }] of this.#known) {
      if (usedAt <= before && calls.size === 0) this.#forget(token);
    }
    if (this.#known.size > 0) this.#cancelSweep = clock.setTimer(() => this.#sweep(), this.#idleMs / 15);
  }

  #forgetQuiet(): void {
    for (const [token, { calls, streams }] of this.#known) {
      if (calls.size > 0 || streams.size > 0) continue;
      this.#forget(token);
      return;
    }
  }

  #forget(token: string): void {
    const session = this.#known.get(token);
    if (session === undefined) return;
    this.#known.delete(token);
    for (const stream of [...session.streams]) stream.end();
    this.#changed();
  }

  #changed(): void {
    this.#options.gauge.set({}, this.#known.size);
  }
}

function isSame(left: readonly Uint8Array[], right: readonly Uint8Array[]): boolean {
  return left.length === right.length &&
    left.every((key, at) => key === right[at] || isEqual(key, right[at]!));
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}
