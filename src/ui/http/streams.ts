/** Streams to those who watch: who may have one, that they may go on having it, and how they end. */
import { refuse } from "../../mcp/http/answers.ts";
import type { HttpCall } from "../../mcp/http/http_call.ts";
import type { PageDoor } from "../../mcp/http/pages.ts";
import { EventStream, type KeepAlive } from "../../mcp/http/sse.ts";
import type { Visitor } from "../../mcp/surface.ts";
import { type Clock, sleep } from "../../telemetry/clock.ts";
import { STREAM_HEADERS } from "./headers.ts";
import type { Room } from "./room.ts";

export interface WatchStreamsOptions {
  readonly room: Room;
  readonly keepAlive: KeepAlive;
  readonly clock: Clock;
  /** How often it is looked whether somebody is still let in, in milliseconds. @default {60_000} */
  readonly readmitMs?: number;
}

/** One open stream. */
export interface OpenWatch {
  readonly stream: EventStream;
  /** Aborts when it has ended, whoever has ended it. */
  readonly signal: AbortSignal;
  /** Ends it with a last word. */
  end(message: string): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/** What admission may take, in milliseconds. */
const ADMIT_MS = 10_000;
/** How long somebody goes on watching while it cannot be found out who they are, in milliseconds. */
const UNSURE_MS = 300_000;

export class WatchStreams {
  readonly #options: WatchStreamsOptions;
  readonly #open = new Set<OpenWatch>();

  constructor(options: WatchStreamsOptions) {
    this.#options = options;
  }

  /** Takes a place, or answers that there is none. */
  place(call: HttpCall, { caller }: Visitor): (() => void) | undefined {
    const place = this.#options.room.take(caller.id);
    if (typeof place === "function") return place;
    const headers = { "retry-after": "10" };
    if (place === "caller") refuse(call, 429, "you have too many of these open: close some", { headers });
    else refuse(call, 503, "too many watch now: try again", { headers });
    return undefined;
  }

  /** Begins to answer. @param onAdmitted they were let in again */
  open(
    call: HttpCall,
    door: PageDoor,
    visitor: Visitor,
    onAdmitted: (visitor: Visitor) => void = () => {},
  ): OpenWatch {
    const stream = new EventStream(call, this.#options.keepAlive, STREAM_HEADERS);
    const abort = new AbortController();
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const open: OpenWatch = {
      stream,
      signal: abort.signal,
      ended,
      end(message) {
        if (!stream.isOpen) return;
        stream.event("end", JSON.stringify({ message }));
        stream.end();
      },
    };
    this.#open.add(open);
    stream.onEnd(() => {
      this.#open.delete(open);
      abort.abort();
      resolve();
    });
    void this.#readmit(open, door, visitor, onAdmitted);
    return open;
  }

  async #readmit(
    open: OpenWatch,
    door: PageDoor,
    visitor: Visitor,
    onAdmitted: (visitor: Visitor) => void,
  ): Promise<void> {
    const { clock, readmitMs = 60_000 } = this.#options;
    const { signal } = open;
    let sureAt = clock.now();
    for (;;) {
      await sleep(readmitMs, signal, clock);
      if (signal.aborted) return;
      const admission = await door.again(AbortSignal.any([signal, AbortSignal.timeout(ADMIT_MS)]))
        .catch(() => undefined);
      if (signal.aborted) return;
      if (admission !== undefined && "visitor" in admission) {
        sureAt = clock.now();
        // What is shown belongs to who they were, with the groups that they had.
        if (admission.visitor.caller.id !== visitor.caller.id) {
          return open.end("your rights are others by now: come again");
        }
        onAdmitted(admission.visitor);
      } else if (admission !== undefined && admission.refusal.status !== 503) {
        return open.end(`you are not let in any more: ${admission.refusal.message}`);
      } else if (clock.now() - sureAt >= UNSURE_MS) {
        return open.end("it cannot be found out any more who you are: try again later");
      }
    }
  }

  /** Ends all of them. */
  close(message: string): void {
    for (const open of [...this.#open]) open.end(message);
  }
}
