/** What stores refuse, in the same words whichever it is. */
import { SessionError, type SessionRecord } from "../types.ts";

/** One more than the owner may have. */
export function tooManyOpen(open: number, most: number): SessionError {
  return new SessionError(
    "limit",
    `you have ${open} open sessions, and may have ${most}: close one (session.list, session.close), or use one that ` +
      "you have",
  );
}

export function idTaken({ id }: Pick<SessionRecord, "id">): SessionError {
  return new SessionError("conflict", `there is a session ${id} already`);
}

export function nameTaken({ name }: Pick<SessionRecord, "name">): SessionError {
  return new SessionError(
    "conflict",
    `there is an open session named ${name} already: use it, close it, or take another name`,
  );
}

/** Of one that is there and is written. */
export function nameTakenByOther({ name }: Pick<SessionRecord, "name">): SessionError {
  return new SessionError("conflict", `there is another open session named ${name}`);
}
