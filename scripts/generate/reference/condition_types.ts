/** Types of conditions: where objects of the sources that are conditions name theirs. */
import { nodesOf, propertyOf, textOf, ts } from "./source.ts";

/** A type of condition, and a file that names it. */
export interface ConditionType {
  readonly type: string;
  readonly path: string;
}

const TYPE = /^[A-Z][A-Za-z]+$/;
/** Constants that name the condition of their file. */
const CONSTANT = /^(TYPE|CONDITION|ACCESS|[A-Z_]+_(TYPE|CONDITION))$/;
/** Lists of them. */
const LISTS = /^[A-Z_]*CONDITIONS$/;
/** Of Events, not of conditions. */
const EVENTS = ["Normal", "Warning"];

/** What the files name, each place once. */
export function conditionTypesOf(files: readonly ts.SourceFile[]): ConditionType[] {
  const constants = constantsOf(files);
  return files.flatMap((file) => {
    const types = new Set<string>();
    for (const node of nodesOf(file)) for (const type of typesAt(node, constants)) types.add(type);
    return [...types].filter((type) => TYPE.test(type) && !EVENTS.includes(type))
      .map((type) => ({ type, path: file.fileName }));
  });
}

/** Texts that one file exports and others use by name. */
function constantsOf(files: readonly ts.SourceFile[]): Map<string, string> {
  const constants = new Map<string, string>();
  for (const file of files) {
    for (const statement of file.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name, initializer } of statement.declarationList.declarations) {
        const text = textOf(initializer);
        if (text !== undefined && TYPE.test(text)) constants.set(name.getText(), text);
      }
    }
  }
  return constants;
}

function* typesAt(node: ts.Node, constants: ReadonlyMap<string, string>): Generator<string> {
  const textOrConstant = (given: ts.Expression | undefined) =>
    textOf(given) ?? (given === undefined ? undefined : constants.get(given.getText())) ?? "";
  if (ts.isObjectLiteralExpression(node)) {
    const isCondition = ["status", "becomes", "ends"].some((key) => propertyOf(node, key) !== undefined);
    if (isCondition) yield textOrConstant(propertyOf(node, "type"));
  } else if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
    const name = node.name.getText();
    if (CONSTANT.test(name)) yield textOf(node.initializer) ?? "";
    if (!LISTS.test(name)) return;
    for (const element of nodesOf(node.initializer)) if (ts.isStringLiteral(element)) yield element.text;
  } else if (
    ts.isCallExpression(node) && node.expression.getText() === "condition" &&
    node.getSourceFile().fileName.includes("/aggregated/")
  ) {
    yield textOf(node.arguments[0]) ?? "";
  }
}
