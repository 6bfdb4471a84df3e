/** Tokens of processes that ended without deleting them: known by their names and their age. */
import type { CoderClient } from "../../coder/mod.ts";

const PREFIX = "coder-k8s-mcp-";
/** None lives so long while anybody needs it, whatever clocks say. In milliseconds. */
const LEFT_MS = 3_600_000;
/** The others wait for the next look. */
const MOST = 50;
const CALL_MS = 10_000;

/** Unique, and known again. */
export function newTokenName(): string {
  return `${PREFIX}${crypto.getRandomValues(new Uint8Array(8)).toHex()}`;
}

/** Deletes those of one user, with the operator's access. How many. */
export async function deleteLeftovers(
  { tokens }: Pick<CoderClient, "tokens">,
  user: string,
  now: number,
): Promise<number> {
  const call = { signal: AbortSignal.timeout(CALL_MS) };
  const old = (await tokens.list(user, {}, call)).filter(({ user_id, token_name, created_at }) =>
    user_id === user && token_name.startsWith(PREFIX) && now - Date.parse(created_at) >= LEFT_MS
  );
  let count = 0;
  for (const { id } of old.slice(0, MOST)) if (await tokens.delete(user, id, call)) count++;
  return count;
}
