/** Callers' tokens are secrets of the log while they are in use, and are forgotten after. */
import type { Redactor } from "../../telemetry/redactor.ts";

export interface TokenMaskOptions {
  readonly redactor: Pick<Redactor, "add">;
  /** How long after its last use a token is known, in milliseconds. @default {120_000} */
  readonly keepMs?: number;
  /** Tokens that are known at a time; of more, those that were not used for longest are forgotten. @default {1_024} */
  readonly max?: number;
  /** Milliseconds of any clock that does not go back. @default {performance.now} */
  readonly now?: () => number;
}

interface Known {
  readonly forget: () => void;
  until: number;
}

/** Costs a look into a map for a token that is known. */
export class TokenMask {
  /** In the order of last use. */
  readonly #known = new Map<string, Known>();
  readonly #redactor: Pick<Redactor, "add">;
  readonly #keepMs: number;
  readonly #max: number;
  readonly #now: () => number;

  constructor({ redactor, keepMs = 120_000, max = 1_024, now = () => performance.now() }: TokenMaskOptions) {
    this.#redactor = redactor;
    this.#keepMs = keepMs;
    this.#max = max;
    this.#now = now;
  }

  /** Tokens that are known now. */
  get size(): number {
    return this.#known.size;
  }

  /** A token is in use. */
  use(token: string): void {
    const now = this.#now();
    const known = this.#known.get(token) ?? { forget: this.#redactor.add(token), until: 0 };
    known.until = now + this.#keepMs;
    this.#known.delete(token);
    this.#known.set(token, known);
    for (const [oldest, { until }] of this.#known) {
      if (until > now && this.#known.size <= this.#max) break;
      this.#forget(oldest);
    }
  }

  /** Forgets all. */
  clear(): void {
    for (const token of [...this.#known.keys()]) this.#forget(token);
  }

  #forget(token: string): void {
    this.#known.get(token)?.forget();
    this.#known.delete(token);
  }
}
