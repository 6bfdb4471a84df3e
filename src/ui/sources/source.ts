/** The contract of what feeds a board: one source for each section, or for several that come of the same. */
import type { CallerCluster, CallerCoders, McpCaller } from "../../caller/types.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import type { Board } from "../board.ts";
import type { Section } from "../types.ts";

/** Somebody who watches, and what is done with their rights: never with others. */
export interface Visitor {
  readonly caller: McpCaller;
  readonly cluster: CallerCluster;
  readonly coders: CallerCoders;
  /** Where they look, beside where Coders are that they may know of, if they may not look everywhere. @default none */
  readonly namespaces?: readonly string[] | undefined;
}

export interface SourceWorld {
  /** As they were let in last: their rights may be others by now. */
  visitor(): Visitor;
  readonly board: Board;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Source {
  readonly sections: readonly Section[];
  /** Feeds the board until the signal aborts. Never rejects: what goes wrong is told at the section. */
  run(world: SourceWorld): Promise<void>;
}

/** Waits, or less where it is woken. */
export class Rest {
  #wake: AbortController | undefined;
  #isWoken = false;

  /** Ends the wait that there is, or the next one. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.abort();
  }

  async wait(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
    if (!this.#isWoken) {
      const wake = this.#wake = new AbortController();
      await sleep(ms, AbortSignal.any([signal, wake.signal]), clock);
      this.#wake = undefined;
    }
    this.#isWoken = false;
  }
}
