/** Who a worker is: tokens that are bound to its id, signed with a key that the coordinator alone has. */
import { createHash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { WorkerBinding } from "../link.ts";
import { WireError } from "./wire_error.ts";
import { boundWorkerId, objectionToId } from "./worker_ids.ts";

/** Whom the tokens are for. */
export const WORKER_TOKEN_AUDIENCE = "coder-k8s-coordinator";
/** Claims of those that are bound to a workspace. */
const WORKSPACE_CLAIM = "coder_workspace";
const OWNER_CLAIM = "coder_workspace_owner";
const MIN_KEY_BYTES = 32;
/** Longer ones are nobody's. */
const MAX_TOKEN_CHARACTERS = 4_096;
const CLOCK_SKEW_S = 30;

/** A key for tokens. */
export interface WorkerKey {
  /** Names the key in tokens, and says nothing of it. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** Whom a good token is of. Milliseconds since 1970. */
export interface WorkerIdentity {
  readonly workerId: string;
  /** See `WorkerConnection.binding`. */
  readonly binding?: WorkerBinding | undefined;
  readonly expiresAt: number;
}

/** What a key file holds cannot be used. The message says what to do, and nothing of the keys. */
export class WorkerKeyError extends Error {
  override readonly name = "WorkerKeyError";
}

/**
 * Reads a key file: one key a line, the first signs, all verify. So a key is replaced by putting the new one first, and
 * taking the old one out when the tokens that it signed have expired. Lines that are empty or begin with `#` count for nothing.
 * @throws {WorkerKeyError}
 */
export function parseWorkerKeys(text: string): readonly [WorkerKey, ...WorkerKey[]] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.flatMap((line, index) => {
    if (line === "" || line.startsWith("#")) return [];
    const bytes = new TextEncoder().encode(line);
    if (bytes.length < MIN_KEY_BYTES) {
      throw new WorkerKeyError(
        `the key in line ${index + 1} has ${bytes.length} bytes, and needs ${MIN_KEY_BYTES}: ${HOW_TO_MAKE}`,
      );
    }
    return [{ id: createHash("sha256").update("key id").update(bytes).digest("hex").slice(0, 16), bytes }];
  });
  const [first, ...more] = keys;
  if (first === undefined) throw new WorkerKeyError(`there is no key: ${HOW_TO_MAKE}`);
  return [first, ...more];
}

const HOW_TO_MAKE = "write one key a line, such as `openssl rand -base64 48` makes";

/** Whom a token is for: a worker of that name, or the one that runs in a Coder workspace. */
export type MintFor = { readonly workerId: string } | { readonly binding: WorkerBinding };

export type MintOptions = MintFor & {
  readonly ttlMs: number;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** Makes a worker's token. @throws {WireError} `invalid` where the id cannot be one */
export async function mintWorkerToken(
  [key]: readonly [WorkerKey, ...WorkerKey[]],
  { ttlMs, now, ...whom }: MintOptions,
): Promise<string> {
  const binding = "binding" in whom ? whom.binding : undefined;
  const workerId = "binding" in whom ? boundWorkerId(whom.binding) : whom.workerId;
  const wrong = objectionToId(workerId, binding);
  if (wrong !== undefined) throw new WireError("invalid", wrong);
  const seconds = Math.floor(now / 1_000);
  const claims = binding === undefined
    ? {}
    : { [WORKSPACE_CLAIM]: binding.workspaceId, [OWNER_CLAIM]: binding.ownerId };
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: key.id })
    .setSubject(workerId)
    .setAudience(WORKER_TOKEN_AUDIENCE)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + Math.ceil(ttlMs / 1_000))
    .sign(key.bytes);
}

/**
 * Whose token it is.
 * @param claimed who the caller says that it is; empty: nobody
 * @throws {WireError} `unauthenticated`; `permission_denied` where the token is another worker's
 */
export async function verifyWorkerToken(
  keys: readonly WorkerKey[],
  token: string,
  claimed: string,
  now: number,
): Promise<WorkerIdentity> {
  if (token === "") throw refused("there is none");
  if (token.length > MAX_TOKEN_CHARACTERS) throw refused("it is too long to be one");
  const { payload } = await jwtVerify(
    token,
    ({ kid }) => {
      const key = keys.find(({ id }) => id === kid) ?? (kid === undefined ? keys[0] : undefined);
      if (key === undefined) {
        throw refused("it is signed with a key that the coordinator does not have (any more)");
      }
      return key.bytes;
    },
    {
      algorithms: ["HS256"],
      audience: WORKER_TOKEN_AUDIENCE,
      requiredClaims: ["sub", "exp"],
      clockTolerance: CLOCK_SKEW_S,
      currentDate: new Date(now),
    },
  ).catch((error: unknown) => {
    throw error instanceof WireError ? error : refused(objection(error));
  });
  const workerId = payload.sub ?? "";
  const binding = bindingOf(payload);
  const wrong = objectionToId(workerId, binding);
  if (wrong !== undefined) throw refused(`its subject cannot be a worker's id: ${wrong}`);
  if (claimed !== "" && claimed !== workerId) {
    throw new WireError(
      "permission_denied",
      `the token is of worker ${workerId}, and the caller says that it is ${
        JSON.stringify(claimed.slice(0, 64))
      }: ` +
        "give each worker its own token, or leave the id to the token",
    );
  }
  return {
    workerId,
    ...(binding === undefined ? {} : { binding }),
    expiresAt: ((payload.exp ?? 0) + CLOCK_SKEW_S) * 1_000,
  };
}

/** Half of it is no binding, and no token without one either. */
function bindingOf(payload: JWTPayload): WorkerBinding | undefined {
  const [workspaceId, ownerId] = [payload[WORKSPACE_CLAIM], payload[OWNER_CLAIM]];
  if (workspaceId === undefined && ownerId === undefined) return undefined;
  if (typeof workspaceId === "string" && typeof ownerId === "string") return { workspaceId, ownerId };
  throw refused("what it says of a workspace cannot be so");
}

function objection(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "it has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "aud"
      ? `it is not for ${WORKER_TOKEN_AUDIENCE}`
      : `its claim ${error.claim} is missing or cannot be so`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its signature is wrong";
  return "it cannot be read";
}

function refused(why: string): WireError {
  return new WireError(
    "unauthenticated",
    `the worker's token is refused: ${why}. Mint one with the coordinator's key, and give it to the worker`,
  );
}
