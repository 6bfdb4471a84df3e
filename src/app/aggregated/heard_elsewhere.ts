/**
 * What other replicas have done, as what is kept of objects tells: Coder is asked about such an object soon, and not only
 * when the next list comes. What was done here is known already.
 */
import { type Clock, sleep, systemClock } from "../../telemetry/clock.ts";
import type { ShadowKind } from "../../shadow/mod.ts";

/** What is kept of an object, and what the copy has. */
export interface Heard {
  /** Of what is kept; undefined where nothing is. Grows with what users ask for. */
  readonly generation: number | undefined;
  /** Whether the copy has the object; undefined where it was never listed. */
  readonly isKnown: boolean | undefined;
}

export interface HeardElsewhereOptions {
  /** Looks at an object, and enters it into the copy, or that it is gone. Rejects where Coder does not answer. */
  readonly look: (owner: string, kind: ShadowKind, id: string, signal: AbortSignal) => Promise<void>;
  readonly clock?: Clock;
}

/** Whoever has done something here knows what came of it by then, in milliseconds. */
export const PATIENCE_MS = 500;
/** Objects that wait to be looked at; lists find the others. */
const MOST_WAITING = 500;

/** See the file's head. */
export class HeardElsewhere {
  readonly #options: HeardElsewhereOptions;
  readonly #generations = new Map<string, number>();
  /** By object; gone from it where the copy has heard of it itself. */
  readonly #waiting = new Map<string, { readonly kind: ShadowKind; readonly id: string }>();
  /** By owner: one after the other. */
  readonly #looking = new Map<string, Promise<void>>();

  constructor(options: HeardElsewhereOptions) {
    this.#options = options;
  }

  /** What is kept of an object is another thing now. Without `signal` nothing runs yet, or any more. */
  heard(
    owner: string,
    kind: ShadowKind,
    id: string,
    { generation, isKnown }: Heard,
    signal: AbortSignal | undefined,
  ): void {
    const key = keyOf(owner, kind, id);
    const before = this.#generations.get(key);
    if (generation === undefined) this.#generations.delete(key);
    else this.#generations.set(key, generation);
    // The first list has it all.
    if (signal === undefined || signal.aborted || isKnown === undefined) return;
    const isNew = generation !== undefined && !isKnown;
    const isGone = generation === undefined && before !== undefined && isKnown;
    const isChanged = generation !== undefined && before !== undefined && generation > before;
    if (!isNew && !isGone && !isChanged) return;
    if (this.#waiting.has(key) || this.#waiting.size >= MOST_WAITING) return;
    const waiting = { kind, id };
    this.#waiting.set(key, waiting);
    void this.#later(owner, key, waiting, signal);
  }

  /** The copy has heard of it, from Coder or from what was done here. */
  known(owner: string, kind: ShadowKind, id: string): void {
    this.#waiting.delete(keyOf(owner, kind, id));
  }

  /** Nothing of this Coder is shown any more. */
  forget(owner: string): void {
    for (const map of [this.#generations, this.#waiting]) {
      for (const key of map.keys()) if (key.startsWith(`${owner} `)) map.delete(key);
    }
    this.#looking.delete(owner);
  }

  async #later(
    owner: string,
    key: string,
    waiting: { readonly kind: ShadowKind; readonly id: string },
    signal: AbortSignal,
  ): Promise<void> {
    await sleep(PATIENCE_MS, signal, this.#options.clock ?? systemClock);
    const turn = (this.#looking.get(owner) ?? Promise.resolve()).then(async () => {
      if (signal.aborted || this.#waiting.get(key) !== waiting) return;
      this.#waiting.delete(key);
      // A Coder that does not answer is listed when it does.
      await this.#options.look(owner, waiting.kind, waiting.id, signal).catch(() => {});
    });
    this.#looking.set(owner, turn);
    await turn;
  }
}

function keyOf(owner: string, kind: ShadowKind, id: string): string {
  return `${owner} ${kind} ${id}`;
}
