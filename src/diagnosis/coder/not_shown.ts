/** What Coder says is not there, and only does not show. */
import { isNotFound } from "../../coder/mod.ts";

/** Coder answers 404 to who may not see something. */
export class NotShownError extends Error {
  override readonly name = "NotShownError";
  readonly code = "forbidden";
}

/**
 * What `run` yields, where Coder's 404 can mean nothing else than that somebody may not see it.
 *
 * @param who may: for the message
 * @throws {NotShownError}
 */
export async function shown<T>(who: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new NotShownError(`Coder shows that to ${who} alone`, { cause: error });
  }
}

/** Who may see the provisioners of an organization. */
export const OF_PROVISIONERS = "owners and template administrators";
