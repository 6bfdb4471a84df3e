/** What a session id of the session era says: any replica can read it, and nobody can change it. */
import { createHash, randomBytes } from "node:crypto";
import { sign, type SigningKeys, verify } from "../protocol/signed.ts";
import { isSessionVersion } from "../protocol/versions.ts";

export interface SessionFacts {
  readonly version: string;
  /** The client can ask a person. */
  readonly elicits: boolean;
  readonly client: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Of the caller's id: a hash. */
  readonly caller: string;
}

/** How long a session lives at most, in milliseconds: clients then begin another. */
export const SESSION_LIFE_MS = 24 * 60 * 60 * 1_000;

const PURPOSE = "mcp-session";
const LONGEST_CLIENT = 64;

/** Short names: each request carries it. */
interface Written {
  readonly v: string;
  readonly e: 0 | 1;
  readonly n: string;
  readonly c: string;
  readonly i: number;
  readonly x: number;
  /** Two sessions of a millisecond are two. */
  readonly j: string;
}

/** Writes one; under 512 bytes. */
export function issueSession(
  { version, elicits, client, callerId }: {
    readonly version: string;
    readonly elicits: boolean;
    readonly client: string;
    readonly callerId: string;
  },
  keys: SigningKeys,
  now: number,
): string {
  const written: Written = {
    v: version,
    e: elicits ? 1 : 0,
    n: client.slice(0, LONGEST_CLIENT),
    c: callerHash(callerId),
    i: now,
    x: now + SESSION_LIFE_MS,
    j: randomBytes(9).toString("base64url"),
  };
  return sign(PURPOSE, written, keys);
}

/** Reads one; undefined where it is not ours or too old. */
export function readSession(token: string, keys: SigningKeys, now: number): SessionFacts | undefined {
  if (token.length > 2_048) return undefined;
  const written = verify(PURPOSE, token, keys) as Written | undefined;
  if (written === undefined || !isSessionVersion(written.v) || written.x <= now) return undefined;
  return {
    version: written.v,
    elicits: written.e === 1,
    client: written.n,
    expiresAt: written.x,
    caller: written.c,
  };
}

/** What of a caller's id is in a token. */
export function callerHash(callerId: string): string {
  return createHash("sha256").update(callerId).digest("base64url").slice(0, 22);
}

/** What of a token is on record. */
export function sessionHash(token: string): string {
  return createHash("sha256").update(token).digest("hex").slice(0, 16);
}
