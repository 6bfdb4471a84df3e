/** Names that nobody can guess. */

/** 32 characters: one is five bits. */
const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const SESSION_ID = /^sess-[a-z0-9]{16}$/;

/** `length` random letters and digits. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join("");
}

/** `sess-`, `ckpt-` or `arch-` with 80 random bits. */
export function randomId(kind: "sess" | "ckpt" | "arch"): string {
  return `${kind}-${randomText(16)}`;
}

/** Whether it is a session's id rather than a name. */
export function isSessionId(ref: string): boolean {
  return SESSION_ID.test(ref);
}
