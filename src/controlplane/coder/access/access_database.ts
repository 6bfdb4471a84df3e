/** The operator's access through Coder's PostgreSQL, under a deadline of our own. */
import {
  type DatabaseAddress,
  DatabaseError,
  type OperatorDatabase,
  type TokenOutcome,
} from "../../../coder/database/mod.ts";
import { OPERATOR_USER, tokenLifetimeMs, tokenNames } from "./access_identity.ts";
import type { Visit } from "../visit.ts";

/** A hung database costs a visit no more than this, in milliseconds. */
export const DATABASE_DEADLINE_MS = 6_000;

/** The calls that access is made of, on one control plane's database. */
export interface AccessDatabase {
  /** `renew`: a new token although `token` works. */
  ensure(token: string | undefined, renew: boolean): Promise<TokenOutcome>;
  /** Deletes this control plane's tokens, all but `keepId`. Returns how many. */
  revoke(keepId?: string): Promise<number>;
}

/** Binds the calls to a visit. */
export function accessDatabase(
  database: OperatorDatabase,
  address: DatabaseAddress,
  { controlPlane, signal }: Pick<Visit, "controlPlane" | "signal">,
  deadlineMs = DATABASE_DEADLINE_MS,
): AccessDatabase {
  const names = tokenNames(controlPlane);
  return {
    ensure: (token, renew) =>
      within(deadlineMs, signal, (limit) =>
        database.ensureToken(address, {
          user: OPERATOR_USER,
          names,
          token,
          lifetimeMs: tokenLifetimeMs(controlPlane),
          renew,
        }, limit)),
    revoke: (keepId) =>
      within(
        deadlineMs,
        signal,
        (limit) =>
          database.revoke(
            address,
            { user: OPERATOR_USER, names, ...(keepId !== undefined && { keepId }) },
            limit,
          ),
      ),
  };
}

/** Waits no longer, whatever the call does about its signal. */
export async function within<T>(
  deadlineMs: number,
  signal: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const end = new AbortController();
  const late = new DatabaseError(`PostgreSQL did not answer within ${deadlineMs / 1_000} s`, "timeout");
  const timer = setTimeout(() => end.abort(late), deadlineMs);
  const abort = () => end.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const over = Promise.withResolvers<never>();
  end.signal.addEventListener("abort", () => over.reject(end.signal.reason), { once: true });
  try {
    return await Promise.race([call(end.signal), over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
