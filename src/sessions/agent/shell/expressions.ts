/** Regular expressions as Python has them, for `grep`. */
import { SessionError } from "../../types.ts";
import { shown } from "./errors.ts";
import { call } from "./quote.ts";

export interface Expression {
  /** Of grep. */
  readonly flags: string;
  readonly pattern: string;
  /** What finds the same in lines that have carriage returns at their end, and perhaps more. @default {the pattern} */
  readonly wide?: string;
}

/** The expression that is asked for. @throws {SessionError} `invalid` where it is none, `failed` where grep cannot do it */
export async function expressionOf(
  input: Readonly<Record<string, unknown>>,
  ask: (code: string) => Promise<Uint8Array>,
): Promise<Expression> {
  const query = String(input["query"]);
  const ignoresCase = input["ignoreCase"] === true ? " -i" : "";
  if (!query.isWellFormed() || query.includes("\0")) {
    throw new SessionError("invalid", `the query ${shown(query)} is no text that a line could have`);
  }
  // Nothing of it can be in one line, and grep would take it for several.
  if (input["regex"] !== true) {
    return query.includes("\n")
      ? { flags: "-E", pattern: "$^x" }
      : { flags: `-F${ignoresCase}`, pattern: query };
  }
  const pattern = extended(query);
  const expression = pattern === undefined ? { flags: `-P${ignoresCase}`, pattern: query } : {
    flags: `-E${ignoresCase}`,
    pattern: pattern.replaceAll(END, "$"),
    wide: pattern.replaceAll(END, "\r*$"),
  };
  try {
    await ask(
      call(
        "g_try",
        expression.flags,
        expression.pattern,
        /\\[bB]/.test(query) && pattern !== undefined ? "b" : "",
      ),
    );
    return expression;
  } catch (error) {
    if (!(error instanceof SessionError) || error.code !== "failed") throw error;
    if (pattern === undefined || /: borders$/.test(error.message)) {
      throw new SessionError(
        "failed",
        `the expression ${
          shown(query)
        } needs more than the workspace's grep can do: write it without look-around, ` +
          "back references and the like, or install python3 in the workspace",
      );
    }
    throw new SessionError(
      "invalid",
      `the expression ${shown(query)} cannot be read; leave regex out to search for it as it is`,
    );
  }
}

/** Stands for the end of a line. */
const END = "\u0001$\u0001";

const CLASSES: Readonly<Record<string, string>> = {
  d: "[0-9]",
  D: "[^0-9]",
  w: "[[:alnum:]_]",
  W: "[^[:alnum:]_]",
  s: "[[:space:]]",
  S: "[^[:space:]]",
};
const IN_SETS: Readonly<Record<string, string>> = { d: "0-9", w: "[:alnum:]_", s: "[:space:]" };

/**
 * As an extended regular expression of POSIX that finds the same lines; undefined where there is none, or it is not sure.
 * Whether something is found is all that counts, so that greedy or not is all the same.
 */
export function extended(query: string): string | undefined {
  let result = "";
  // Whether there is something before that can be repeated.
  let isOpen = false;
  for (let at = 0; at < query.length; at++) {
    const letter = query[at]!;
    const next = query[at + 1];
    if (!isOpen && (/[*+?]/.test(letter) || /^\{\d+(,\d*)?\}/.test(query.slice(at)))) {
      throw new SessionError(
        "invalid",
        `the expression ${
          shown(query)
        } cannot be read: nothing to repeat at position ${at}; leave regex out to search for ` +
          "it as it is",
      );
    }
    if (letter === "\\") {
      at++;
      if (next === undefined) return undefined;
      if (CLASSES[next] !== undefined) result += CLASSES[next];
      else if (next === "A") result += "^";
      else if (next === "Z") result += END;
      else if (next === "b" || next === "B") result += `\\${next}`;
      else if (next === "t") result += "\t";
      else if (/[A-Za-z0-9]/.test(next)) return undefined;
      else result += /[.\[\]()*+?{}|^$\\]/.test(next) ? `\\${next}` : next;
    } else if (letter === "[") {
      const set = setAt(query, at);
      if (set === undefined) return undefined;
      result += set.text;
      at = set.end;
    } else if (letter === "(") {
      if (next !== "?") result += "(";
      else if (query[at + 2] === ":") {
        result += "(";
        at += 2;
      } else return undefined;
    } else if (/[*+?}]/.test(letter) && (next === "?" || next === "+")) {
      // Not greedy: the same lines. Possessive: perhaps not.
      if (next === "+") return undefined;
      result += letter;
      at++;
    } else if (letter === "{" && !/^\{\d+(,\d*)?\}/.test(query.slice(at))) result += "\\{";
    else if (letter === "}" && !/\{\d+(,\d*)?$/.test(query.slice(0, at))) result += "\\}";
    else if (letter === "]") result += "\\]";
    else if (letter === "\n") return undefined;
    else result += letter === "$" ? END : letter;
    isOpen = letter !== "(" && letter !== "|";
  }
  return result;
}

/** A set in brackets, and where it ends. */
function setAt(query: string, start: number): { readonly text: string; readonly end: number } | undefined {
  let at = start + 1;
  const isNegated = query[at] === "^";
  if (isNegated) at++;
  let letters = "";
  let bracket = "";
  let dash = "";
  let caret = "";
  for (let first = true;; first = false, at++) {
    const letter = query[at];
    if (letter === undefined) return undefined;
    if (letter === "]" && !first) break;
    let one = letter;
    if (letter === "\\") {
      at++;
      const next = query[at];
      if (next === undefined) return undefined;
      if (IN_SETS[next] !== undefined) {
        letters += IN_SETS[next];
        continue;
      }
      if (next === "t") one = "\t";
      else if (/[A-Za-z0-9]/.test(next)) return undefined;
      else one = next;
    } else if (letter === "[" || letter === "\n") return undefined;
    else if (letter === "-" && !first && query[at + 1] !== "]") {
      // A range: what is before and behind has to be a plain letter.
      if (!/[A-Za-z0-9]/.test(query[at - 1] ?? "") || !/[A-Za-z0-9]/.test(query[at + 1] ?? "")) {
        return undefined;
      }
      if (query[at - 2] === "\\") return undefined;
      letters += "-";
      continue;
    }
    // These three mean themselves in certain places alone.
    if (one === "]") bracket = "]";
    else if (one === "-") dash = "-";
    else if (one === "^") caret = "^";
    else letters += one;
  }
  const inner = bracket + letters + caret + dash;
  if (inner === "^" && !isNegated) return { text: "\\^", end: at };
  if (inner === "^-" && !isNegated) return { text: "[-^]", end: at };
  return { text: `[${isNegated ? "^" : ""}${inner}]`, end: at };
}
