/** A text as one word of a POSIX shell. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9_.\/:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A call of a function of the scripts, each argument one word. */
export function call(name: string, ...args: readonly (string | number)[]): string {
  return [name, ...args.map((arg) => quoted(String(arg)))].join(" ");
}
