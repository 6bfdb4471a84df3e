/** Callers of the coordinator by tokens of a file: for those who have no identity provider. */
import { createHash } from "node:crypto";
import type { Logger } from "../../telemetry/logger.ts";

/** Shorter ones could be guessed. */
const SHORTEST_TOKEN = 16;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,252}$/;

/** A file that cannot be used; the message says which line, and never what stands there. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
}

/**
 * Names by the SHA-256 of their tokens, in hexadecimal. Lines are `name token` or `name sha256:<hex>`; empty ones and those
 * that begin with `#` are left out. A name may have several tokens, and there may be none.
 *
 * @throws {TokenFileError}
 */
export function parseTokens(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const wrong = (why: string) => new TokenFileError(`line ${index + 1}: ${why}`);
    const [name = "", token = "", ...rest] = line.split(/\s+/);
    if (token === "" || rest.length > 0) throw wrong("it must be a name and a token, with a space between");
    if (!NAME.test(name)) {
      throw wrong("the name must be letters, digits and . _ @ : / -, at most 253, a letter or digit first");
    }
    const hash = hashOf(token);
    if (hash === undefined) {
      throw wrong(
        `the token must have at least ${SHORTEST_TOKEN} characters, or be sha256: and 64 hexadecimal digits`,
      );
    }
    const other = names.get(hash);
    if (other !== undefined && other !== name) throw wrong("another name has the same token");
    names.set(hash, name);
  });
  return names;
}

function hashOf(token: string): string | undefined {
  if (token.startsWith("sha256:")) {
    const hash = token.slice("sha256:".length).toLowerCase();
    return /^[0-9a-f]{64}$/.test(hash) ? hash : undefined;
  }
  return token.length < SHORTEST_TOKEN ? undefined : sha256(token);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export interface TokenFileOptions {
  readonly path: string;
  readonly log: Logger;
  /** It is looked at no more often, in milliseconds. @default {10_000} */
  readonly lookMs?: number;
  /** Milliseconds of any clock that does not go back. @default {performance.now} */
  readonly now?: () => number;
  /** @default {Deno.readTextFile} */
  readonly read?: (path: string) => Promise<string>;
}

/** Tokens of a file that may change while it is used: looked at beside the calls that come, without a timer. */
export class TokenFile {
  readonly #options: TokenFileOptions;
  #text: string | undefined;
  #names: ReadonlyMap<string, string> = new Map();
  #lookedAt: number;
  #trouble = "";

  private constructor(options: TokenFileOptions) {
    this.#options = options;
    this.#lookedAt = (options.now ?? (() => performance.now()))();
  }

  /** Reads it. @throws {TokenFileError} */
  static async open(options: TokenFileOptions): Promise<TokenFile> {
    const file = new TokenFile(options);
    try {
      await file.#load();
      if (file.#names.size === 0) throw new TokenFileError("there is no token in it: nobody could be let in");
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new TokenFileError(`--auth-token-file: ${options.path}: ${why}`, { cause: error });
    }
    return file;
  }

  /** Whose token it is; undefined: nobody's. Tokens are looked up by their hash: how long that takes tells nothing. */
  nameOf(token: string): string | undefined {
    return this.#names.get(sha256(token));
  }

  async #load(): Promise<boolean> {
    const { read = Deno.readTextFile, path } = this.#options;
    const text = await read(path);
    if (text === this.#text) return false;
    this.#names = parseTokens(text);
    this.#text = text;
    return true;
  }

  /**
   * Somebody calls: looks at the file if it is time. Never rejects: where it cannot be read or has a
   * mistake, what was there counts on; where no token is left in it, nobody is let in.
   */
  async look(): Promise<void> {
    const { log, lookMs = 10_000, now = () => performance.now(), path } = this.#options;
    if (now() - this.#lookedAt < lookMs) return;
    this.#lookedAt = now();
    try {
      if (await this.#load()) {
        const fields = { file: path, tokens: this.#names.size };
        // The last token was taken back: whoever had it must not go on because there is no other.
        if (this.#names.size === 0) log.warn("no token is left: nobody is let in", fields);
        else log.info("callers' tokens were read again", fields);
      }
      this.#trouble = "";
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== this.#trouble) {
        log.warn("callers' tokens cannot be read again: those of before count", { file: path, why });
      }
      this.#trouble = why;
    }
  }
}
