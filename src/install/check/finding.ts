/** Short ways to say what was found. */
import type { Reading } from "./reading.ts";
import type { Finding } from "./types.ts";

type Say = (text: string, ...next: string[]) => Finding;

/** Findings of one check. */
export function sayings(check: string): {
  readonly ok: Say;
  readonly warning: Say;
  readonly failed: Say;
  readonly unknown: Say;
  /** For what could not be read. @param what `the APIService` */
  unread(what: string, reading: Extract<Reading<unknown>, { state: "unread" }>): Finding;
} {
  const say = (verdict: Finding["verdict"]): Say => (text, ...next) => ({ check, verdict, text, next });
  const unknown = say("unknown");
  return {
    ok: say("ok"),
    warning: say("warning"),
    failed: say("failed"),
    unknown,
    unread: (what, { why, forbidden }) =>
      unknown(
        `${what} could not be read: ${why}`,
        forbidden
          ? "Ask somebody with more rights to run this."
          : "Run this again; see whether the API server is well.",
      ),
  };
}
