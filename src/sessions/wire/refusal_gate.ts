/** Who was refused often must wait, so that nobody tries out what others have; who is let in never does. */
import type { Clock } from "../../telemetry/clock.ts";

export interface RefusalGateOptions {
  /** Refusals of one peer in a row of time. @default 120 */
  readonly most?: number;
  /** That time, in milliseconds. @default 60_000 */
  readonly perMs?: number;
  readonly clock: Pick<Clock, "now">;
}

/** Peers that are remembered; of more, those whose time began first are forgotten. */
const MOST_PEERS = 10_000;

export class RefusalGate {
  readonly #most: number;
  readonly #perMs: number;
  readonly #clock: Pick<Clock, "now">;
  readonly #peers = new Map<string, { refusals: number; readonly since: number }>();

  constructor({ most = 120, perMs = 60_000, clock }: RefusalGateOptions) {
    this.#most = most;
    this.#perMs = perMs;
    this.#clock = clock;
  }

  /** Peers that are remembered now. */
  get size(): number {
    return this.#peers.size;
  }

  /** How long the peer must wait, in milliseconds; 0: it need not. */
  waitMs(peer: string): number {
    const known = this.#peers.get(peer);
    if (known === undefined) return 0;
    const left = known.since + this.#perMs - this.#clock.now();
    if (left > 0) return known.refusals >= this.#most ? left : 0;
    this.#peers.delete(peer);
    return 0;
  }

  refused(peer: string): void {
    const known = this.waitMs(peer) === 0 ? this.#peers.get(peer) : undefined;
    if (known !== undefined) return void known.refusals++;
    if (this.#peers.has(peer)) return;
    this.#peers.set(peer, { refusals: 1, since: this.#clock.now() });
    if (this.#peers.size <= MOST_PEERS) return;
    const [first] = this.#peers.keys();
    if (first !== undefined) this.#peers.delete(first);
  }
}
