/** Writes the tree of a template as text. */
import { stringify } from "yaml";
import { type ListNode, type MapNode, type Node, or, type Part, type Scalar } from "./tree.ts";

/** How texts of the object become expressions. */
export interface EmitOptions {
  /** Texts that stand for values, wherever they are part of a scalar, and their expressions. @default none */
  readonly names?: ReadonlyMap<string, string>;
}

/** The template of one object, without the line `---`; ends with a line break. */
export function emit(tree: MapNode, options: EmitOptions = {}): string {
  return `${mapLines(tree, 0, options).join("\n")}\n`;
}

function mapLines(map: MapNode, indent: number, options: EmitOptions): string[] {
  return blocks(map, indent, (part, value) => entryLines(part.key, value, indent, options));
}

function listLines(list: ListNode, indent: number, options: EmitOptions): string[] {
  return blocks(list, indent, (_part, value) => itemLines(value, indent, options));
}

/** All parts, those of one condition in one block. */
function blocks({ entries }: MapNode | ListNode, indent: number, write: Write): string[] {
  const lines: string[] = [];
  const say = (action: string) => lines.push(`${" ".repeat(indent)}{{- ${action} }}`);
  for (const run of runs(entries, (part) => conditionOf(part) ?? "")) {
    const when = conditionOf(run[0]!);
    if (when !== undefined) say(`if ${when}`);
    for (const same of runs(run, choicesOf)) {
      const choices = same[0]!.instead ?? [];
      for (const [index, choice] of choices.entries()) {
        say(`${index === 0 ? "if" : "else if"} ${choice.when}`);
        for (const part of same) lines.push(...write(part, part.instead![index]!.value));
      }
      if (choices.length > 0) say("else");
      for (const part of same) lines.push(...write(part, withoutCondition(part, when)));
      if (choices.length > 0) say("end");
    }
    if (when !== undefined) say("end");
  }
  return lines;
}

type Write = (part: Part, value: Node) => string[];

const choicesOf = ({ instead = [] }: Part) => JSON.stringify(instead.map(({ when }) => when));

/** Neighbours with the same key, together. */
function runs<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const found: T[][] = [];
  let last: string | undefined;
  for (const item of items) {
    const own = key(item);
    if (own === last) found.at(-1)!.push(item);
    else found.push([item]);
    last = own;
  }
  return found;
}

/** A part's condition: its own, or, where everything in it depends on conditions, that one of these holds. */
function conditionOf({ when, value, isBase }: Part): string | undefined {
  if (when !== undefined) return when;
  if (isBase === true || (value.kind !== "map" && value.kind !== "list") || value.entries.length === 0) {
    return undefined;
  }
  const inner = value.entries.map(conditionOf);
  return inner.every((each) => each !== undefined) ? or(inner) : undefined;
}

/** What stands under the condition `when` need not ask for it again. */
function withoutCondition({ value }: Part, when: string | undefined): Node {
  if (when === undefined || (value.kind !== "map" && value.kind !== "list")) return value;
  const entries = value.entries.map((each): Part => {
    if (conditionOf(each) !== when) return each;
    const { when: _said, ...rest } = each;
    return { ...rest, value: withoutCondition(each, when), isBase: true };
  });
  return { ...value, entries };
}

function entryLines(key: string | undefined, value: Node, indent: number, options: EmitOptions): string[] {
  const space = " ".repeat(indent);
  if (key === undefined) {
    if (value.kind !== "values") throw new Error("only values may stand in a map without a key");
    return [`${space}{{- ${value.expression} | nindent ${indent} }}`];
  }
  const name = `${space}${scalarText({ kind: "scalar", value: key }, indent, {})}:`;
  switch (value.kind) {
    case "values":
      return [name, `${space}  {{- ${value.expression} | nindent ${indent + 2} }}`];
    case "expression":
      return [`${name} {{ ${value.expression} }}`];
    case "scalar":
      return [`${name} ${scalarText(value, indent, options)}`];
    case "map":
      return value.entries.length === 0 ? [`${name} {}`] : [name, ...mapLines(value, indent + 2, options)];
    case "list":
      return value.entries.length === 0 ? [`${name} []`] : [name, ...listLines(value, indent + 2, options)];
  }
}

function itemLines(value: Node, indent: number, options: EmitOptions): string[] {
  const space = " ".repeat(indent);
  switch (value.kind) {
    case "values":
      return [`${space}{{- ${value.expression} | nindent ${indent} }}`];
    case "expression":
      return [`${space}- {{ ${value.expression} }}`];
    case "scalar":
      return [`${space}- ${scalarText(value, indent, options)}`];
    case "list":
      if (value.entries.length === 0) return [`${space}- []`];
      return [`${space}-`, ...listLines(value, indent + 2, options)];
    case "map": {
      if (value.entries.length === 0) return [`${space}- {}`];
      const [first = "", ...rest] = mapLines(value, indent + 2, options);
      const isAction = first.trimStart().startsWith("{{");
      return isAction ? [`${space}-`, first, ...rest] : [`${space}- ${first.trimStart()}`, ...rest];
    }
  }
}

/** A scalar after its key or dash, which stands at `indent`. What would be an action of Helm's is quoted from it. */
function scalarText({ value }: Scalar, indent: number, { names = new Map() }: EmitOptions): string {
  const whole = typeof value === "string" ? names.get(value) : undefined;
  if (whole !== undefined) return `{{ ${whole} | quote }}`;
  // As a value of a map: the lines of a long text are two columns in from its key then.
  const written = stringify({ k: value }, { lineWidth: 0 }).slice("k: ".length).replace(/\n$/, "");
  let text = written.replaceAll("{{", '{{ "{{" }}');
  for (const [name, expression] of names) text = text.replaceAll(name, `{{ ${expression} }}`);
  const [first = "", ...rest] = text.split("\n");
  const space = " ".repeat(indent);
  return [first, ...rest.map((line) => line === "" ? "" : `${space}${line}`)].join("\n");
}
