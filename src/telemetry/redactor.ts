/** Takes secrets out of text and data before it leaves the process: log lines, events, error answers. */
import { isSandboxSession, isSecretName, PATTERNS, REDACTED } from "./redaction_patterns.ts";
import { plain } from "./plain.ts";

/** Registered values shorter than this are refused: replacing them everywhere would ruin all text. */
export const SHORTEST_SECRET = 4;

/** Lines of a multi-line secret (a key file) from this length on count as secrets themselves. */
const SHORTEST_SECRET_LINE = 16;

/**
 * Knows secrets by value (those registered), by shape (tokens, URL passwords) and by the name of the field that holds
 * them. One for the whole process.
 *
 * @example
 * ```ts
 * const redactor = new Redactor();
 * const forget = redactor.add("hunter2");
 * redactor.text("password is hunter2"); // "password is [redacted]"
 * forget();
 * ```
 */
export class Redactor {
  readonly #values = new Map<string, number>();
  /** Values by how they begin, the longest first: a secret that contains another must go as a whole. */
  readonly #byStart = new Map<string, string[]>();
  readonly #names = new Map<string, boolean>();
  #generation = 0;

  /** Another number whenever a value was registered that was not known: what was clean before may not be any more. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Registers a secret value, with its base64, URL-encoded and JSON-escaped forms. Surrounding white space is ignored;
   * values under {@linkcode SHORTEST_SECRET} characters are not registered. Returns the function that forgets it.
   */
  add(value: string): () => void {
    const forms = formsOf(value);
    for (const form of forms) this.#keep(form);
    let live = true;
    return () => {
      if (!live) return;
      live = false;
      for (const form of forms) this.#forget(form);
    };
  }

  #keep(form: string): void {
    const uses = this.#values.get(form) ?? 0;
    this.#values.set(form, uses + 1);
    if (uses > 0) return;
    this.#generation++;
    const start = startOf(form, 0);
    const same = [...this.#byStart.get(start) ?? [], form].sort((a, b) => b.length - a.length);
    this.#byStart.set(start, same);
  }

  #forget(form: string): void {
    const uses = (this.#values.get(form) ?? 0) - 1;
    if (uses > 0) return void this.#values.set(form, uses);
    this.#values.delete(form);
    const start = startOf(form, 0);
    const left = (this.#byStart.get(start) ?? []).filter((each) => each !== form);
    if (left.length > 0) this.#byStart.set(start, left);
    else this.#byStart.delete(start);
  }

  /** `text` without secrets. */
  text(text: string): string {
    let clean = this.#values.size > 0 ? this.#withoutValues(text) : text;
    for (const { match, replace } of PATTERNS) clean = clean.replace(match, replace);
    return clean;
  }

  /** One look at each place, however many secrets there are. */
  #withoutValues(text: string): string {
    let clean = "";
    let done = 0;
    for (let at = 0; at + SHORTEST_SECRET <= text.length;) {
      const found = this.#byStart.get(startOf(text, at))?.find((form) => text.startsWith(form, at));
      if (found === undefined) {
        at++;
        continue;
      }
      clean += text.slice(done, at) + REDACTED;
      at += found.length;
      done = at;
    }
    return done === 0 ? text : clean + text.slice(done);
  }

  /** A copy of `value` made of plain JSON, without secrets. Errors become `{name, message, cause}`. */
  value(value: unknown, options: { stacks?: boolean } = {}): unknown {
    return plain(value, {
      stacks: options.stacks ?? false,
      text: (text) => this.text(text),
      isSecretName: (name, value) => this.isSecretName(name) && !isSandboxSession(name, value),
    });
  }

  /** True where a field of this name holds a secret. */
  isSecretName(name: string): boolean {
    let known = this.#names.get(name);
    if (known === undefined) {
      known = isSecretName(name);
      // Names come from our own log calls and from foreign objects: bounded, so that the latter cannot fill memory.
      if (this.#names.size < 1_000) this.#names.set(name, known);
    }
    return known;
  }
}

/** The first characters from `at` on: no secret is shorter. */
function startOf(text: string, at: number): string {
  return text.slice(at, at + SHORTEST_SECRET);
}

/** The ways in which a secret shows up in text. */
function formsOf(value: string): Set<string> {
  const trimmed = value.trim();
  const forms = new Set<string>();
  if (trimmed.length < SHORTEST_SECRET) return forms;
  const lines = trimmed.split(/\r?\n/);
  const parts = lines.length === 1
    ? [trimmed]
    : [trimmed, ...lines.filter((line) => line.length >= SHORTEST_SECRET_LINE)];
  for (const part of parts) {
    forms.add(part);
    forms.add(JSON.stringify(part).slice(1, -1));
    forms.add(encodeURIComponent(part.toWellFormed()));
    forms.add(new TextEncoder().encode(part).toBase64());
  }
  if (value !== trimmed) forms.add(new TextEncoder().encode(value).toBase64());
  return forms;
}
