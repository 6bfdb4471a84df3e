/** One list of one deployment, seen with one credential: asked for once, given to many. */
import { CoderError } from "../coder/mod.ts";
import { changedNames, type Fingerprints } from "./fingerprints.ts";
import { Flight } from "./flight.ts";
import { failureOf, heldMs, type Trouble, troubleAfter } from "./trouble.ts";
import type { Turns } from "./turns.ts";
import type { Answer, ListClient, Pace, PacedAsk, Taken } from "./types.ts";

/** What became of a request. */
export type Outcome = "listed" | "failed" | "abandoned";

/** What all lists share. */
export interface ListTimes {
  /** Milliseconds since some fixed moment; never goes back. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly wallTime: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly requestTimeoutMs: number;
  readonly verifyEveryMs: number;
  readonly workEveryMs: number;
  /** Between two requests for the same list, where changes ask for new ones. */
  readonly freshGapMs: number;
}

export interface SharedListOptions<T> {
  readonly times: ListTimes;
  /** Those of the deployment. */
  readonly turns: Turns<object>;
  /** @default the ask's */
  readonly pace: Pace;
  fetch(client: ListClient, options: { signal: AbortSignal; timeoutMs: number }): Promise<T>;
  /** What matters of each item, by name. */
  fingerprints(content: T): Fingerprints;
  /** The list says something else than the one before it. */
  onChange(changed: ReadonlySet<string>): void;
  onOutcome(outcome: Outcome): void;
}

interface Listed<T> {
  readonly content: T & Taken;
  /** By the clock. */
  readonly sentAt: number;
  readonly fingerprints: Fingerprints;
}

interface Need {
  /** By the clock: what is sent from then on is never too old. */
  readonly since: number;
  readonly maxAgeMs: number;
  readonly newerThan: number;
  readonly pace: Pace;
}

/** The wall clock and the other one may differ by so much before it counts as set back, in milliseconds. */
const CLOCK_STEP_MS = 1_000;

/** See the file's head. */
export class SharedList<T extends object> {
  readonly #options: SharedListOptions<T>;
  #latest: Listed<T> | undefined;
  #trouble: Trouble | undefined;
  #flight: Flight | undefined;
  #lastSent = -Infinity;
  /** By the clock. */
  usedAt: number;

  constructor(options: SharedListOptions<T>) {
    this.#options = options;
    this.usedAt = options.times.now();
  }

  /** Rejects only with the reason of the ask's signal, or on programming errors. */
  async ask(client: ListClient, ask: PacedAsk): Promise<Answer<T & Taken>> {
    ask.signal.throwIfAborted();
    const { times, pace: usual } = this.#options;
    this.usedAt = times.now();
    const { pace = usual } = ask;
    const need: Need = {
      since: this.usedAt,
      pace,
      maxAgeMs: ask.maxAgeMs ?? (pace === "work" ? times.workEveryMs : times.verifyEveryMs),
      // A time to come is of a clock that was set back.
      newerThan: Math.min(ask.newerThan ?? -Infinity, times.wallTime()),
    };
    // Twice: the request in flight may have been sent too early for this ask.
    for (let round = 0; round < 2 && !this.#meets(need); round++) {
      if (this.#flight === undefined) {
        if (this.#waitMs(need) > 0) break;
        this.#send(client, need);
      }
      await this.#flight?.join(ask.signal);
    }
    return this.#answer(need);
  }

  #meets({ since, maxAgeMs, newerThan }: Need): boolean {
    if (this.#latest === undefined || this.#takenAt(this.#latest) <= newerThan) return false;
    const { sentAt } = this.#latest;
    return sentAt >= since || this.#options.times.now() - sentAt < maxAgeMs;
  }

  /** Where the wall clock was set back since, a list must not seem to be of a time to come. */
  #takenAt({ content: { takenAt }, sentAt }: Listed<T>): number {
    const { times } = this.#options;
    const byAge = times.wallTime() - (times.now() - sentAt);
    return byAge < takenAt - CLOCK_STEP_MS ? Math.floor(byAge) : takenAt;
  }

  /** How long this need has to wait before it may send a request. */
  #waitMs({ newerThan, pace }: Need): number {
    const { times, turns } = this.#options;
    const now = times.now();
    const sinceSent = now - this.#lastSent;
    const held = heldMs(this.#trouble, now, newerThan);
    if (held > 0) return held;
    if (this.#isOlder(newerThan)) return Math.max(0, times.freshGapMs - sinceSent);
    // The first one, and what was held for its failure, do not wait for their turn.
    if (this.#latest === undefined || this.#trouble !== undefined) return 0;
    if (pace === "work") return Math.max(0, times.workEveryMs - sinceSent);
    return turns.waitMs(this, now);
  }

  /** There is a list, and it was sent before something was changed. */
  #isOlder(newerThan: number): boolean {
    return this.#latest !== undefined && this.#takenAt(this.#latest) <= newerThan;
  }

  #send(client: ListClient, { newerThan, pace }: Need): void {
    const { times, turns } = this.#options;
    const sentAt = this.#lastSent = times.now();
    const takenAt = times.wallTime();
    // Lists that changes ask for come on top: many changes must not take the turns of others.
    turns.take(this, sentAt, pace === "verification" && !this.#isOlder(newerThan));
    this.#flight = new Flight(
      (flight, signal) => this.#fetch(client, { flight, signal, takenAt, sentAt }),
      () => {
        this.#flight = undefined;
        this.#options.onOutcome("abandoned");
      },
    );
  }

  async #fetch(
    client: ListClient,
    { flight, signal, takenAt, sentAt }: {
      flight: Flight;
      signal: AbortSignal;
      takenAt: number;
      sentAt: number;
    },
  ): Promise<void> {
    const { times, onOutcome } = this.#options;
    try {
      const content = await this.#options.fetch(client, { signal, timeoutMs: times.requestTimeoutMs });
      if (this.#flight !== flight) return;
      this.#arrived({ ...content, takenAt }, sentAt);
      onOutcome("listed");
    } catch (error) {
      if (this.#flight !== flight) return;
      if (!(error instanceof CoderError)) throw error;
      this.#trouble = troubleAfter(error, {
        before: this.#trouble,
        now: times.now(),
        takenAt,
        random: times.random(),
      });
      onOutcome("failed");
    } finally {
      if (this.#flight === flight) this.#flight = undefined;
    }
  }

  #arrived(content: T & Taken, sentAt: number): void {
    const before = this.#latest?.fingerprints;
    const fingerprints = this.#options.fingerprints(content);
    this.#latest = { content, sentAt, fingerprints };
    this.#trouble = undefined;
    // Whoever has asked before waits for the first one, or was told when to come back.
    const changed = before === undefined ? new Set<string>() : changedNames(before, fingerprints);
    if (changed.size > 0) this.#options.onChange(changed);
  }

  #answer(need: Need): Answer<T & Taken> {
    const { times } = this.#options;
    const now = times.now();
    const latest = this.#latest && { ...this.#latest.content, takenAt: this.#takenAt(this.#latest) };
    if (this.#latest !== undefined && this.#meets(need)) {
      const left = Math.ceil(this.#latest.sentAt + need.maxAgeMs - now);
      return { latest, isNewEnough: true, lookAgainMs: Math.max(left, times.freshGapMs) };
    }
    const wait = Math.ceil(this.#waitMs(need));
    return {
      latest,
      isNewEnough: false,
      ...this.#trouble !== undefined && { failure: failureOf(this.#trouble, now) },
      lookAgainMs: wait > 0 ? wait : times.freshGapMs,
    };
  }
}
