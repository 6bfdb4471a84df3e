/** The operator's database access over node-postgres. */
import { DatabaseError, type OperatorDatabase } from "./mod.ts";

/** Makes the calls; nothing is connected before the first one. */
export function createOperatorDatabase(): OperatorDatabase {
  const missing = () => Promise.reject(new DatabaseError("there is no PostgreSQL client yet", "failed"));
  return { ensureToken: missing, revoke: missing, migration: missing, close: () => Promise.resolve() };
}
