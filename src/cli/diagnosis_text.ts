/** A diagnosis for people at a terminal: what is wrong, why that is known, and what to type next. */
import { type Cause, type Diagnosis, type NextStep, stateAlone } from "../app/diagnose.ts";
import { type Terminal, wrap } from "./terminal.ts";

const KIND = {
  workspace: "workspace",
  controlplane: "control plane",
  provisioner: "provisioner",
  proxy: "workspace proxy",
} as const;

/** Columns before the words of a cause, and before those of its parts. */
const CAUSE = 3;
const PART = 9;

/** Ends with a line end. Where all is well it is one line. */
export function diagnosisText(diagnosis: Diagnosis, terminal: Terminal): string {
  const { subject, state, healthy, causes, notSeen } = diagnosis;
  const of = clean(`${KIND[subject.kind]} ${subject.namespace}/${subject.name}`);
  const [first = "", ...rest] = healthy
    ? [`${of}: ${terminal.green("Nothing is wrong.")} ${clean(state)}`]
    : wrap(`${of}: ${clean(stateAlone(diagnosis))}`, terminal.width);
  const lines = [first.replace(of, terminal.bold), ...rest];
  causes.forEach((cause, index) => lines.push("", ...causeLines(cause, index + 1, terminal)));
  if (!healthy && causes.length === 0) lines.push("No cause was found.");
  if (notSeen.length > 0) {
    lines.push(...(healthy ? [] : [""]), terminal.dim("Not seen, and not guessed:"));
    for (const { what, why } of notSeen) {
      lines.push(...indented(`${clean(what)}: ${clean(why)}`, "  - ", terminal.width).map(terminal.dim));
    }
  }
  return `${lines.join("\n")}\n`;
}

function causeLines(
  { rule, cause, confidence, evidence, next }: Cause,
  number: number,
  terminal: Terminal,
): string[] {
  const { width, bold, dim, red } = terminal;
  const [first = "", ...rest] = indented(clean(cause), `${number}. `.padStart(CAUSE), width);
  const lines = [`${red(first.slice(0, CAUSE))}${bold(first.slice(CAUSE))}`, ...rest.map(bold)];
  lines.push(`${" ".repeat(CAUSE)}${dim(`${confidence}; ${rule}`)}`);
  evidence.forEach(({ source, at, quote }, index) => {
    const head = index === 0 ? "   why   " : "         ";
    const when = at === undefined ? "" : `${clean(at)}, `;
    lines.push(...indented(`${when}${clean(source)}:`, head, width).map(dim));
    lines.push(...indented(clean(quote), `${" ".repeat(PART)}| `, width, `${" ".repeat(PART)}| `));
  });
  next.forEach((step, index) => lines.push(...stepLines(step, index === 0, width)));
  return lines;
}

function stepLines({ text, command, tool }: NextStep, isFirst: boolean, width: number): string[] {
  const lines = indented(clean(text), isFirst ? "   next  " : "         ", width);
  // Not wrapped: it is there to be copied.
  if (command !== undefined) lines.push(`${" ".repeat(PART + 2)}${clean(command)}`);
  else if (tool !== undefined) {
    lines.push(
      ...indented(`MCP: ${tool.name} ${clean(JSON.stringify(tool.arguments))}`, " ".repeat(PART + 2), width),
    );
  }
  return lines;
}

function indented(text: string, head: string, width: number, below = " ".repeat(head.length)): string[] {
  const room = Math.max(30, width - head.length);
  return wrap(text, room).map((line, index) => `${index === 0 ? head : below}${line}`);
}

/** Words of others must not steer a terminal: no control characters, none that turn the direction of writing. */
export function clean(text: string): string {
  return text.replace(UNSAFE, "\ufffd");
}

// deno-lint-ignore no-control-regex -- these are what it is about
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
