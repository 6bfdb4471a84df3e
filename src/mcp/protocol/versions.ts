/** Which protocols are spoken, and how they differ for us. */

/** Those that begin with `initialize`, newest first. */
export const SESSION_VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
/** The one without sessions. */
export const MODERN_VERSION = "2026-07-28";
/** What a request of the session era speaks where nothing says so. */
export const UNSAID_VERSION = "2025-03-26";

/** Whether it is one of {@linkcode SESSION_VERSIONS}. */
export function isSessionVersion(version: string): boolean {
  return (SESSION_VERSIONS as readonly string[]).includes(version);
}

/** Answers of tools as data, with schemas. Versions compare as their dates do. */
export const hasStructuredContent = (version: string): boolean => version >= "2025-06-18";
export const hasAnnotations = (version: string): boolean => version >= "2025-03-26";
/** Several messages in one request. */
export const hasBatches = (version: string): boolean => version < "2025-06-18";
export const hasElicitation = (version: string): boolean => version >= "2025-06-18";
