/** Changes that somebody else was sooner than. */
import type { Turns } from "../../../actions/mod.ts";
import type { ResourceType } from "../../../api/object.ts";
import { conflict, StatusError } from "../../serving/status_errors.ts";
import { StaleError } from "../target.ts";

/** How often a change is tried that says nothing of the version it is meant for. */
export const MAX_TRIES = 5;

/** What is tried, and for whom. */
export interface Trying {
  readonly type: ResourceType;
  readonly namespace: string;
  readonly name: string;
  /** Of the kind: those that were overtaken in this process try again one after the other. */
  readonly turns: Turns;
  readonly signal: AbortSignal;
  /** @default {MAX_TRIES} */
  readonly tries?: number;
}

/**
 * Does it again from the start where it was overtaken. Each time the object is read anew, so that a client that says a
 * version hears of a conflict.
 *
 * @throws {StatusError} 409 where it was always overtaken
 */
export async function retried<R>(
  { type, namespace, name, turns, signal, tries = MAX_TRIES }: Trying,
  run: () => Promise<R>,
): Promise<R> {
  for (let attempt = 1;; attempt++) {
    try {
      return attempt === 1 ? await run() : await turns.take(`${namespace}/${name}`, run, signal);
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      signal.throwIfAborted();
      if (attempt >= tries) throw error.cause instanceof StatusError ? error.cause : overtaken(type, name);
    }
  }
}

function overtaken(type: ResourceType, name: string): StatusError {
  return conflict(
    type,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );
}
