/** What was looked at, and what came of it. */

/** Why something was not read. `unreachable`: nobody answered; `notServed`: this build or cluster has no such thing. */
export type Unread =
  | "forbidden"
  | "unauthorized"
  | "unreachable"
  | "timeout"
  | "rateLimited"
  | "notServed"
  | "failed";

/** What could not be read, such as `get Secret lab/db`, and why. */
export interface Missed {
  readonly what: string;
  readonly why: string;
}

/** The result of one look. Absent is an answer: it is not there. `missed`: parts of it that could not be read. */
export type Seen<T> =
  | { readonly state: "seen"; readonly value: T; readonly missed?: readonly Missed[] | undefined }
  | { readonly state: "absent" }
  | { readonly state: "unread"; readonly what: string; readonly kind: Unread; readonly why: string };

/** The value, where there is one. */
export function valueOf<T>(seen: Seen<T> | undefined): T | undefined {
  return seen?.state === "seen" ? seen.value : undefined;
}

/** It was looked for and is not there. */
export function isAbsent(seen: Seen<unknown> | undefined): boolean {
  return seen?.state === "absent";
}

/** It was to be read and could not be, for this reason or (without `kind`) for any. */
export function isUnread(seen: Seen<unknown> | undefined, kind?: Unread): boolean {
  return seen?.state === "unread" && (kind === undefined || seen.kind === kind);
}
