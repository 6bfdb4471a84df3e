/** Anchors of headings as GitHub makes them: the documents are read there, too. */

/** Of one heading's text, without Markdown. */
export function slug(text: string): string {
  return text.trim().toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
}
