/** Which user of Coder has an e-mail address: asked seldom, and remembered. */
import type { CoderClient } from "../../coder/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { Flight } from "../flight.ts";

export interface OwnersOptions {
  readonly clock: Clock;
  /** How long a user is believed to have an address, in milliseconds. @default {300_000} */
  readonly foundMs?: number;
  /** How long nobody is believed to have it, and how long a failure is remembered, in milliseconds. @default {30_000} */
  readonly absentMs?: number;
}

interface Known {
  /** Undefined: nobody has it. */
  readonly id: string | undefined;
  readonly until: number;
}

/** More users of one address than that there are none: the search is by parts of names, too. */
const MOST_MATCHES = 100;
const MOST_KNOWN = 8_192;

/** See the file's head. */
export class Owners {
  readonly #clock: Clock;
  readonly #foundMs: number;
  readonly #absentMs: number;
  readonly #known = new Map<string, Known>();
  readonly #failures = new Map<string, { readonly error: unknown; readonly until: number }>();
  readonly #flights = new Map<string, Flight>();

  constructor({ clock, foundMs = 300_000, absentMs = 30_000 }: OwnersOptions) {
    this.#clock = clock;
    this.#foundMs = foundMs;
    this.#absentMs = absentMs;
  }

  /**
   * The id of the user with this address, which is in lower case as far as ASCII goes; undefined where there is none. Rejects with what went
   * wrong where nothing was ever learnt, and with the reason of `signal`, which ends this wait alone.
   */
  async find(
    email: string,
    ask: (signal: AbortSignal) => Promise<Pick<CoderClient["users"], "list">>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const now = this.#clock.now();
    const known = this.#known.get(email);
    if (known !== undefined && now < known.until) return known.id;
    const failure = this.#failures.get(email);
    if (failure === undefined || now >= failure.until) {
      try {
        await this.#flight(email, ask, timeoutMs).join(signal);
        return this.#known.get(email)?.id;
      } catch (error) {
        signal.throwIfAborted();
        if (known === undefined) throw error;
      }
    } else if (known === undefined) throw failure.error;
    // Whose address it was is the best that is known while Coder does not answer.
    return known?.id;
  }

  #flight(
    email: string,
    ask: (signal: AbortSignal) => Promise<Pick<CoderClient["users"], "list">>,
    timeoutMs: number,
  ): Flight {
    const there = this.#flights.get(email);
    if (there !== undefined) return there;
    const forget = (flight: Flight) => {
      if (this.#flights.get(email) === flight) this.#flights.delete(email);
    };
    const flight: Flight = new Flight(async (self, signal) => {
      try {
        // Not before it is on record.
        await Promise.resolve();
        const users = await ask(signal);
        const page = await users.list({ q: email, limit: MOST_MATCHES }, { signal, timeoutMs });
        const user = page.users.find((one) => lowerCase(one.email) === email && one.status !== "suspended");
        this.#remember(this.#known, email, {
          id: user?.id,
          until: this.#clock.now() + (user === undefined ? this.#absentMs : this.#foundMs),
        });
        this.#failures.delete(email);
      } catch (error) {
        const until = this.#clock.now() + this.#absentMs;
        if (!signal.aborted) this.#remember(this.#failures, email, { error, until });
        throw error;
      } finally {
        forget(self);
      }
    }, () => forget(flight));
    this.#flights.set(email, flight);
    return flight;
  }

  /** Whoever asks for ever new addresses does not fill the memory. */
  #remember<T>(map: Map<string, T>, email: string, value: T): void {
    map.delete(email);
    map.set(email, value);
    const [oldest] = map.keys();
    if (map.size > MOST_KNOWN && oldest !== undefined) map.delete(oldest);
  }
}

/** Of ASCII alone: letters of other scripts that become ASCII by it are others. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
