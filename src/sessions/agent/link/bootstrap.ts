/** From a new terminal to the daemon of a session. */
import type { Terminal } from "../../../coder/terminal.ts";
import { SESSION_ERROR_CODES, SessionError } from "../../types.ts";
import { daemonLines, newNonce, relayLine, terminalCommand } from "../python.ts";
import { z } from "zod";

export interface Wanted {
  readonly session: string;
  /** What a daemon is begun with, where there is none; undefined: then there is nothing to do. */
  readonly spec: unknown;
  /** A session without any state in the workspace is begun, too. */
  readonly mayBegin: boolean;
  /** There is most probably no daemon. */
  readonly isNew: boolean;
  /** Programs that may be Python, in order. @default {python3 of the path, then where it usually is} */
  readonly pythons?: readonly string[] | undefined;
}

/** A terminal at whose other end the daemon is. */
export interface Way {
  readonly terminal: Terminal;
  /** What came after the last of our words. */
  readonly rest: Uint8Array;
  readonly output: AsyncIterator<Uint8Array>;
}

/** `none`: no Python. `shell`: the session is the other engine's. `gone`: there is no state. `ended`: there is no daemon. */
export type Instead = "none" | "shell" | "gone" | "ended";

/** Characters that one message types. */
const MESSAGE = 16_000;
/** Bytes that may come before our first word: what profiles say. */
const MOST_NOISE = 2 ** 16;
const BOOT_MS = 30_000;
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const refusal = z.object({ error: z.enum(SESSION_ERROR_CODES), message: z.string().max(4_096) });

/** Rejects with `SessionError`, and with the reason of `signal`; the terminal is closed then, and where it is no way. */
export async function findDaemon(
  open: (command: string, signal: AbortSignal) => Promise<Terminal>,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Way | Instead> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(BOOT_MS)]);
  const nonce = newNonce();
  const terminal = await open(terminalCommand(nonce, wanted.pythons), signal);
  const close = () => terminal.close();
  late.addEventListener("abort", close, { once: true });
  let isWay = false;
  try {
    late.throwIfAborted();
    const words = new Words(terminal, nonce.join(""));
    const type = async (text: string) => {
      for (let at = 0; at < text.length; at += MESSAGE) {
        await terminal.type(text.slice(at, at + MESSAGE), late);
      }
    };
    let last = "";
    for (;;) {
      const word = await words.next();
      if (word === undefined) {
        late.throwIfAborted();
        // A Python that cannot be started, or is too old.
        if (last === "sh") return "none";
        throw new SessionError(
          "unavailable",
          `a terminal of the workspace ended before anything could be done in it${
            words.seen === "" ? "" : `; it said: ${words.seen}`
          }`,
        );
      }
      last = word;
      if (word === "none" || word === "shell" || word === "gone") return word;
      else if (word === "py") {
        const { session, spec, mayBegin, isNew } = wanted;
        await type(relayLine(session, nonce, mayBegin, isNew) + (isNew ? daemonLines(spec) : ""));
      } else if (word === "begin") {
        if (wanted.spec === undefined) return "ended";
        await type(daemonLines(wanted.spec));
      } else if (word.startsWith("error ")) throw refused(word.slice(6));
      else if (word === "up") {
        isWay = true;
        return { terminal, rest: words.rest, output: words.output };
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof SessionError) throw error;
    const why = late.aborted
      ? `nothing came of it within ${BOOT_MS / 1_000} s`
      : error instanceof Error
      ? error.message
      : String(error);
    throw new SessionError("unavailable", `a terminal of the workspace could not be used: ${why}`, {
      cause: error,
    });
  } finally {
    late.removeEventListener("abort", close);
    if (!isWay) close();
  }
}

/** Words of a workspace, for people: on one line, and without what leads terminals or turns text around. */
function harmless(text: string): string {
  return text.replace(/[\p{C}\s]+/gu, " ").trim();
}

function refused(text: string): SessionError {
  try {
    const said = refusal.parse(JSON.parse(decoder.decode(Uint8Array.fromBase64(text))));
    return new SessionError(said.error, harmless(said.message));
  } catch {
    return new SessionError(
      "internal",
      "the session could not be begun in the workspace, and it did not say why",
    );
  }
}

/** Our words among what a terminal says. */
class Words {
  readonly output: AsyncIterator<Uint8Array>;
  readonly #nonce: Uint8Array;
  #bytes: Uint8Array = new Uint8Array();

  constructor(terminal: Terminal, nonce: string) {
    this.output = terminal.output[Symbol.asyncIterator]();
    this.#nonce = encoder.encode(nonce);
  }

  get rest(): Uint8Array {
    return this.#bytes;
  }

  /** The end of what was no word of ours, for people. */
  get seen(): string {
    return harmless(decoder.decode(this.#bytes.slice(-300)));
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const at = indexOf(this.#bytes, this.#nonce);
      const end = at < 0 ? -1 : this.#bytes.indexOf(10, at + this.#nonce.length);
      if (end >= 0) {
        const word = decoder.decode(this.#bytes.subarray(at + this.#nonce.length, end));
        this.#bytes = this.#bytes.slice(end + 1);
        return word.replace(/\r$/, "");
      }
      const { done, value } = await this.output.next();
      if (done) return undefined;
      if (this.#bytes.length > MOST_NOISE) this.#bytes = this.#bytes.slice(-1_024);
      const joined = new Uint8Array(this.#bytes.length + value.length);
      joined.set(this.#bytes);
      joined.set(value, this.#bytes.length);
      this.#bytes = joined;
    }
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, place) => bytes[at + place] === byte)) return at;
  }
  return -1;
}
