/** What was said between a client and the product, for the documentation: written by the test that had it said. */

const PATH = new URL("../../docs/mcp-transcript.md", import.meta.url);

/** Set, the document is written anew instead of compared. */
export const UPDATE_VARIABLE = "UPDATE_TRANSCRIPT";

/** Parts that are others with each run, and what stands for them. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "b5d3c4de-…"],
  [/planToken: \S+/g, "planToken: eyJ…"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "2026-11-22T09:00:00Z"],
  [/(<<<|between the two lines <<<)[0-9a-f]{8}/g, "$1f3a91c07"],
  [/[0-9a-f]{8}>>>/g, "f3a91c07>>>"],
  [/v2\.\d+\.\d+[-+.\w]*/g, "v2.30.0"],
  [/127\.0\.0\.1:\d+/g, "coder.example.com"],
];

export class Transcript {
  readonly #parts: string[] = [];

  /** What comes next, in a sentence. */
  tell(text: string): void {
    this.#parts.push(text);
  }

  add(tool: string, args: Readonly<Record<string, unknown>>, text: string): void {
    const said = Object.entries(args).map(([name, value]) =>
      `${name}: ${name === "planToken" ? "eyJ…" : JSON.stringify(value)}`
    );
    const call = `> ${tool}${said.length === 0 ? "" : ` { ${said.join(", ")} }`}`;
    this.#parts.push(`\`\`\`text\n${call}\n\n${stable(text)}\n\`\`\``);
  }

  markdown(): string {
    return [
      "# What it looks like",
      "<!-- Written by tests/mcp/product_test.ts; UPDATE_TRANSCRIPT=1 writes it anew. -->",
      "What an AI client says to the [MCP server](mcp.md), and what it gets: text, of clients that take structured\n" +
      "content besides. A real Coder, a real API server; names of tokens and times are made up.",
      ...this.#parts,
    ].join("\n\n") + "\n";
  }

  /** What the document says, or is to say. Throws where it says something else. */
  async compare(equal: (actual: string, expected: string) => void): Promise<void> {
    const markdown = this.markdown();
    if (Deno.env.get(UPDATE_VARIABLE)) return await Deno.writeTextFile(PATH, markdown);
    equal(markdown, await Deno.readTextFile(PATH));
  }
}

function stable(text: string): string {
  return VOLATILE.reduce((kept, [pattern, instead]) => kept.replaceAll(pattern, instead), text).trimEnd();
}
