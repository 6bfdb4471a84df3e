/** One open watch of the server in memory. For tests alone. */
import type { KubeObject } from "../../api/object.ts";
import type { WatchEvent } from "../client.ts";

/** Lines that were sent wait here until they are read. */
export class FakeWatch implements AsyncIterable<WatchEvent<KubeObject>> {
  readonly #queue: WatchEvent<KubeObject>[] = [];
  #end: { error: unknown } | "closed" | undefined;
  #wake = () => {};
  /** Lines no longer come through, and neither does the end, nor an abort: a connection that is dead. */
  frozen = false;

  constructor(
    signal: AbortSignal | undefined,
    private readonly onEnd: () => void,
    private readonly copy: (object: KubeObject) => KubeObject,
  ) {
    signal?.addEventListener("abort", () => this.cut(signal.reason), { once: true });
  }

  send(event: WatchEvent<KubeObject>): void {
    if (this.#end !== undefined) return;
    const copied = event.type === "ERROR" || event.type === "BOOKMARK"
      ? structuredClone(event)
      : { ...event, object: this.copy(event.object) };
    this.#queue.push(copied);
    this.#wake();
  }

  /** The server closes the watch as it should. */
  close(): void {
    this.#finish("closed");
  }

  /** The connection breaks. */
  cut(error: unknown = new Error("connection reset")): void {
    this.#finish({ error });
  }

  /** An `ERROR` line, then the end. */
  error(status: unknown): void {
    this.send({ type: "ERROR", object: status });
    this.close();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<KubeObject>> {
    for (;;) {
      while (this.#queue.length > 0 && !this.frozen) yield this.#queue.shift()!;
      if (this.#end !== undefined && !this.frozen) {
        if (this.#end === "closed") return;
        throw this.#end.error;
      }
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #finish(end: { error: unknown } | "closed"): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.onEnd();
    this.#wake();
  }
}
