/** What `check` found, for people at a terminal. */
import type { CheckReport, Finding, Verdict } from "../app/check.ts";
import { clean } from "./diagnosis_text.ts";
import { type Terminal, wrap } from "./terminal.ts";

/** Columns before the words. */
const MARGIN = 9;

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: "ok",
  warning: "warning",
  failed: "FAILED",
  unknown: "?",
};

/** Ends with a line end. The last line sums up. */
export function checkText({ phase, server, namespace, findings }: CheckReport, terminal: Terminal): string {
  const what = phase === "before"
    ? `Can coder-k8s be installed into ${namespace} of ${server}?`
    : `Does coder-k8s work in ${namespace} of ${server}?`;
  const lines = [terminal.bold(clean(what)), ""];
  for (const finding of findings) lines.push(...findingLines(finding, terminal));
  const count = (verdict: Verdict) => findings.filter((each) => each.verdict === verdict).length;
  const [failed, warnings, unknown] = [count("failed"), count("warning"), count("unknown")];
  const parts = [
    `${count("ok")} ok`,
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? "warning" : "warnings"}`] : []),
    ...(failed > 0 ? [terminal.red(`${failed} failed`)] : []),
    ...(unknown > 0 ? [`${unknown} not seen`] : []),
  ];
  lines.push("", parts.join(", "));
  return `${lines.join("\n")}\n`;
}

function findingLines({ verdict, text, next }: Finding, terminal: Terminal): string[] {
  const { green, red, bold, dim } = terminal;
  const paint = { ok: green, warning: bold, failed: red, unknown: dim }[verdict];
  const room = Math.max(30, terminal.width - MARGIN);
  const [first = "", ...rest] = wrap(clean(text), room);
  const lines = [
    `${paint(MARKS[verdict].padEnd(MARGIN))}${first}`,
    ...rest.map((line) => `${" ".repeat(MARGIN)}${line}`),
  ];
  for (const step of next) {
    const [head = "", ...tail] = wrap(clean(step), room - 3);
    lines.push(`${" ".repeat(MARGIN)}-> ${head}`, ...tail.map((line) => `${" ".repeat(MARGIN + 3)}${line}`));
  }
  return lines;
}
