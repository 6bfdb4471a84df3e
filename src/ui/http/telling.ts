/** Tells one client what its watcher has for it, at the pace at which it reads. */
import type { Clock } from "../../telemetry/clock.ts";
import { eventData, type Watcher } from "../watcher.ts";

/** The stream to the client. */
export interface Teller {
  readonly isOpen: boolean;
  /** Bytes that it has not read. */
  readonly unread: number;
  event(name: string, data: string): void;
  /** Runs once it has read all, or has gone. */
  onceDrained(run: () => void): void;
}

export interface TellingOptions {
  readonly stream: Teller;
  readonly watcher: Pick<Watcher, "next">;
  readonly clock: Clock;
  /** It has read nothing for too long. */
  readonly onStalled: () => void;
  /** How long a change waits for others that come with it, in milliseconds. @default {50} */
  readonly gatherMs?: number;
  /** How long it may read nothing, in milliseconds. @default {60_000} */
  readonly stalledMs?: number;
  /** What may be on its way to it, in bytes. @default {262_144} */
  readonly mostUnread?: number;
}

/** What may be on its way to a client, in bytes, and how long it may read nothing, in milliseconds. */
export const MOST_UNREAD = 262_144;
const STALLED_MS = 60_000;

/** Whether a client has read what it was sent, within a while. */
export async function whenRead(
  stream: Pick<Teller, "onceDrained">,
  clock: Clock,
  stalledMs = STALLED_MS,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.setTimer(() => resolve(false), stalledMs);
  stream.onceDrained(() => resolve(true));
  try {
    return await promise;
  } finally {
    cancel();
  }
}

/** Pieces that are written before others get their turn. */
const PIECES = 4;

export class Telling {
  readonly #options: TellingOptions;
  #cancel = () => {};
  #isOver = false;

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  /** Tells what there is; then whenever there is news. */
  start(): void {
    this.#pump();
  }

  /** The watcher has something again. */
  news(): void {
    this.#later(this.#options.gatherMs ?? 50);
  }

  end(): void {
    this.#isOver = true;
    this.#cancel();
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.setTimer(() => this.#pump(), ms);
  }

  #pump(): void {
    const { stream, watcher, mostUnread = MOST_UNREAD } = this.#options;
    for (let piece = 0; piece < PIECES; piece++) {
      if (this.#isOver || !stream.isOpen) return;
      if (stream.unread > mostUnread) return this.#waitForReader();
      const event = watcher.next();
      if (event === undefined) return;
      stream.event(event.kind, eventData(event));
    }
    this.#later(0);
  }

  #waitForReader(): void {
    const { stream, clock, stalledMs = STALLED_MS, onStalled } = this.#options;
    let isStalled = false;
    this.#cancel();
    const cancel = this.#cancel = clock.setTimer(() => {
      isStalled = true;
      if (!this.#isOver) onStalled();
    }, stalledMs);
    stream.onceDrained(() => {
      cancel();
      if (!isStalled) this.#pump();
    });
  }
}
