/** What is wrong with what was asked for, collected so that all of it can be shown at once. */

/** One thing to mend. */
export interface Mistake {
  /** Where it was said: `--log-level`, `CODER_K8S_LOG_LEVEL`, `logLevel (config.yaml, line 3)`. */
  readonly where: string;
  /** What is wrong and what is allowed. */
  readonly what: string;
}

/** The text for standard error: every mistake on a line of its own, then where to read more. */
export function describeMistakes(
  mistakes: readonly Mistake[],
  help = "coder-k8s --help",
  program = "coder-k8s",
): string {
  const lines = mistakes.map(({ where, what }) => where === "" ? what : `${where}: ${what}`);
  const more = `Run "${help}" to see what is possible.`;
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) return `${program}: ${only}\n${more}\n`;
  return `${program}: ${lines.length} mistakes\n${lines.map((line) => `  - ${line}\n`).join("")}${more}\n`;
}

/** A value as a message quotes it: short, on one line, without the user and password of a URL. */
export function quote(value: unknown): string {
  const whole = typeof value === "string" ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  const text = whole.replace(/(:\/\/)[^/\s]*@/g, "$1***@");
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
