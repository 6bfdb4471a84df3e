/** Events to one client, for as long as it listens. */
import type { AnswerHeaders, HttpCall } from "./http_call.ts";

/** No proxy ends a connection sooner that says something as often. */
const KEEP_ALIVE_MS = 15_000;
/** Who does not read what it is sent is let go of, in bytes. */
const MOST_UNREAD = 4 * 1024 * 1024;

/** Where one closing tick serves all streams of a server. */
export class KeepAlive {
  readonly #streams = new Set<EventStream>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly intervalMs: number = KEEP_ALIVE_MS) {}

  add(stream: EventStream): void {
    this.#streams.add(stream);
    this.#timer ??= setInterval(() => {
      for (const one of this.#streams) one.comment("keep-alive");
    }, this.intervalMs);
  }

  remove(stream: EventStream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

export class EventStream {
  #isOpen = true;
  readonly #keepAlive: KeepAlive;
  readonly #onEnd = new Set<() => void>();

  /** Begins to answer. */
  constructor(readonly call: HttpCall, keepAlive: KeepAlive, headers: AnswerHeaders = {}) {
    this.#keepAlive = keepAlive;
    call.response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
      ...headers,
      ...call.extraHeaders,
    });
    call.response.flushHeaders();
    call.response.once("close", () => this.#ended());
    keepAlive.add(this);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Runs when it has ended, whoever has ended it. */
  onEnd(run: () => void): void {
    if (this.#isOpen) this.#onEnd.add(run);
    else run();
  }

  /** What the client has not read yet, in bytes. */
  get unread(): number {
    return this.call.response.writableLength;
  }

  /** Runs once when more may be written without its being kept here, or when it has ended. */
  onceDrained(run: () => void): void {
    const { response } = this.call;
    if (!this.#isOpen || !response.writableNeedDrain) return void queueMicrotask(run);
    let isDone = false;
    const done = () => {
      if (isDone) return;
      isDone = true;
      response.off("drain", done);
      this.#onEnd.delete(done);
      run();
    };
    response.once("drain", done);
    this.#onEnd.add(done);
  }

  event(name: string, data: string): void {
    this.#write(`event: ${name}\ndata: ${data}\n\n`);
  }

  comment(text: string): void {
    this.#write(`: ${text}\n\n`);
  }

  #write(text: string): void {
    const { response } = this.call;
    if (!this.#isOpen || response.destroyed) return;
    if (response.writableLength > MOST_UNREAD) response.destroy();
    else response.write(text);
  }

  end(): void {
    if (!this.#isOpen) return;
    this.call.response.end();
    this.call.limitReading();
    this.#ended();
  }

  #ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#keepAlive.remove(this);
    for (const run of this.#onEnd) run();
  }
}
