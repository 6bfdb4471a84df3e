/** What stores refuse, in the same words whichever it is. */
import { SessionError } from "../types.ts";

/** One more than the owner may have. */
export function tooManyOpen(open: number, most: number): SessionError {
  return new SessionError(
    "limit",
    `you have ${open} open sessions, and may have ${most}: close one (session.list, session.close), or use one that ` +
      "you have",
  );
}
