/**
 * Label selectors in their full grammar: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, `a>1`, `a<1`,
 * with commas between them, all of which must hold.
 */
import { badRequest, type StatusError } from "../status_errors.ts";

export type Labels = Readonly<Record<string, string>>;

type Operator = "in" | "notin" | "exists" | "missing" | "greater" | "less";

/** One requirement. */
export interface LabelTerm {
  readonly key: string;
  readonly operator: Operator;
  /** Of `in` and `notin` any number, of `greater` and `less` one, of the others none. */
  readonly values: readonly string[];
}

const NAME = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MAX_PREFIX = 253;
const WHOLE = /^\d{1,19}$/;
const TOKEN = /\s*(?:(==|!=|[=!(),<>])|([^\s=!(),<>]+))/y;

/** @throws {StatusError} 400, which says what is wrong */
export function parseLabelSelector(selector: string): LabelTerm[] {
  return new Parser(selector).parse();
}

/** A test for the labels of an object; what a key that is missing means is as Kubernetes has it. */
export function labelMatcher(terms: readonly LabelTerm[]): (labels: Labels | undefined) => boolean {
  const tests = terms.map(testOf);
  return (labels = {}) => tests.every((test) => test(labels));
}

function testOf({ key, operator, values }: LabelTerm): (labels: Labels) => boolean {
  const read = (labels: Labels) => Object.hasOwn(labels, key) ? labels[key] : undefined;
  const compares = (isWanted: (difference: bigint) => boolean) => (labels: Labels) => {
    const value = read(labels);
    return value !== undefined && WHOLE.test(value) && isWanted(BigInt(value) - BigInt(values[0] ?? ""));
  };
  const wanted = new Set(values);
  switch (operator) {
    case "in":
      return (labels) => {
        const value = read(labels);
        return value !== undefined && wanted.has(value);
      };
    case "notin":
      return (labels) => {
        const value = read(labels);
        return value === undefined || !wanted.has(value);
      };
    case "exists":
      return (labels) => read(labels) !== undefined;
    case "missing":
      return (labels) => read(labels) === undefined;
    case "greater":
      return compares((difference) => difference > 0n);
    case "less":
      return compares((difference) => difference < 0n);
  }
}

/** A recursive-descent parser; `in` and `notin` are words only where an operator stands. */
class Parser {
  readonly #tokens: string[] = [];
  #next = 0;

  constructor(private readonly selector: string) {
    TOKEN.lastIndex = 0;
    while (selector.slice(TOKEN.lastIndex).trim() !== "") {
      const [, symbol, word] = TOKEN.exec(selector) ?? [];
      this.#tokens.push(symbol ?? word ?? "");
    }
  }

  parse(): LabelTerm[] {
    const terms: LabelTerm[] = [];
    if (this.#tokens.length === 0) return terms;
    for (;;) {
      terms.push(this.#term());
      const token = this.#take();
      if (token === undefined) return terms;
      if (token !== ",") throw this.#wrong(`${JSON.stringify(token)} where a comma or the end should be`);
    }
  }

  #term(): LabelTerm {
    if (this.#peek() === "!") {
      this.#take();
      return { key: this.#key(), operator: "missing", values: [] };
    }
    const key = this.#key();
    const operator = this.#peek();
    switch (operator) {
      case undefined:
      case ",":
        return { key, operator: "exists", values: [] };
      case "in":
      case "notin":
        this.#take();
        return { key, operator, values: this.#list() };
      case "=":
      case "==":
      case "!=":
        this.#take();
        return { key, operator: operator === "!=" ? "notin" : "in", values: [this.#value()] };
      case ">":
      case "<": {
        this.#take();
        const value = this.#value();
        if (!WHOLE.test(value)) throw this.#wrong(`${key}${operator} needs a whole number behind it`);
        return { key, operator: operator === ">" ? "greater" : "less", values: [value] };
      }
      default:
        throw this.#wrong(`${JSON.stringify(operator)} is no operator`);
    }
  }

  #list(): string[] {
    if (this.#take() !== "(") throw this.#wrong("in and notin need values in parentheses");
    const values = [this.#value()];
    for (;;) {
      const token = this.#take();
      if (token === ")") return values;
      if (token !== ",") throw this.#wrong("a list of values has no end");
      values.push(this.#value());
    }
  }

  #key(): string {
    const key = this.#take() ?? "";
    const slash = key.indexOf("/");
    const prefix = slash === -1 ? undefined : key.slice(0, slash);
    const isGood = NAME.test(key.slice(slash + 1)) &&
      (prefix === undefined || (prefix.length <= MAX_PREFIX && PREFIX.test(prefix)));
    if (!isGood) throw this.#wrong(`${JSON.stringify(key)} is no key of a label`);
    return key;
  }

  /** May be empty: then nothing stands where a value could. */
  #value(): string {
    const token = this.#peek();
    if (token === undefined || token === "," || token === ")") return "";
    this.#take();
    if (!NAME.test(token)) throw this.#wrong(`${JSON.stringify(token)} is no value of a label`);
    return token;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #take(): string | undefined {
    return this.#tokens[this.#next++];
  }

  #wrong(why: string): StatusError {
    return badRequest(`unable to parse the label selector ${JSON.stringify(this.selector)}: ${why}`);
  }
}
