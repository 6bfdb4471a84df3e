/** Diagrams as text: a fence of `mermaid` becomes a component that draws it in the browser. */

/** What is used of markdown-it. */
interface Markdown {
  readonly renderer: { readonly rules: Record<string, Rule | undefined> };
}
// deno-lint-ignore no-explicit-any -- markdown-it's own, which is no dependency of the project
type Rule = (...given: any[]) => string;

/** Makes markdown-it render them. */
export function diagrams(markdown: Markdown): void {
  const fence = markdown.renderer.rules["fence"];
  markdown.renderer.rules["fence"] = (tokens, index, ...more) => {
    const { info, content } = tokens[index];
    if (info.trim() !== "mermaid") return fence?.(tokens, index, ...more) ?? "";
    return `<Mermaid code="${encodeURIComponent(content)}" />\n`;
  };
}
