/** Pieces of generated pages. */

/** Says that nobody should edit the page, and what it is made of. */
export function banner(sources: string): string {
  return `<!-- Generated from ${sources} by \`deno task generate\`. Do not edit. -->`;
}

/** Prose for a table: one line, nothing but `code` that Markdown, HTML or the site's templates take for theirs. */
export function prose(text: string): string {
  return text.replace(/\s+/g, " ").trim().split(/(`[^`]+`)/).map((part, index) =>
    index % 2 === 1 ? part.replaceAll("|", "\\|") : escaped(part)
  ).join("");
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("{{", "&#123;&#123;").replaceAll("`", "&#96;")
    .replaceAll(/[|*_[\]]/g, (mark) => `\\${mark}`);
}

/** Code for a table; empty text gives nothing. */
export function code(text: string): string {
  if (text === "") return "";
  const line = text.replace(/\s+/g, " ").replaceAll("|", "\\|");
  if (!line.includes("`")) return `\`${line}\``;
  return `\`\` ${line} \`\``;
}

/** A table; each row has as many cells as `heads`. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Blocks with a blank line between. */
export function page(...blocks: readonly (string | readonly string[])[]): string {
  return `${blocks.flat().filter((block) => block !== "").join("\n\n")}\n`;
}
