/** What goes wrong with sources, in words that are shown to whoever reads the template: no secrets, no bodies of answers. */

export type SourceReason =
  /** `spec.source`, or its Secret, cannot be so. */
  | "InvalidSource"
  | "SecretMissing"
  /** The credentials are refused, or there are none. */
  | "AuthenticationFailed"
  /** The server is not the one that it should be: its certificate or its host key. */
  | "UntrustedServer"
  /** Repository, branch, tag, commit, artifact or folder are not there. */
  | "NotFound"
  /** It may be there later. */
  | "Unreachable"
  | "TooLarge"
  /** It holds what a template cannot be made of. */
  | "InvalidContent";

export class SourceError extends Error {
  override readonly name = "SourceError";

  constructor(readonly reason: SourceReason, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The words of an error of a library or of the runtime: one line, without what a terminal would obey. */
export function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // deno-lint-ignore no-control-regex -- they are what is taken away
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, " ").trim().toWellFormed().slice(0, 300);
}
