/** What a caller sees of a process while it waits: output in pieces of some milliseconds, in a measure that clients bear. */
import type { TaskEvent } from "../link.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";

type Stream = "stdout" | "stderr";

/** Milliseconds in which output is gathered, and bytes of a stream that are told of them. */
export const GATHER_MS = 50;
export const MOST_TOLD = 16 * 1024;

/**
 * Tells output as it comes. Of a process that writes faster than {@linkcode MOST_TOLD} in {@linkcode GATHER_MS} the rest is
 * named and not told: the answer has it.
 */
export class OutputEvents {
  readonly #tell: (event: TaskEvent) => void;
  readonly #clock: Clock;
  readonly #streams = { stdout: new Gathered(), stderr: new Gathered() };
  #cancelTimer: (() => void) | undefined;
  #isOver = false;

  constructor(tell: (event: TaskEvent) => void, clock: Clock = systemClock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  add(stream: Stream, bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#streams[stream].add(bytes);
    this.#cancelTimer ??= this.#clock.setTimer(() => {
      this.#cancelTimer = undefined;
      this.flush();
    }, GATHER_MS);
  }

  /** Tells what was gathered. */
  flush(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const text = this.#streams[stream].take();
      if (text !== "") this.#tell({ kind: "output", stream, text });
    }
  }

  /** Tells the rest, and nothing more after that. */
  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.flush();
    this.#isOver = true;
  }
}

class Gathered {
  #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #text = "";
  #bytes = 0;
  #left = 0;

  add(bytes: Uint8Array): void {
    const room = Math.max(0, MOST_TOLD - this.#bytes);
    this.#bytes += Math.min(room, bytes.length);
    if (bytes.length <= room) {
      this.#text += this.#decoder.decode(bytes, { stream: true });
      return;
    }
    if (room > 0) this.#text += this.#decoder.decode(bytes.subarray(0, room));
    this.#decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    this.#left += bytes.length - room;
  }

  take(): string {
    const text = this.#left === 0
      ? this.#text
      : `${this.#text}\n[${this.#left} more bytes: see the answer]\n`;
    this.#text = "";
    this.#bytes = 0;
    this.#left = 0;
    return text;
  }
}
