/** Reading YAML as kubectl and the API server understand it: version 1.1 without times, as values of JSON. */
import {
  type Document,
  isAlias,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type ParsedNode,
  type Tags,
} from "yaml";
import { type Json, type JsonObject, setField } from "./json_value.ts";
import { MalformedError, MAX_DEPTH, MAX_DUPLICATES, type Parsed, tooDeep } from "./parsed.ts";

/** How much aliases may stand for, together: characters of texts, and one for every value. */
export const MAX_ALIASED = 3 * 1024 * 1024;

/** Of a text, as marks, words and the like: what it costs to read it grows with them. JSON has no such limit. */
export const MAX_TOKENS = 200_000;

/** What stays text: JSON has no such values. */
const NO_JSON = ["tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:binary", "tag:yaml.org,2002:set"];
const SEXAGESIMAL = "TIME";

/** The first document of a text. @throws {MalformedError} for what is no YAML, or means no JSON */
export function parseYaml(text: string): Parsed {
  limitTokens(text);
  const lines = new LineCounter();
  const [first] = parseAllDocuments(text, {
    version: "1.1",
    customTags: (tags) => tags.filter(isOfJson),
    lineCounter: lines,
    logLevel: "silent",
    prettyErrors: false,
    uniqueKeys: false,
  }) as Document.Parsed[];
  if (first === undefined) return { value: null, duplicates: [] };
  const [mistake] = first.errors;
  if (mistake !== undefined) {
    // The composer calls itself for what lies in something.
    if (mistake.message.includes("call stack")) throw tooDeep();
    throw new MalformedError(`line ${lines.linePos(mistake.pos[0]).line}: ${mistake.message}`);
  }
  return new Reader(lines).document(first.contents);
}

function limitTokens(text: string): void {
  let count = 0;
  for (const _ of new Lexer().lex(text)) {
    if (++count > MAX_TOKENS) {
      throw new MalformedError(
        `there are more than ${MAX_TOKENS} marks and words: send JSON, which has no such limit`,
      );
    }
  }
}

function isOfJson(tag: Tags[number]): boolean {
  if (typeof tag === "string") return true;
  return !NO_JSON.includes(tag.tag) && !("format" in tag && tag.format === SEXAGESIMAL);
}

class Reader {
  readonly #duplicates: string[] = [];
  /** As they come: an alias means the last one before it. */
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<ParsedNode>();
  #aliased = 0;
  #insideAlias = 0;

  constructor(readonly lines: LineCounter) {}

  document(node: ParsedNode | null): Parsed {
    return { value: this.#value(node, 0), duplicates: this.#duplicates };
  }

  #value(node: ParsedNode | null, depth: number): Json {
    if (depth > MAX_DEPTH) throw tooDeep();
    if (isAlias(node)) return this.#alias(node.source, depth);
    this.#count(1);
    if (node === null) return null;
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node.value);
    this.#open.add(node);
    const value = isSeq(node)
      ? node.items.map((item) => this.#value(item as ParsedNode, depth + 1))
      : this.#map(node.items as Pair<ParsedNode, ParsedNode | null>[], depth);
    this.#open.delete(node);
    return value;
  }

  #alias(name: string, depth: number): Json {
    const node = this.#anchors.get(name);
    if (node === undefined) throw new MalformedError(`unknown anchor ${JSON.stringify(name)}`);
    if (this.#open.has(node)) {
      throw new MalformedError(`the anchor ${JSON.stringify(name)} contains itself`);
    }
    this.#insideAlias++;
    const value = this.#value(node, depth);
    this.#insideAlias--;
    return value;
  }

  #scalar(value: unknown): Json {
    if (typeof value === "string") {
      this.#count(value.length);
      return value.toWellFormed();
    }
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new MalformedError(`${String(value)} is no value of JSON`);
  }

  #map(pairs: readonly Pair<ParsedNode, ParsedNode | null>[], depth: number): JsonObject {
    const object: JsonObject = {};
    const merged: JsonObject[] = [];
    for (const { key, value } of pairs) {
      if (isMergeKey(key)) {
        merged.push(...this.#merged(value, depth + 1));
        continue;
      }
      const name = this.#name(key);
      if (Object.hasOwn(object, name)) this.#tellTwice(name, key);
      setField(object, name, this.#value(value, depth + 1));
    }
    // What is written out wins over what is merged in, and the first merged over later ones.
    for (const [name, value] of merged.flatMap((one) => Object.entries(one))) {
      if (!Object.hasOwn(object, name)) setField(object, name, value);
    }
    return object;
  }

  #merged(node: ParsedNode | null, depth: number): JsonObject[] {
    const value = this.#value(node, depth);
    const all = Array.isArray(value) ? value : [value];
    return all.map((one) => {
      if (typeof one === "object" && one !== null && !Array.isArray(one)) return one;
      throw new MalformedError("only maps can be merged with <<");
    });
  }

  #name(key: ParsedNode): string {
    const value = isScalar(key) || isAlias(key) ? this.#value(key, 0) : null;
    if (typeof value === "string") return value;
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    throw new MalformedError("names of fields must be text");
  }

  #tellTwice(name: string, key: ParsedNode): void {
    if (this.#duplicates.length >= MAX_DUPLICATES) return;
    const { line } = this.lines.linePos(key.range[0]);
    this.#duplicates.push(`line ${line}: key ${JSON.stringify(name)} already set in map`);
  }

  #count(size: number): void {
    if (this.#insideAlias === 0) return;
    this.#aliased += size;
    if (this.#aliased > MAX_ALIASED) {
      throw new MalformedError("the document contains excessive aliasing");
    }
  }
}

function isMergeKey(key: ParsedNode): boolean {
  if (!isScalar(key) || (key.type ?? "PLAIN") !== "PLAIN") return false;
  return key.value === "<<" || (typeof key.value === "symbol" && key.value.description === "<<");
}
