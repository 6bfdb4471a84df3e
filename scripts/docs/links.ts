/** Links of documents: files and anchors that they lead to must be there. Foreign addresses are listed, not asked. */
import { posix } from "node:path";
import { slug } from "./slug.ts";

/** One link of a document. */
export interface Link {
  readonly line: number;
  readonly href: string;
}

/** What a document links to, and what others can link to in it. */
export interface LinkedDocument {
  readonly links: readonly Link[];
  readonly anchors: ReadonlySet<string>;
}

const FOREIGN = /^[a-z][a-z0-9+.-]*:/i;
/** In text: `[text](address "title")`, also around an image and over a line's end. */
const INLINE = /\]\(\s*(<[^>]*>|[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/g;
const REFERENCE = /^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)>?/gm;
const HTML = /<(?:a|img|source|video)\b[^>]*?\b(?:href|src)=["']([^"']+)["']/gi;
const FRONT_LINK = /^[\s-]*(?:link|src|image): *["']?([^"'\s]+)/gm;

/** Reads a document of Markdown. */
export function readLinks(text: string): LinkedDocument {
  const [front] = /^---\n[\s\S]*?\n---\n/.exec(text) ?? [""];
  const body = blankedCode(`${front.replace(/[^\n]/g, " ")}${text.slice(front.length)}`);
  const links: Link[] = [];
  const find = (pattern: RegExp, where: string) => {
    for (const match of where.matchAll(pattern)) {
      const href = (match[1] ?? "").replace(/^<|>$/g, "");
      const at = (match.index ?? 0) + match[0].indexOf(match[1] ?? "");
      links.push({ line: where.slice(0, at).split("\n").length, href });
    }
  };
  find(FRONT_LINK, front);
  find(INLINE, body);
  find(REFERENCE, body);
  find(HTML, body);
  return { links: links.filter(({ href }) => href !== ""), anchors: anchorsOf(text, body) };
}

/** As many lines and columns, without what stands in fences, code and comments. */
function blankedCode(text: string): string {
  const blank = (part: string) => part.replace(/[^\n]/g, " ");
  return text
    .replace(/^( *)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^ *\2[`~]* *$/gm, blank)
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/(`+)(?!`)[\s\S]*?[^`]\1(?!`)/g, blank);
}

/** Headings, with `-1` and so on for those that stand again, and marks of HTML. */
function anchorsOf(text: string, blanked: string): Set<string> {
  const anchors = new Set<string>();
  const lines = text.split("\n");
  const visible = blanked.split("\n");
  for (const [index, line] of lines.entries()) {
    // Code of a heading belongs to its anchor; a heading in a fence is none.
    if (!/^ {0,3}#{1,6} /.test(visible[index] ?? "")) continue;
    const heading = /^ {0,3}#{1,6} +(.+?)(?: +#+)?$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const [, own] = /\{#([\w-]+)\}\s*$/.exec(heading) ?? [];
    const name = own ?? slug(plainText(heading));
    let unique = name;
    for (let count = 1; anchors.has(unique); count++) unique = `${name}-${count}`;
    anchors.add(unique);
  }
  for (const [, id = ""] of blanked.matchAll(/<[a-z]+\b[^>]*?\b(?:id|name)=["']([^"']+)["']/gi)) {
    anchors.add(id);
  }
  return anchors;
}

/** The text of a heading without its marks. */
function plainText(heading: string): string {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(`+)(.*?)\1/g, "$2")
    .replace(/(\*\*|__|\*)(.+?)\1/g, "$2")
    .replace(/<[^>]+>/g, "")
    .replace(/\\([[\]()*_`~#<>.!{}|-])/g, "$1");
}

/** What the project has. */
export interface Files {
  /** Documents by their paths from the root. */
  readonly documents: ReadonlyMap<string, string>;
  /** Whether a file or folder of that path is there. */
  exists(path: string): boolean;
}

export interface LinkReport {
  /** `docs/mcp.md:12: …` */
  readonly problems: string[];
  /** Addresses elsewhere, sorted, each once. */
  readonly foreign: string[];
}

/** Looks at every link of every document. */
export function checkLinks({ documents, exists }: Files): LinkReport {
  const read = new Map([...documents].map(([path, text]) => [path, readLinks(text)]));
  const problems: string[] = [];
  const foreign = new Set<string>();
  for (const [path, { links, anchors }] of read) {
    for (const { href, line } of links) {
      const problem = (what: string) => problems.push(`${path}:${line}: ${href} ${what}`);
      if (FOREIGN.test(href)) {
        foreign.add(href.replace(/#.*$/, ""));
        continue;
      }
      const [file = "", hash] = href.split("#", 2);
      const target = targetOf(path, decodeURIComponent(file));
      if (target.startsWith("..")) problem("leads out of the project");
      else if (file !== "" && !exists(target) && !(file.startsWith("/") && exists(`${target}.md`))) {
        problem("leads to nothing");
      } else if (hash !== undefined && hash !== "") {
        const there = file === "" ? anchors : (read.get(target) ?? read.get(`${target}.md`))?.anchors;
        if (there !== undefined && !there.has(decodeURIComponent(hash))) problem("leads to no heading");
      }
    }
  }
  return { problems, foreign: [...foreign].sort() };
}

/** From the root; `/x` is a page of the site. */
function targetOf(path: string, file: string): string {
  if (file === "") return path;
  if (file.startsWith("/")) return posix.normalize(`docs${file}`).replace(/\/$/, "/index");
  return posix.normalize(posix.join(posix.dirname(path), file)).replace(/\/$/, "");
}
