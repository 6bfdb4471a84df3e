/** Questions about what is not known: each is asked once, however many want to know, and not again soon. */
import type { Clock } from "../../telemetry/clock.ts";
import { Flight } from "../flight.ts";

export interface AsksOptions {
  readonly clock: Clock;
  /** How long an answer is believed, failures included, in milliseconds. @default {5_000} */
  readonly rememberMs?: number;
  /** Questions a minute in the long run. @default {30} */
  readonly perMinute?: number;
  /** Questions that may be asked at once after a quiet time. @default {20} */
  readonly burst?: number;
}

/** What became of a question. */
export type Asked =
  | "answered"
  /** It was asked a moment ago. */
  | "remembered"
  /** Too many questions: this one was not asked. */
  | "spared";

interface Answer {
  /** Until when the question need not be asked again. */
  readonly until: number;
  readonly failure?: { readonly error: unknown };
}

const MOST_REMEMBERED = 4_096;

export class Asks {
  readonly #clock: Clock;
  readonly #rememberMs: number;
  readonly #perMs: number;
  readonly #burst: number;
  readonly #flights = new Map<string, Flight>();
  readonly #answered = new Map<string, Answer>();
  #left: number;
  #counted: number;

  constructor({ clock, rememberMs = 5_000, perMinute = 30, burst = 20 }: AsksOptions) {
    this.#clock = clock;
    this.#rememberMs = rememberMs;
    this.#perMs = perMinute / 60_000;
    this.#burst = burst;
    this.#left = burst;
    this.#counted = clock.now();
  }

  /**
   * Asks, unless that is not necessary or not possible now; look up what was learnt afterwards. Rejects with what `run`
   * throws, and with the reason of `signal`, which ends this wait alone.
   */
  async ask(
    question: string,
    run: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Asked> {
    const there = this.#flights.get(question);
    if (there !== undefined) {
      await there.join(signal);
      return "answered";
    }
    const answer = this.#answered.get(question);
    if (answer !== undefined && this.#clock.now() < answer.until) {
      if (answer.failure !== undefined) throw answer.failure.error;
      return "remembered";
    }
    if (!this.#take()) return "spared";
    const forget = (flight: Flight) => {
      if (this.#flights.get(question) === flight) this.#flights.delete(question);
    };
    const flight: Flight = new Flight(async (self, own) => {
      try {
        // Not before it is on record.
        await Promise.resolve();
        await run(own);
        this.#remember(question, {});
      } catch (error) {
        if (!own.aborted) this.#remember(question, { failure: { error } });
        throw error;
      } finally {
        forget(self);
      }
    }, () => forget(flight));
    this.#flights.set(question, flight);
    await flight.join(signal);
    return "answered";
  }

  #take(): boolean {
    const now = this.#clock.now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#counted) * this.#perMs);
    this.#counted = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  #remember(question: string, answer: Omit<Answer, "until">): void {
    const now = this.#clock.now();
    if (this.#answered.size >= MOST_REMEMBERED) {
      for (const [other, { until }] of this.#answered) if (until <= now) this.#answered.delete(other);
      if (this.#answered.size >= MOST_REMEMBERED) this.#answered.clear();
    }
    this.#answered.set(question, { ...answer, until: now + this.#rememberMs });
  }
}
