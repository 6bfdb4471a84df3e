/** Names that the server makes. */

/** No vowels, and nothing that looks like another: no words come out of it. */
const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const SUFFIX = 5;
const MAX_NAME = 63;

/** How often a create with a made name is tried before the client hears that the name is taken. */
export const MAX_ATTEMPTS = 8;

/**
 * `prefix` with five letters and digits; 63 characters at most, for which the prefix is cut.
 *
 * @param random a whole number from 0 to below its argument
 */
export function generateName(prefix: string, random: (below: number) => number = secureRandom): string {
  const suffix = Array.from({ length: SUFFIX }, () => ALPHABET[random(ALPHABET.length)]).join("");
  return prefix.slice(0, MAX_NAME - SUFFIX) + suffix;
}

/** Each as likely as the others: bytes at the end that would favour some are drawn again. */
function secureRandom(below: number): number {
  const bytes = new Uint8Array(1);
  for (;;) {
    const value = crypto.getRandomValues(bytes)[0] ?? 0;
    if (value < 256 - 256 % below) return value % below;
  }
}
