/** Tokens of plans: what a plan is bound to and until when, signed. Short, for models have to repeat them. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Keys } from "../keys/mod.ts";

/** What a token says. */
export interface PlanClaims {
  /** In milliseconds since 1970, whole seconds. */
  readonly until: number;
  /** Random, hexadecimal: tells two plans for the same apart. */
  readonly nonce: string;
  /** Of what was asked for, and of what would happen: bytes, hexadecimal. */
  readonly asked: string;
  readonly bound: string;
}

/** Bytes of each part, in this order. */
const PARTS = { until: 4, nonce: 12, asked: 6, bound: 16 } as const;
const MAC_BYTES = 16;
const BODY_BYTES = 38;
/** Nothing else that is signed with the same keys can be taken for a plan. */
const DOMAIN = "coder-k8s mcp plan 1\n";

export function newNonce(): string {
  return crypto.getRandomValues(new Uint8Array(PARTS.nonce)).toHex();
}

/** What is kept of a hash, or of any text, in a token. */
export function shortOf(part: "asked" | "bound", text: string): string {
  return createHash("sha256").update(text).digest().subarray(0, PARTS[part]).toString("hex");
}

export function signed({ until, nonce, asked, bound }: PlanClaims, key: Uint8Array): string {
  const body = Buffer.alloc(BODY_BYTES);
  body.writeUInt32BE(Math.floor(until / 1_000), 0);
  body.write(nonce + asked + bound, PARTS.until, "hex");
  return Buffer.concat([body, macOf(body, key)]).toString("base64url");
}

/** Undefined where none of the keys has signed it. */
export function verified(token: string, keys: Keys): PlanClaims | undefined {
  const bytes = Buffer.from(token, "base64url");
  // Anything that is not base64url is dropped without a word: only the one spelling is good.
  if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString("base64url") !== token) return undefined;
  const [body, mac] = [bytes.subarray(0, BODY_BYTES), bytes.subarray(BODY_BYTES)];
  if (!keys.all.some((key) => timingSafeEqual(macOf(body, key), mac))) return undefined;
  let at: number = PARTS.until;
  const next = (bytes: number) => body.toString("hex", at, at += bytes);
  return {
    until: body.readUInt32BE(0) * 1_000,
    nonce: next(PARTS.nonce),
    asked: next(PARTS.asked),
    bound: next(PARTS.bound),
  };
}

function macOf(body: Uint8Array, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(DOMAIN).update(body).digest().subarray(0, MAC_BYTES);
}
