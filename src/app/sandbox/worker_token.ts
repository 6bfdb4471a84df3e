/** Tokens of workers, for the command that prints them. */
import {
  type MintFor,
  mintWorkerToken,
  parseWorkerKeys,
  WorkerKeyError,
} from "../../sessions/wire/worker_tokens.ts";
import { WireError } from "../../sessions/wire/wire_error.ts";

/** @param keys what the key file holds @returns the token, or why there is none, without a word of the keys */
export async function workerToken(
  { keys, whom, ttlMs }: { readonly keys: string; readonly whom: MintFor; readonly ttlMs: number },
  now: number = Date.now(),
): Promise<{ readonly token: string } | { readonly refusal: string }> {
  try {
    return { token: await mintWorkerToken(parseWorkerKeys(keys), { ...whom, ttlMs, now }) };
  } catch (error) {
    if (error instanceof WorkerKeyError || error instanceof WireError) return { refusal: error.message };
    throw error;
  }
}
