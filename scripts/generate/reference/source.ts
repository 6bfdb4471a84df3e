/** Reading the project's own sources, as syntax trees: what is registered and said where. */
import ts from "npm:typescript@5.9.3";

export { ts };

/** Files of `src` as trees, tests and what only they use aside; sorted by path. */
export async function sourceFiles(root: string, folders: readonly string[]): Promise<ts.SourceFile[]> {
  const paths: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory) {
        if (!["testing", "generated", "kubernetes"].includes(name) || path === "src/mcp/tools/kubernetes") {
          await walk(path);
        }
      } else if (/\.ts$/.test(name) && !/(_test|^testing.*)\.ts$/.test(name)) paths.push(path);
    }
  };
  for (const folder of folders) await walk(folder);
  return await Promise.all(
    paths.sort().map(async (path) => parse(path, await Deno.readTextFile(`${root}/${path}`))),
  );
}

/** One file as a tree. */
export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** Every node of a tree, from the top. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesOf(child);
}

/** Where a node is, for messages. */
export function placeOf(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

/** What the name of a constant of the file stands for, where that can be told; the node itself for everything else. */
export function resolved(node: ts.Expression): ts.Expression {
  if (!ts.isIdentifier(node)) return node;
  for (let scope: ts.Node | undefined = node.parent; scope !== undefined; scope = scope.parent) {
    if (ts.isFunctionLike(scope) && scope.parameters.some(({ name }) => name.getText() === node.text)) {
      return node;
    }
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope) && !ts.isModuleBlock(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name, initializer } of statement.declarationList.declarations) {
        if (ts.isIdentifier(name) && name.text === node.text && initializer !== undefined) {
          return bare(initializer);
        }
      }
    }
  }
  return node;
}

/** What names stand for at one run of a piece of code. */
export type Bindings = ReadonlyMap<string, ts.Expression>;

/**
 * What the parameters of the function around a node are, at each call of it; what the names of the loop around it are, for
 * each row of its list. Of several around it the nearest counts that has one of `names`.
 */
export function bindingsAround(
  node: ts.Node,
  names: readonly string[],
  files: readonly ts.SourceFile[],
): Bindings[] {
  for (let around: ts.Node | undefined = node.parent; around !== undefined; around = around.parent) {
    const found = ts.isForOfStatement(around)
      ? ofLoop(around)
      : ts.isFunctionLike(around)
      ? ofFunction(around, files)
      : [];
    if (found.some((bindings) => names.some((name) => bindings.has(name)))) return found;
  }
  return [];
}

function ofLoop({ initializer, expression }: ts.ForOfStatement): Bindings[] {
  const pattern = ts.isVariableDeclarationList(initializer) ? initializer.declarations[0]?.name : undefined;
  const list = bare(resolved(bare(expression)));
  if (pattern === undefined || !ts.isArrayLiteralExpression(list)) return [];
  return list.elements.map((row) => bound(pattern, row));
}

function ofFunction(around: ts.SignatureDeclaration, files: readonly ts.SourceFile[]): Bindings[] {
  const name = ts.isVariableDeclaration(around.parent)
    ? around.parent.name.getText()
    : around.name?.getText();
  if (name === undefined) return [];
  const isOwn = (callee: ts.Expression) =>
    ts.isIdentifier(callee) ? callee.text === name : callee.getText() === `this.${name}`;
  // What is inside of another function, or not exported, is called in its own file alone.
  const isShared = ts.isFunctionDeclaration(around) && ts.isSourceFile(around.parent);
  const searched = isShared ? files : [around.getSourceFile()];
  return searched.flatMap((file) => file.text.includes(name) ? [...nodesOf(file)] : []).flatMap((call) => {
    if (!ts.isCallExpression(call) || !isOwn(call.expression)) return [];
    const pairs = around.parameters.flatMap((parameter, index) => {
      const argument = call.arguments[index] ?? parameter.initializer;
      return argument === undefined ? [] : [...bound(parameter.name, argument)];
    });
    return [new Map(pairs)];
  });
}

/** The names of a pattern, with what they get of a value. */
function bound(pattern: ts.BindingName, given: ts.Expression): Map<string, ts.Expression> {
  const value = bare(resolved(bare(given)));
  if (ts.isIdentifier(pattern)) return new Map([[pattern.text, value]]);
  const pairs = new Map<string, ts.Expression>();
  pattern.elements.forEach((element, index) => {
    if (!ts.isBindingElement(element) || !ts.isIdentifier(element.name)) return;
    const key = (element.propertyName ?? element.name).getText();
    const part = ts.isArrayLiteralExpression(value)
      ? value.elements[index]
      : ts.isObjectLiteralExpression(value)
      ? propertyOf(value, key)
      : undefined;
    if (part !== undefined) pairs.set(element.name.text, part);
  });
  return pairs;
}

/** The value of a property that is written in an object. */
export function propertyOf(object: ts.ObjectLiteralExpression, key: string): ts.Expression | undefined {
  for (const property of object.properties) {
    if (ts.isPropertyAssignment(property) && property.name.getText() === key) return property.initializer;
    if (ts.isShorthandPropertyAssignment(property) && property.name.text === key) return property.name;
  }
  return undefined;
}

/** Without what is for types alone. */
export function bare(node: ts.Expression): ts.Expression {
  if (
    ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isParenthesizedExpression(node) ||
    ts.isNonNullExpression(node)
  ) {
    return bare(node.expression);
  }
  return node;
}

const NOTHING: Bindings = new Map();

/** A text that is written in the source, put together of several where it is; undefined where it is computed. */
export function textOf(given: ts.Expression | undefined, bindings: Bindings = NOTHING): string | undefined {
  if (given === undefined) return undefined;
  const inner = bare(given);
  const node = (ts.isIdentifier(inner) ? bindings.get(inner.text) : undefined) ?? bare(resolved(inner));
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [textOf(node.left, bindings), textOf(node.right, bindings)];
    return left === undefined || right === undefined ? undefined : left + right;
  }
  if (ts.isTemplateExpression(node)) {
    let text = node.head.text;
    for (const { expression, literal } of node.templateSpans) {
      const part = textOf(expression, bindings);
      if (part === undefined) return undefined;
      text += part + literal.text;
    }
    return text;
  }
  return undefined;
}

/** The names that an expression uses. */
export function namesIn(node: ts.Node): string[] {
  return [...nodesOf(node)].flatMap((one) => ts.isIdentifier(one) ? [one.text] : []);
}

/** A text for readers: what is computed is `…`. */
export function wordsOf(given: ts.Expression): string {
  const node = bare(given);
  const whole = textOf(node);
  if (whole !== undefined) return whole;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return wordsOf(node.left) + wordsOf(node.right);
  }
  if (ts.isTemplateExpression(node)) {
    return node.head.text +
      node.templateSpans.map(({ expression, literal }) => (textOf(expression) ?? "…") + literal.text).join(
        "",
      );
  }
  return "…";
}

/** A text of a list, and what the comment before it says. */
export interface Member {
  readonly text: string;
  readonly comment: string;
}

/** The texts of a union or a list, with their comments; in their order. */
export function membersIn(node: ts.Node): Member[] {
  const source = node.getSourceFile().text;
  return [...nodesOf(node)].flatMap((one) =>
    ts.isStringLiteral(one) ? [{ text: one.text, comment: commentBefore(source, one.getStart()) }] : []
  );
}

/** The same of a type or a constant of a file, by its name. */
export function listOfNamed(file: ts.SourceFile, name: string): Member[] {
  for (const node of nodesOf(file)) {
    if (ts.isTypeAliasDeclaration(node) && node.name.text === name) return membersIn(node.type);
    if (ts.isVariableDeclaration(node) && node.name.getText() === name && node.initializer !== undefined) {
      return membersIn(node.initializer);
    }
  }
  return [];
}

/** The comment of documentation right before a member of a union (before its bar) or of a list. */
function commentBefore(source: string, start: number): string {
  const head = source.slice(0, start).trimEnd().replace(/\|$/, "").trimEnd();
  if (!head.endsWith("*/")) return "";
  const text = head.slice(head.lastIndexOf("/**") + 3, -2);
  return text.replace(/^\s*\*/gm, "").replace(/\s+/g, " ").trim();
}
