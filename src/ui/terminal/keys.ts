/** What is typed at a terminal in raw mode, as keys. */

/** A character, or a key's name. */
export type Key =
  | { readonly kind: "text"; readonly text: string }
  | {
    readonly kind:
      | "up"
      | "down"
      | "left"
      | "right"
      | "pageup"
      | "pagedown"
      | "home"
      | "end"
      | "enter"
      | "escape"
      | "tab"
      | "backtab"
      | "backspace"
      | "interrupt"
      | "clear"
      | "redraw";
  };

const SEQUENCES: Readonly<Record<string, Exclude<Key["kind"], "text">>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "OA": "up",
  "OB": "down",
  "OC": "right",
  "OD": "left",
  "[5~": "pageup",
  "[6~": "pagedown",
  "[H": "home",
  "[F": "end",
  "OH": "home",
  "OF": "end",
  "[1~": "home",
  "[4~": "end",
  "[7~": "home",
  "[8~": "end",
  "[Z": "backtab",
};

const CONTROLS: Readonly<Record<string, Exclude<Key["kind"], "text">>> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "interrupt",
  "\x04": "interrupt",
  "\x15": "clear",
  "\x0c": "redraw",
};

// deno-lint-ignore no-control-regex -- what terminals send for keys begins with a control
const SEQUENCE = /^\x1b((?:\[[0-9;?]*[ -/]*[@-~])|(?:O[A-Za-z]))/;

/** Of one read: terminals send a key's bytes together. What is not known is no key. */
export function keysOf(text: string): Key[] {
  const keys: Key[] = [];
  for (let rest = text; rest !== "";) {
    const sequence = SEQUENCE.exec(rest);
    if (sequence !== null) {
      const kind = SEQUENCES[sequence[1] ?? ""];
      if (kind !== undefined) keys.push({ kind });
      rest = rest.slice(sequence[0].length);
      continue;
    }
    const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    rest = rest.slice(character.length);
    const control = CONTROLS[character];
    if (control !== undefined) keys.push({ kind: control });
    else if (character === "\x1b") keys.push({ kind: "escape" });
    else if (character >= " ") keys.push({ kind: "text", text: character });
  }
  return keys;
}
