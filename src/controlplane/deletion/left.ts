/** What is left in a Coder, in words that can be read again: whoever goes on after a restart may not be able to ask. */

/** Names of what is left. */
export interface Left {
  /** As `owner/name`. */
  readonly workspaces: readonly string[];
  readonly templates: readonly string[];
  /** How many there are beside, of which no names are known. */
  readonly nameless: number;
}

/** More names than these are counted alone. */
const MOST_NAMES = 10;

const HEAD = "Left in Coder: ";

export function countOf({ workspaces, templates, nameless }: Left): number {
  return workspaces.length + templates.length + nameless;
}

/** One sentence without its full stop. Names in Coder have no full stops. */
export function wordsForLeft(left: Left): string {
  const parts = [
    part("workspace", left.workspaces),
    part("template", left.templates),
    ...(left.nameless > 0 ? [`${left.nameless} that cannot be read`] : []),
  ].filter((text) => text !== "");
  return HEAD + (parts.length === 0 ? "nothing" : parts.join(", "));
}

/** The sentence of {@linkcode wordsForLeft} that a message begins with; undefined where it says nothing of it. */
export function leftIn(message: string | undefined): string | undefined {
  return message?.startsWith(HEAD) === true ? message.split(".", 1)[0] : undefined;
}

function part(noun: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const shown = names.slice(0, MOST_NAMES).join(", ");
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `${names.length} ${noun}${names.length === 1 ? "" : "s"} (${shown}${more})`;
}
