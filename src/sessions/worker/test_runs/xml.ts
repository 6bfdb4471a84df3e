/** XML as test frameworks write it, and no more: there are no document types here, so there are no entities to expand. */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** All text that is directly in it. */
  readonly text: string;
}

/** What is no such XML. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

const MOST_DEPTH = 64;
const MOST_ELEMENTS = 200_000;
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", apos: "'", quot: '"' };
const NAME = /[A-Za-z_:][\w:.-]*/y;
const ATTRIBUTE = /\s+([A-Za-z_:][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const END = /\s*(\/?)>/y;

interface Open {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: Element[];
  readonly pieces: string[];
}

/** The root element of a document. @throws {XmlError} */
export function parseXml(text: string): Element {
  const document: Open = { name: "", attributes: {}, children: [], pieces: [] };
  const stack: Open[] = [document];
  let elements = 0;
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  while (at < text.length) {
    const open = stack.at(-1)!;
    if (text[at] !== "<") {
      const next = text.indexOf("<", at);
      const end = next === -1 ? text.length : next;
      open.pieces.push(decoded(text.slice(at, end), at));
      at = end;
    } else if (text.startsWith("<!--", at)) at = after(text, "-->", at + 4);
    else if (text.startsWith("<?", at)) at = after(text, "?>", at + 2);
    else if (text.startsWith("<![CDATA[", at)) {
      const end = after(text, "]]>", at + 9);
      open.pieces.push(text.slice(at + 9, end - 3));
      at = end;
    } else if (text.startsWith("<!", at)) {
      throw new XmlError(`a document type at ${at}: reports have none`);
    } else if (text.startsWith("</", at)) {
      const name = matched(NAME, text, at + 2)?.[0] ?? "";
      const end = matched(/\s*>/y, text, at + 2 + name.length);
      if (stack.length === 1 || name !== open.name || end === undefined) {
        throw new XmlError(`an end at ${at} that ends nothing`);
      }
      stack.pop();
      stack.at(-1)!.children.push(finished(open));
      at += 2 + name.length + end[0].length;
    } else {
      if (++elements > MOST_ELEMENTS) throw new XmlError(`more than ${MOST_ELEMENTS} elements`);
      if (stack.length > MOST_DEPTH) throw new XmlError(`elements within ${MOST_DEPTH} others`);
      at = begin(text, at, stack);
    }
  }
  if (stack.length > 1) throw new XmlError(`<${stack.at(-1)!.name}> has no end`);
  const [root, second] = document.children;
  if (root === undefined || second !== undefined || document.pieces.join("").trim() !== "") {
    throw new XmlError("there is not one root element");
  }
  return root;
}

/** A start tag; answers where it ends. */
function begin(text: string, at: number, stack: Open[]): number {
  const name = matched(NAME, text, at + 1)?.[0];
  if (name === undefined) throw new XmlError(`a < at ${at} that begins nothing`);
  const element: Open = { name, attributes: {}, children: [], pieces: [] };
  let next = at + 1 + name.length;
  for (;;) {
    const attribute = matched(ATTRIBUTE, text, next);
    if (attribute === undefined) break;
    const [all, key = "", double, single = ""] = attribute;
    // A name such as __proto__ is one of these as well.
    Object.defineProperty(element.attributes, key, {
      value: decoded(double ?? single, next),
      enumerable: true,
      configurable: true,
      writable: true,
    });
    next += all.length;
  }
  const end = matched(END, text, next);
  if (end === undefined) throw new XmlError(`<${name}> at ${at} is not closed`);
  if (end[1] === "/") stack.at(-1)!.children.push(finished(element));
  else stack.push(element);
  return next + end[0].length;
}

function finished({ name, attributes, children, pieces }: Open): Element {
  return { name, attributes, children, text: pieces.join("") };
}

function matched(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from);
  if (at === -1) throw new XmlError(`${end} is missing after ${from}`);
  return at + end.length;
}

function decoded(text: string, at: number): string {
  if (!text.includes("&")) return text;
  return text.replace(/&([^;&\s]{0,12})(;?)/g, (all, name: string, end: string) => {
    const code = /^#x[0-9a-f]{1,6}$/i.test(name)
      ? parseInt(name.slice(2), 16)
      : /^#[0-9]{1,7}$/.test(name)
      ? Number(name.slice(1))
      : undefined;
    if (end === "" || (code === undefined ? !Object.hasOwn(NAMED, name) : code > 0x10FFFF)) {
      throw new XmlError(`${all} near ${at} is no character`);
    }
    return code === undefined ? NAMED[name]! : String.fromCodePoint(code);
  }).toWellFormed();
}
