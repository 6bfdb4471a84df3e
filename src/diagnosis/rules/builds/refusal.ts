/** What Coder refuses, by its words. */

/** A variable of the template has no value. */
export function isAboutVariables(message: string): boolean {
  return /\brequired template variables?\b|REQUIRED_TEMPLATE_VARIABLES/i.test(message);
}

/** The version cannot be built: its import failed, or is not over. */
export function isAboutVersion(message: string): boolean {
  return /\bfailed to import\b|\bversion\b.*\b(?:archived|was canceled|import(?:ing)?\b.*\b(?:failed|in progress))/i
    .test(message);
}

/** A value of a parameter is missing or not allowed. */
export function isAboutParameters(message: string): boolean {
  return /\bparameters?\b/i.test(message) && !isAboutVersion(message) && !isAboutVariables(message);
}
