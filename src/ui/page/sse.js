/** Server-sent events out of the bytes of a `fetch`: `EventSource` cannot say who is asking. */

/** An event of more characters is nobody's. */
export const MAX_EVENT = 16 * 2 ** 20;

/**
 * @typedef {object} SseEvent
 * @property {string} event `message` where none is said
 * @property {string} data
 */

/** A stream that is none, or would fill the memory. */
export class SseError extends Error {
  /** @override */
  name = "SseError";
}

/** Reads pieces of any size, as the HTML standard has it. Ids and `retry` are not used. */
export class SseParser {
  #decoder = new TextDecoder();
  /** What has come of a line that is not whole. */
  #rest = "";
  /** How far {@linkcode #rest} was looked through. */
  #seen = 0;
  #skipNewline = false;
  #event = "";
  /** @type {string[]} */
  #data = [];
  #size = 0;

  /**
   * Events that are whole with this piece.
   *
   * @param {Uint8Array} piece
   * @returns {SseEvent[]}
   * @throws {SseError}
   */
  feed(piece) {
    let text = this.#decoder.decode(piece, { stream: true });
    if (this.#skipNewline && text !== "") {
      this.#skipNewline = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    this.#rest += text;
    /** @type {SseEvent[]} */
    const events = [];
    let from = 0;
    let at = this.#seen;
    for (; at < this.#rest.length; at++) {
      const code = this.#rest.charCodeAt(at);
      if (code !== 10 && code !== 13) continue;
      this.#line(this.#rest.slice(from, at), events);
      if (code === 13) {
        if (at + 1 === this.#rest.length) this.#skipNewline = true;
        else if (this.#rest.charCodeAt(at + 1) === 10) at++;
      }
      from = at + 1;
    }
    this.#rest = this.#rest.slice(from);
    this.#seen = this.#rest.length;
    if (this.#size + this.#rest.length > MAX_EVENT) {
      throw new SseError(`an event of more than ${MAX_EVENT} characters`);
    }
    return events;
  }

  /**
   * @param {string} line
   * @param {SseEvent[]} events
   */
  #line(line, events) {
    if (line === "") {
      if (this.#data.length > 0) {
        events.push({ event: this.#event || "message", data: this.#data.join("\n") });
      }
      this.#event = "";
      this.#data = [];
      this.#size = 0;
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "event") this.#event = value;
    if (field !== "data") return;
    this.#data.push(value);
    this.#size += value.length + 1;
    if (this.#size > MAX_EVENT) throw new SseError(`an event of more than ${MAX_EVENT} characters`);
  }
}

/**
 * Every event of a body, until it ends. Stopping early gives the body back.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} [heard] called with every piece, comments too
 * @returns {AsyncGenerator<SseEvent, void, void>}
 */
export async function* sseEvents(body, heard) {
  const parser = new SseParser();
  const reader = body.getReader();
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      heard?.();
      yield* parser.feed(value);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
