/** Tells lines of the operator's log that show a mistake in the program from those that show the world's troubles. */

const ACCIDENT = /unhandled|uncaught|\bpanic(ked)?\b|error: \(in promise\)/i;
const MISTAKE = /\b(TypeError|ReferenceError|RangeError|SyntaxError|AssertionError)\b/;

/** What is wrong with a line, in words; nothing where all is well. */
export function mistakesIn(line: string): string[] {
  if (line.trim() === "") return [];
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return [`a line of the log is not JSON: ${shorten(line)}`];
  }
  if (ACCIDENT.test(line)) return [`the log tells of an accident: ${shorten(line)}`];
  // What the API server answered may contain any word; what was thrown here begins with its name.
  if (entry["level"] === "error" && MISTAKE.test(line)) {
    return [`the log tells of a mistake in the program: ${shorten(line)}`];
  }
  return [];
}

function shorten(line: string): string {
  return line.length > 600 ? `${line.slice(0, 600)}…` : line;
}
