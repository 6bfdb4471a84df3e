/** All watches that are open, so that they can be ended in order when the server shuts down. */
import type { KubeObject } from "../../../api/object.ts";
import type { Counter } from "../../../telemetry/metrics.ts";
import type { Gathering } from "./gathering.ts";
import { type WatchEnd, WatchStream, type WatchStreamOptions } from "./watch_stream.ts";

export interface OpenOptions<T extends KubeObject> extends Omit<WatchStreamOptions<T>, "onEnd" | "later"> {
  /** Called once the watch has begun. */
  readonly onBegun: () => void;
}

export class WatchRegistry {
  readonly #open = new Set<{ finish(): void }>();
  #isClosed = false;

  /**
   * @param ends counts how watches end, by `reason`
   * @param gathering what lets changes wait for each other; absent: they do not
   */
  constructor(private readonly ends: Counter, private readonly gathering?: Gathering) {}

  get size(): number {
    return this.#open.size;
  }

  /** Begins a watch. */
  open<T extends KubeObject>({ onBegun, ...options }: OpenOptions<T>): void {
    let hasEnded = false;
    // A watch may end while it begins: then there is none yet that could be forgotten.
    let forget = () => {};
    const stream = new WatchStream<T>({
      ...options,
      ...(this.gathering === undefined ? {} : { later: this.gathering.later }),
      onEnd: (how: WatchEnd) => {
        hasEnded = true;
        this.ends.inc({ reason: how });
        forget();
      },
    });
    onBegun();
    if (hasEnded) return;
    this.#open.add(stream);
    forget = () => void this.#open.delete(stream);
    if (this.#isClosed) stream.finish();
  }

  /** Something else that goes on, and has to end with the server. Returns the function that forgets it. */
  add(stream: { finish(): void }): () => void {
    this.#open.add(stream);
    if (this.#isClosed) stream.finish();
    return () => void this.#open.delete(stream);
  }

  /** Ends all, and whatever is opened from now on as soon as it has told its state. */
  finishAll(): void {
    this.#isClosed = true;
    for (const stream of [...this.#open]) stream.finish();
    this.gathering?.doAll();
  }
}
