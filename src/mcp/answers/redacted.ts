/** Answers without secrets: what registered values, shapes and names give away goes before an answer is sent. */
import { isSecretName, REDACTED } from "../../telemetry/redaction_patterns.ts";
import { Redactor } from "../../telemetry/redactor.ts";

/** Takes secrets out of what is answered. One for the whole process: it remembers which texts have none. */
export interface AnswerRedaction {
  text(text: string): string;
  /** JSON in, JSON out: the same value where there is nothing to take out. */
  value<T>(value: T): T;
  /** Another number where more is taken out than before. */
  readonly generation: number;
}

/** Ours, and opaque: nothing of others is in them, and one character less would break them. */
const OPAQUE = new Set(["planToken", "cursor", "nextCursor", "continue"]);
/** What names a value beside it. */
const NAMES = ["name", "key", "variable"] as const;
const LONGEST_KNOWN = 256;
const MOST_KNOWN = 20_000;

/** Makes it. @param redactor knows values of secrets; @default {one that knows shapes alone} */
export function answerRedaction(redactor: Redactor = new Redactor()): AnswerRedaction {
  // Lists say the same names and words with every call, and looking for secrets takes longer than all the rest.
  let clean = new Set<string>();
  let generation = redactor.generation;
  const text = (given: string): string => {
    if (generation !== redactor.generation || clean.size >= MOST_KNOWN) {
      clean = new Set();
      generation = redactor.generation;
    }
    if (clean.has(given)) return given;
    const shown = redactor.text(given);
    if (shown === given && given.length <= LONGEST_KNOWN) clean.add(given);
    return shown;
  };
  const many = (texts: readonly string[]): readonly string[] => {
    // Secrets of several lines, such as keys, have a shape only as a whole.
    if (texts.length < 2 || !texts.some((line) => line.includes("-----BEGIN "))) return mapped(texts, text);
    const whole = texts.join("\n");
    const shown = text(whole);
    return shown === whole ? texts : shown.split("\n");
  };
  const shownAs = (object: Readonly<Record<string, unknown>>, field: string, given: unknown): unknown => {
    const kind = fieldKind(field);
    if (kind === "opaque") return given;
    if (typeof given !== "string") return walk(given);
    const isSecret = kind === "secret" || (kind === "value" && namesSecret(object));
    return isSecret && given !== "" ? REDACTED : text(given);
  };
  const walk = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) {
      return value.every((one) => typeof one === "string") ? many(value) : mapped(value, walk);
    }
    return entries(value as Record<string, unknown>);
  };
  const entries = (value: Record<string, unknown>): unknown => {
    let copy: Record<string, unknown> | undefined;
    for (const name in value) {
      if (!Object.hasOwn(value, name)) continue;
      const given = value[name];
      if (typeof given === "number" || typeof given === "boolean" || given === undefined) continue;
      const shown = shownAs(value, name, given);
      if (shown !== given) (copy ??= { ...value })[name] = shown;
    }
    return copy ?? value;
  };
  return {
    text,
    value: <T>(value: T) => walk(value) as T,
    get generation() {
      return redactor.generation;
    },
  };
}

function mapped<T>(items: readonly T[], change: (item: T) => unknown): readonly T[] {
  let copy: unknown[] | undefined;
  items.forEach((item, index) => {
    const shown = change(item);
    if (shown !== item) (copy ??= [...items])[index] = shown;
  });
  return (copy ?? items) as readonly T[];
}

type FieldKind = "opaque" | "secret" | "value" | "other";

const kinds = new Map<string, FieldKind>();

function fieldKind(field: string): FieldKind {
  let kind = kinds.get(field);
  if (kind === undefined) {
    kind = OPAQUE.has(field)
      ? "opaque"
      : field === "value"
      ? "value"
      : isSecretField(field)
      ? "secret"
      : "other";
    // Names of maps come from outside: bounded.
    if (kinds.size < 1_000) kinds.set(field, kind);
  }
  return kind;
}

/** As in `{ DB_PASSWORD: … }`; fields of tools are camelCase, and mean what they say. */
function isSecretField(field: string): boolean {
  return !/[a-z][A-Z]/.test(field) && isSecretName(field);
}

/** As in `{ name: "DB_PASSWORD", value: … }`. */
function namesSecret(object: Readonly<Record<string, unknown>>): boolean {
  return NAMES.some((name) => typeof object[name] === "string" && isSecretName(object[name]));
}
