/** One terminal that carries out one request at a time: shell code goes in, bytes come out. */
import { Buffer } from "node:buffer";
import type { Terminal } from "../../../coder/terminal.ts";
import { bootstrap, library } from "./scripts.ts";

/** The terminal is gone, or silent. What it was asked last may have been done. */
export class ChannelBroken extends Error {
  override readonly name = "ChannelBroken";
  /** Nothing of the request had been typed. */
  constructor(message: string, readonly nothingSent: boolean) {
    super(message);
  }
}

export interface Ask {
  /** Bytes that the code takes with `take`. */
  readonly body?: Uint8Array | undefined;
  /** It may take long: what serves it says now and then that it lives. */
  readonly isLong?: boolean | undefined;
  /** No longer than so many milliseconds without a sign of life. @default 20_000 */
  readonly silenceMs?: number | undefined;
  /** Of the answer; a longer one is none, and the terminal is given up. @default 64 MiB */
  readonly mostBytes?: number | undefined;
}

const SILENCE_MS = 20_000;
/** Workspaces may say anything, without end. */
const MOST_ANSWER = 2 ** 26;
const LONGEST_FRAME = 256;
/** The first terminal of an agent takes its time. */
const FIRST_MS = 60_000;
/** Of a body, in bytes, that are typed at once: a multiple of three, so that their base64 has no end in the middle. */
const PIECE = 48 * 2 ** 10;

/** Code up to here is typed in one line, which shells read byte by byte. */
const LONGEST_LINE = 8_192;

/** As `printf %b` turns it into the code again. */
function inLine(code: string): string {
  return code.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Of a body's base64, in bytes. */
export function encodedLength(size: number): number {
  return Math.ceil(size / 3) * 4;
}

interface Asked {
  readonly id: string;
  readonly pieces: string[];
  /** Characters that may still come. */
  room: number;
  readonly done: (answer: Uint8Array) => void;
  /** It waits for bytes. */
  ready: PromiseWithResolvers<void>;
  hasBegun: boolean;
}

export class Channel {
  /** Of the shell that serves it, which leads its process group. */
  pid = 0;
  readonly #terminal: Terminal;
  readonly #mark: string;
  readonly #broken = Promise.withResolvers<never>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #greeted = Promise.withResolvers<void>();
  #rest = "";
  #asked: Asked | undefined;
  #count = 0;
  #heard = performance.now();
  #isBroken = false;
  #isServing = false;
  #hasAnswered = false;

  private constructor(terminal: Terminal, mark: string) {
    this.#terminal = terminal;
    this.#mark = mark;
    this.#broken.promise.catch(() => {});
    void this.#read();
  }

  /** Opens one, for one session. Rejects with what `open` rejects with, `ChannelBroken`, and the reason of `signal`. */
  static async open(
    open: (command: string, signal: AbortSignal) => Promise<Terminal>,
    session: string,
    signal: AbortSignal,
  ): Promise<Channel> {
    const mark = crypto.randomUUID().replaceAll("-", "");
    const code = library(mark, session);
    const terminal = await open(bootstrap(mark, Buffer.byteLength(code)), signal);
    const channel = new Channel(terminal, mark);
    try {
      await channel.#within(channel.#greeted.promise, FIRST_MS, signal);
      await terminal.type(code, signal);
      await channel.#within(channel.#ready.promise, SILENCE_MS, signal);
      channel.#isServing = true;
      return channel;
    } catch (error) {
      channel.close();
      signal.throwIfAborted();
      throw error instanceof ChannelBroken ? new ChannelBroken(error.message, true) : error;
    }
  }

  get isOpen(): boolean {
    return !this.#isBroken;
  }

  /** Some request was answered in it. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** Whether a request is on its way. */
  get isBusy(): boolean {
    return this.#asked !== undefined;
  }

  /**
   * What the code printed. One at a time. Rejects with {@linkcode ChannelBroken}, and with the reason of `signal`: then the
   * channel is of no use any more.
   */
  async ask(
    code: string,
    { body, isLong, silenceMs = SILENCE_MS, mostBytes = MOST_ANSWER }: Ask,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    signal.throwIfAborted();
    if (this.#isBroken) throw new ChannelBroken("the terminal is closed", true);
    const id = String(++this.#count);
    const answer = Promise.withResolvers<Uint8Array>();
    const asked: Asked = {
      id,
      pieces: [],
      // With the ends of lines.
      room: encodedLength(mostBytes) * 1.1,
      done: answer.resolve,
      ready: Promise.withResolvers(),
      hasBegun: false,
    };
    this.#asked = asked;
    this.#heard = performance.now();
    try {
      const kind = isLong ? "long" : "short";
      const over = answer.promise.then(() => {}, () => {});
      const isInLine = code.length <= LONGEST_LINE;
      const size = isInLine ? 0 : encodedLength(Buffer.byteLength(code));
      await this.#terminal.type(`${id} ${kind} ${size} ${isInLine ? inLine(code) : ""}\n`, signal);
      for (const bytes of [isInLine ? undefined : Buffer.from(code), body]) {
        if (bytes === undefined) continue;
        await this.#within(Promise.race([asked.ready.promise, over]), silenceMs, signal);
        asked.ready = Promise.withResolvers();
        await this.#within(this.#type(bytes, answer.promise, signal), silenceMs, signal);
      }
      return await this.#within(answer.promise, silenceMs, signal);
    } catch (error) {
      this.close();
      signal.throwIfAborted();
      if (error instanceof ChannelBroken) throw error;
      throw new ChannelBroken(error instanceof Error ? error.message : String(error), false);
    } finally {
      this.#asked = undefined;
    }
  }

  close(): void {
    if (this.#isBroken) return;
    this.#break("the terminal was closed");
    this.#terminal.close();
  }

  async #type(body: Uint8Array, answered: Promise<unknown>, signal: AbortSignal): Promise<void> {
    let isOver = false;
    answered.then(() => isOver = true, () => {});
    for (let at = 0; at < body.length && !isOver; at += PIECE) {
      await this.#terminal.type(Buffer.from(body.subarray(at, at + PIECE)).toString("base64"), signal);
      this.#heard = performance.now();
    }
  }

  /** What comes of it, unless the terminal breaks or falls silent. */
  async #within<T>(promise: Promise<T>, silenceMs: number, signal: AbortSignal): Promise<T> {
    const end = Promise.withResolvers<never>();
    const abort = () => end.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#heard = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - this.#heard < silenceMs) return;
      end.reject(new ChannelBroken(`the terminal was silent for ${Math.round(silenceMs / 1_000)} s`, false));
    }, Math.min(1_000, silenceMs / 4));
    promise.catch(() => {});
    try {
      return await Promise.race([promise, this.#broken.promise, end.promise]);
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of this.#terminal.output) {
        this.#heard = performance.now();
        this.#take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
      }
      const { reason } = await this.#terminal.closed;
      this.#break(reason === "" ? "the terminal has ended" : `the terminal has ended: ${reason}`);
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
    }
  }

  #break(why: string): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#broken.reject(new ChannelBroken(why, false));
  }

  /** Lines that begin with the mark are the frame; what is between those of an answer is base64, all else is noise. */
  #take(text: string): void {
    const start = `\n${this.#mark} `;
    this.#rest += text;
    while (!this.#isBroken) {
      const at = this.#rest.indexOf(start);
      const end = at < 0 ? -1 : this.#rest.indexOf("\n", at + start.length);
      const payload = at < 0 ? Math.max(0, this.#rest.length - start.length) : at;
      if (payload > 0) {
        this.#payload(this.#rest.slice(0, payload));
        this.#rest = this.#rest.slice(payload);
      }
      if (end < 0) {
        if (this.#rest.length > LONGEST_FRAME) this.#giveUp("what came from the terminal is no answer");
        return;
      }
      const line = this.#rest.slice(start.length, end - payload);
      // Its last character begins the next line.
      this.#rest = this.#rest.slice(end - payload);
      this.#frame(line);
    }
  }

  #payload(text: string): void {
    const asked = this.#asked;
    if (asked?.hasBegun !== true) return;
    asked.room -= text.length;
    if (asked.room < 0) return this.#giveUp("the answer is longer than any should be");
    asked.pieces.push(text);
  }

  #giveUp(why: string): void {
    this.#rest = "";
    if (this.#asked !== undefined) this.#asked.pieces.length = 0;
    this.#break(why);
    this.#terminal.close();
  }

  #frame(line: string): void {
    const [kind, value] = line.split(" ");
    const asked = this.#asked;
    if (kind === "h") {
      this.pid = Number(value);
      this.#greeted.resolve();
    } else if (kind === "r") {
      if (this.#isServing) asked?.ready.resolve();
      else this.#ready.resolve();
    } else if (kind === "b" && value === asked?.id) asked!.hasBegun = true;
    else if (kind === "e" && value === asked?.id && asked !== undefined) {
      this.#hasAnswered = true;
      asked.done(new Uint8Array(Buffer.from(asked.pieces.join(""), "base64")));
    }
  }
}
