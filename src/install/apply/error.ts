/** An installation, or its end, that cannot go on. The message says what was tried and what to do. */
export class InstallError extends Error {
  override readonly name = "InstallError";
}
