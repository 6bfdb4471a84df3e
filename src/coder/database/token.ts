/** Session tokens in Coder's form: an id, a dash, a secret. */
import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 10;
const SECRET_LENGTH = 22;

export interface TokenParts {
  /** No secret. */
  readonly id: string;
  readonly secret: string;
}

/** A new token. */
export function newToken(): TokenParts {
  return { id: randomText(ID_LENGTH), secret: randomText(SECRET_LENGTH) };
}

/** The parts of a token; undefined where it has not two of them. */
export function splitToken(token: string): TokenParts | undefined {
  const text = token.trim();
  const dash = text.indexOf("-");
  const [id, secret] = [text.slice(0, Math.max(0, dash)), text.slice(dash + 1)];
  return id === "" || secret === "" ? undefined : { id, secret };
}

/** What is stored of a secret. It is long and random, so that one round of SHA-256 is enough; Coder does the same. */
export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret, "utf8").digest();
}

/** Every character equally likely: bytes that would favour some are thrown away. */
export function randomText(
  length: number,
  random: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => void crypto.getRandomValues(bytes),
): string {
  const fair = 256 - 256 % ALPHABET.length;
  const bytes = new Uint8Array(2 * length);
  let text = "";
  while (text.length < length) {
    random(bytes);
    for (const byte of bytes) {
      if (byte < fair && text.length < length) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}
