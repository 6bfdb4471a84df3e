/** Server-sent events out of chunks of text, however they are cut. */

export interface SentEvent {
  /** `message` where it has no name. */
  readonly name: string;
  readonly data: string;
}

/** One event is no longer than this, in characters: who sends more is no server of ours. */
const LONGEST = 16 * 2 ** 20;

/** Takes chunks, gives the events that end in them. Throws where one is too long. */
export class EventParser {
  #rest = "";
  #name = "";
  #data: string[] = [];
  #size = 0;

  take(chunk: string): SentEvent[] {
    const events: SentEvent[] = [];
    this.#rest += chunk;
    for (;;) {
      const end = this.#rest.search(/[\r\n]/);
      // A carriage return at the very end may be half of a line end.
      if (end < 0 || (this.#rest[end] === "\r" && end === this.#rest.length - 1)) break;
      const line = this.#rest.slice(0, end);
      this.#rest = this.#rest.slice(end + (this.#rest.startsWith("\r\n", end) ? 2 : 1));
      const event = this.#line(line);
      if (event !== undefined) events.push(event);
    }
    if (this.#rest.length + this.#size > LONGEST) throw new Error("an event is longer than any should be");
    return events;
  }

  #line(line: string): SentEvent | undefined {
    if (line === "") {
      const event = { name: this.#name || "message", data: this.#data.join("\n") };
      const isSaid = this.#data.length > 0;
      this.#name = "";
      this.#data = [];
      this.#size = 0;
      return isSaid ? event : undefined;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (field === "event") this.#name = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#size += value.length;
    }
    return undefined;
  }
}
