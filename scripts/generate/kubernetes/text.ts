/** Short descriptions: the first sentence of a long one, without links and mark-up. */

/**
 * The first sentence, on one line, at most `limit` characters (cut at a word, with an ellipsis).
 * Line breaks, mark-up back-quotes and "More info" links are dropped.
 */
export function firstSentence(description: string | undefined, limit: number): string {
  const text = (description ?? "").replace(/\s+/g, " ").replace(/`/g, "").trim();
  const withoutLink = text.replace(/\s*More info:.*$/i, "");
  const end = withoutLink.search(/(?<!\b(?:e\.g|i\.e|etc|vs))\.(?:\s|$)/);
  const sentence = end < 0 ? withoutLink : withoutLink.slice(0, end + 1);
  if (sentence.length <= limit) return sentence;
  const cut = sentence.slice(0, limit - 1);
  const space = cut.lastIndexOf(" ");
  return `${(space > 0 ? cut.slice(0, space) : cut).replace(/[,;:(]+$/, "")}…`;
}
