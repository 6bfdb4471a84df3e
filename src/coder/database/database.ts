/** The operator's database access over node-postgres. */
import { ensureAccess } from "./access.ts";
import type { DatabaseAddress, OperatorDatabase } from "./mod.ts";
import type { Lookup } from "./resolve.ts";
import { exist, readMigration } from "./schema.ts";
import { inTransaction, type Session, type Timing } from "./session.ts";
import { readTarget } from "./target.ts";
import { deleteTokens } from "./tokens.ts";

export interface DatabaseOptions {
  timing?: Timing;
  /** @default the system's resolver */
  lookup?: Lookup;
}

/** Makes the calls; nothing is connected, and the driver is not loaded, before the first one. */
export function createOperatorDatabase(options: DatabaseOptions = {}): OperatorDatabase {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  /** One call: a connection and a transaction of its own. */
  async function call<T>(
    address: DatabaseAddress,
    signal: AbortSignal,
    run: (session: Session) => Promise<T>,
  ) {
    const either = AbortSignal.any([signal, closing.signal]);
    const work = inTransaction(readTarget(address), { ...options, signal: either }, run);
    running.add(work);
    try {
      return await work;
    } finally {
      running.delete(work);
    }
  }

  return {
    ensureToken(address, request, signal) {
      const names = [...new Set(request.names)].filter((name) => name.trim() !== "");
      if (names.length === 0) return Promise.reject(new TypeError("a token needs a name"));
      if (!(request.lifetimeMs > 0)) return Promise.reject(new TypeError("a token needs a lifetime"));
      return call(address, signal, (session) => ensureAccess(session, { ...request, names }));
    },
    revoke: (address, { user, names, keepId }, signal) =>
      call(address, signal, async (session) => {
        // A database that Coder has never migrated holds no tokens.
        if (!(await exist(session, ["users", "api_keys"]))) return 0;
        return await deleteTokens(session, user, names, keepId);
      }),
    migration: (address, signal) => call(address, signal, readMigration),
    async close() {
      closing.abort(new Error("the operator is ending"));
      await Promise.allSettled(running);
    },
  };
}
