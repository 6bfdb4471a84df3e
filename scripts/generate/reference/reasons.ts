/** Reasons, as conditions, Events and refusals carry them: every place of the sources that names one. */
import { bare, membersIn, nodesOf, propertyOf, resolved, textOf, ts, wordsOf } from "./source.ts";

/** A place that names a reason. */
export interface Said {
  readonly reason: string;
  /** Of the condition, or `Normal` and `Warning` of an Event; empty where the place does not say it. */
  readonly type: string;
  /** The message beside it, `…` for what is computed; empty where there is none. */
  readonly message: string;
  /** The file. */
  readonly path: string;
}

const REASON = /^[A-Z][a-z]+[A-Za-z]*$/;
const MESSAGES = ["message", "note", "text", "what", "words", "why"];
/** Parameters and properties that are reasons. */
const NAMES = /^(reason|\w+Reason)$/;

/** Functions that take a reason: where among their arguments it is, and its message. */
type Takers = ReadonlyMap<
  string,
  { readonly reason: number; readonly message: number; readonly type: number }
>;

/** Everything that the files say. */
export function reasonsOf(files: readonly ts.SourceFile[]): Said[] {
  const takers = takersOf(files);
  return files.flatMap((file) => [...nodesOf(file)].flatMap((node) => [...saidAt(node, takers)]));
}

function* saidAt(node: ts.Node, takers: Takers): Generator<Said> {
  const path = node.getSourceFile().fileName;
  const say = function* (
    given: ts.Expression | undefined,
    message: ts.Expression | undefined,
    type: ts.Expression | undefined,
  ) {
    for (const reason of literalsOf(given)) {
      yield { reason, path, type: typeText(type), message: messageText(message) };
    }
  };
  if (ts.isObjectLiteralExpression(node)) {
    const message = MESSAGES.map((name) => propertyOf(node, name)).find((found) => found !== undefined);
    yield* say(propertyOf(node, "reason"), message, propertyOf(node, "type"));
  } else if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    const called = nameOf(node.expression);
    const taker = takers.get(`${path} ${called}`) ?? takers.get(called);
    if (taker === undefined) return;
    const argument = (index: number) => index < 0 ? undefined : node.arguments?.[index];
    yield* say(argument(taker.reason), argument(taker.message), argument(taker.type));
  } else if (ts.isArrayLiteralExpression(node) && node.elements.length === 2) {
    // What is told when a condition becomes true, or stops being so.
    const [type, reason] = node.elements.map((element) => textOf(element) ?? "");
    if (/^(Normal|Warning)$/.test(type ?? "")) {
      yield { reason: reason ?? "", type: type ?? "", path, message: "" };
    } else if (REASON.test(type ?? "") && / /.test(reason ?? "")) {
      yield { reason: type ?? "", type: "", path, message: reason ?? "" };
    }
  } else if (ts.isVariableDeclaration(node) && /_WORDS$/.test(node.name.getText())) {
    yield* wordTable(node, path);
  } else if (ts.isVariableDeclaration(node) && NAMES.test(node.name.getText())) {
    yield* say(node.initializer, undefined, undefined);
  } else if (ts.isReturnStatement(node) && answersReason(node)) {
    yield* say(node.expression, undefined, undefined);
  } else if (ts.isTypeAliasDeclaration(node) && /Reason$/.test(node.name.text)) {
    for (const said of literalTypes(node.type)) yield { ...said, path, type: "" };
  } else if (ts.isPropertySignature(node) && node.name.getText() === "reason" && node.type !== undefined) {
    for (const said of literalTypes(node.type)) yield { ...said, path, type: "" };
  }
}

/** Reasons with what is said of them, as a table. */
function* wordTable({ initializer }: ts.VariableDeclaration, path: string): Generator<Said> {
  if (initializer === undefined || !ts.isObjectLiteralExpression(initializer)) return;
  for (const property of initializer.properties) {
    const reason = property.name?.getText() ?? "";
    if (!ts.isPropertyAssignment(property) || !REASON.test(reason)) continue;
    yield { reason, path, type: "", message: messageText(property.initializer) };
  }
}

/** Texts that an expression can come to, of those that are written in it. */
function literalsOf(given: ts.Expression | undefined): string[] {
  if (given === undefined) return [];
  const node = bare(given);
  if (ts.isConditionalExpression(node)) return [...literalsOf(node.whenTrue), ...literalsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node)) {
    const kind = node.operatorToken.kind;
    const isEither = kind === ts.SyntaxKind.QuestionQuestionToken || kind === ts.SyntaxKind.BarBarToken;
    return isEither ? [...literalsOf(node.left), ...literalsOf(node.right)] : [];
  }
  if (ts.isIdentifier(node)) {
    const value = resolved(node);
    return value === node ? [] : literalsOf(value);
  }
  if (ts.isElementAccessExpression(node)) {
    const table = resolved(bare(node.expression) as ts.Expression);
    return ts.isObjectLiteralExpression(table)
      ? table.properties.flatMap((property) =>
        ts.isPropertyAssignment(property) ? literalsOf(property.initializer) : []
      )
      : [];
  }
  const text = textOf(node);
  return text !== undefined && REASON.test(text) ? [text] : [];
}

/** The members of a union, with what the comments before them say. */
function literalTypes(type: ts.TypeNode): { reason: string; message: string }[] {
  return membersIn(type).filter(({ text }) => REASON.test(text))
    .map(({ text, comment }) => ({ reason: text, message: comment }));
}

/** A function by whose name or type it gives a reason. */
function answersReason(node: ts.Node): boolean {
  for (let around: ts.Node | undefined = node.parent; around !== undefined; around = around.parent) {
    if (!ts.isFunctionLike(around)) continue;
    const name = ts.isVariableDeclaration(around.parent)
      ? around.parent.name.getText()
      : around.name?.getText() ?? "";
    return /reason(Of|For)?$/i.test(name) || /Reason$/.test(around.type?.getText() ?? "");
  }
  return false;
}

/** By the names of their parameters; of a file's own functions, with the file before the name. */
function takersOf(files: readonly ts.SourceFile[]): Takers {
  const takers = new Map<string, { reason: number; message: number; type: number }>();
  for (const file of files) {
    for (const node of nodesOf(file)) {
      if (!ts.isFunctionLike(node)) continue;
      const names = node.parameters.map(({ name }) => name.getText());
      const reason = names.findIndex((name) => NAMES.test(name));
      const name = ts.isConstructorDeclaration(node)
        ? node.parent.name?.text
        : ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent)
        ? node.parent.name.getText()
        : node.name?.getText();
      if (reason < 0 || name === undefined) continue;
      takers.set(isShared(node) ? name : `${file.fileName} ${name}`, {
        reason,
        message: names.findIndex((name) => MESSAGES.includes(name)),
        type: names.indexOf("type"),
      });
    }
  }
  return takers;
}

/** Members of classes, and what a file exports; the rest is called in its own file alone. */
function isShared(node: ts.SignatureDeclaration): boolean {
  if (ts.isFunctionDeclaration(node)) {
    return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
  }
  return !ts.isArrowFunction(node) && !ts.isFunctionExpression(node);
}

function nameOf(callee: ts.Expression): string {
  if (ts.isPropertyAccessExpression(callee)) return callee.name.text;
  return ts.isIdentifier(callee) ? callee.text : "";
}

function typeText(given: ts.Expression | undefined): string {
  return textOf(given) ?? "";
}

function messageText(given: ts.Expression | undefined): string {
  if (given === undefined) return "";
  const node = bare(resolved(bare(given)));
  if (ts.isConditionalExpression(node)) {
    return [messageText(node.whenTrue), messageText(node.whenFalse)].filter((text) => text !== "").join(
      " / ",
    );
  }
  const words = wordsOf(node);
  return /[a-z]/i.test(words) ? words : "";
}
