/** One watch on the wire: state, changes, bookmarks, and its end. */
import type { KubeObject } from "../../../api/object.ts";
import type { Clock } from "../../../telemetry/clock.ts";
import type { Form } from "../answer/accept.ts";
import { frameOf, type Writer } from "../answer/writer.ts";
import type { WatchOptions } from "../query/list_options.ts";
import type { Selects } from "../query/selection.ts";
import { internalError, StatusError } from "../status_errors.ts";
import type { Change, WatchHandle, WatchSource } from "../storage.ts";
import type { Outlet } from "./outlet.ts";
import { together } from "./together.ts";
import { tellingOf, type Told } from "./transition.ts";

/** Why a watch ended. */
export type WatchEnd =
  /** Its time was over, or the server shuts down. */
  | "over"
  /** The client went away. */
  | "gone"
  /** The client was too slow; what it has got is in order, and it can go on from there. */
  | "slow"
  /** The storage can tell no more. */
  | "source"
  /** The storage refused, which the client was told in an ERROR frame. */
  | "refused";

export interface WatchStreamOptions<T extends KubeObject> {
  readonly source: WatchSource<T>;
  readonly writer: Writer;
  readonly form: Form;
  readonly options: WatchOptions;
  /** Absent: everything. */
  readonly selects?: Selects<T> | undefined;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly limits: WatchLimits;
  /** @default {Math.random} */
  readonly random?: () => number;
  /** Called for every frame with an object. */
  readonly onEvent?: () => void;
  /** Called for what a storage did that it must not; the client gets an internal error. */
  readonly onMistake?: (error: unknown) => void;
  readonly onEnd: (end: WatchEnd) => void;
  /** Does something soon, and once, however often it is asked for until then. @default {at once} */
  readonly later?: (work: () => void) => void;
}

export interface WatchLimits {
  /** Without a wish of the client, watches end after this, and up to twice this, in milliseconds. @default {1_800_000} */
  readonly minWatchMs: number;
  /** About how often bookmarks are sent, in milliseconds. @default {60_000} */
  readonly bookmarkMs: number;
  /** Changes that wait for a slow client before it is given up. @default {1_000} */
  readonly maxPending: number;
  /** How long a client that was given up may take for what it has been sent, in milliseconds. @default {5_000} */
  readonly lingerMs: number;
  /** How long a change waits for others that come with it, in milliseconds; 0: not at all. @default {10} */
  readonly gatherMs: number;
}

export const WATCH_LIMITS: WatchLimits = {
  minWatchMs: 1_800_000,
  bookmarkMs: 60_000,
  maxPending: 1_000,
  lingerMs: 5_000,
  gatherMs: 10,
};

/** Objects of the state, or changes, that are written in one piece. */
const BATCH = 64;
/** Tells clients that the state is complete. */
const INITIAL_EVENTS_END = { "k8s.io/initial-events-end": "true" } as const;

type Pending<T> = Told<T> | {
  readonly type: "BOOKMARK";
  readonly version: string;
  readonly endsState: boolean;
};

/** Starts with its construction; the outlet's answer must have begun. */
export class WatchStream<T extends KubeObject> {
  readonly #options: WatchStreamOptions<T>;
  #handle: WatchHandle<T> | undefined;
  /** Of the state, what has not been written yet. */
  #state: readonly T[] = [];
  #nextOfState = 0;
  #pending: Pending<T>[] = [];
  #maxPending = 0;
  #isBlocked = false;
  #isFirst = true;
  #isEnded = false;
  #cancelEnd = () => {};
  #cancelBookmark = () => {};

  constructor(options: WatchStreamOptions<T>) {
    this.#options = options;
    const { outlet } = options;
    outlet.onDrain(() => {
      this.#isBlocked = false;
      this.#flush();
    });
    outlet.onClose(() => this.#end("gone"));
    this.#open();
  }

  /** Ends it in order, as when its time is over. */
  finish(): void {
    if (this.#isEnded) return;
    // Clients go on from here, however long nothing had happened.
    this.#bookmark(false);
    this.#flush();
    this.#close("over");
  }

  #open(): void {
    const { source, options, selects, clock, limits, random = Math.random } = this.#options;
    try {
      const handle = this.#handle = source.open({
        change: (change) => this.#take(change),
        ended: (error) => this.#sourceEnded(error),
      });
      this.#state = selects === undefined ? handle.state : handle.state.filter(selects);
      this.#pending = handle.changes.flatMap((change) => tellingOf(change, selects) ?? []);
    } catch (error) {
      return this.#refuse(error);
    }
    // What it has to tell at the beginning is not the client's slowness.
    this.#maxPending = limits.maxPending + this.#pending.length;
    if (options.markInitialEnd) this.#bookmark(true);
    const lastsMs = options.timeoutSeconds === undefined
      ? limits.minWatchMs * (1 + random())
      : options.timeoutSeconds * 1_000;
    this.#cancelEnd = clock.setTimer(() => this.finish(), lastsMs);
    if (options.allowBookmarks) this.#scheduleBookmark();
    this.#flush();
  }

  #scheduleBookmark(): void {
    const { clock, limits, random = Math.random } = this.#options;
    // Spread, so that a thousand watches that began together are not written to at once.
    this.#cancelBookmark = clock.setTimer(() => {
      this.#bookmark(false);
      this.#flush();
      if (!this.#isEnded) this.#scheduleBookmark();
    }, limits.bookmarkMs * (0.75 + random() / 2));
  }

  #bookmark(endsState: boolean): void {
    if (!this.#options.options.allowBookmarks || this.#handle === undefined) return;
    this.#pending.push({ type: "BOOKMARK", version: this.#handle.currentVersion(), endsState });
  }

  #take(change: Change<T>): void {
    if (this.#isEnded) return;
    let told: Told<T> | undefined;
    try {
      told = tellingOf(change, this.#options.selects);
    } catch (error) {
      return this.#refuse(error);
    }
    if (told === undefined) return;
    const waiting = this.#pending.push(told);
    const { later } = this.#options;
    if (later === undefined || waiting >= BATCH) this.#flush();
    else later(this.#flushLate);
    if (this.#pending.length > this.#maxPending) this.#close("slow");
  }

  #sourceEnded(error: StatusError | undefined): void {
    if (error !== undefined) return this.#refuse(error);
    this.#flush();
    this.#close("source");
  }

  /** Tells the client in a frame: the answer has begun, and its code cannot be changed. */
  #refuse(error: unknown): void {
    if (this.#isEnded) return;
    if (!(error instanceof StatusError)) this.#options.onMistake?.(error);
    const { status } = error instanceof StatusError ? error : internalError();
    this.#options.outlet.write(frameOf("ERROR", JSON.stringify(status)));
    this.#close("refused");
  }

  /** The same function each time: asking for it again changes nothing. */
  readonly #flushLate = (): void => this.#flush();

  #flush(): void {
    while (!this.#isEnded && !this.#isBlocked) {
      let piece: Uint8Array | undefined;
      try {
        piece = this.#nextPiece();
      } catch (error) {
        return this.#refuse(error);
      }
      if (piece === undefined) return;
      this.#isFirst = false;
      this.#isBlocked = !this.#options.outlet.write(piece);
    }
  }

  #nextPiece(): Uint8Array | undefined {
    const { writer, form, onEvent } = this.#options;
    if (this.#nextOfState < this.#state.length) {
      const batch = this.#state.slice(this.#nextOfState, this.#nextOfState += BATCH);
      for (const _ of batch) onEvent?.();
      return writer.state(batch, form, this.#isFirst);
    }
    // Nothing of it is needed any more, and a watch may last an hour.
    this.#state = [];
    this.#nextOfState = 0;
    const frames: Uint8Array[] = [];
    while (this.#pending.length > 0 && frames.length < BATCH) {
      try {
        frames.push(this.#frameOf(this.#pending[0]!, this.#isFirst && frames.length === 0));
      } catch (error) {
        if (frames.length === 0) throw error;
        // What came before is told first.
        break;
      }
      this.#pending.shift();
    }
    return frames.length === 0 ? undefined : together(frames);
  }

  #frameOf(next: Pending<T>, isFirst: boolean): Uint8Array {
    const { writer, form, onEvent } = this.#options;
    if (next.type === "BOOKMARK") {
      const annotations = next.endsState ? INITIAL_EVENTS_END : undefined;
      return writer.bookmark(next.version, form, isFirst, annotations);
    }
    const frame = writer.frame(next.type, next.object, form, isFirst);
    onEvent?.();
    return frame;
  }

  #close(end: WatchEnd): void {
    if (this.#isEnded) return;
    const { outlet, clock, limits } = this.#options;
    this.#end(end);
    outlet.end();
    // Who does not read would keep its connection, and what is buffered for it, for ever.
    const cancel = clock.setTimer(() => outlet.destroy(), limits.lingerMs);
    outlet.onClose(cancel);
  }

  #end(end: WatchEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelEnd();
    this.#cancelBookmark();
    this.#handle?.close();
    this.#pending = [];
    this.#state = [];
    this.#options.onEnd(end);
  }
}
