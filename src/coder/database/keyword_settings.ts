/** Connection settings as a list of `key=value`, with lib/pq's quoting, since that is what Coder reads them with. */
import { invalidAddress } from "./errors.ts";

const SPACE = /\s/u;

/**
 * Reads `host=db user='a b' password=it\'s`. A later key replaces an earlier one.
 *
 * @throws {DatabaseError} `invalidAddress`; it tells the place and none of the text, which may be a password
 */
export function keywordSettings(text: string): Map<string, string> {
  const settings = new Map<string, string>();
  const characters = [...text];
  let at = 0;
  const skipSpaces = () => {
    while (SPACE.test(characters[at] ?? "")) at++;
  };
  for (skipSpaces(); at < characters.length; skipSpaces()) {
    const start = at;
    while (at < characters.length && characters[at] !== "=" && !SPACE.test(characters[at] ?? "")) at++;
    const key = characters.slice(start, at).join("");
    skipSpaces();
    if (characters[at] !== "=" || key === "") {
      throw invalidAddress(
        `there is no key=value at character ${start + 1}; a URL begins with postgres://`,
      );
    }
    at++;
    skipSpaces();
    const value = characters[at] === "'" ? quoted() : plain();
    settings.set(key, value);
  }
  return settings;

  function plain(): string {
    let value = "";
    for (; at < characters.length && !SPACE.test(characters[at] ?? ""); at++) {
      if (characters[at] === "\\" && ++at === characters.length) {
        throw invalidAddress("it ends with a backslash that escapes nothing");
      }
      value += characters[at] ?? "";
    }
    return value;
  }

  function quoted(): string {
    const start = at++;
    let value = "";
    for (; characters[at] !== "'"; at++) {
      if (characters[at] === "\\") at++;
      if (at >= characters.length) throw invalidAddress(`the quote at character ${start + 1} does not end`);
      value += characters[at] ?? "";
    }
    at++;
    return value;
  }
}
