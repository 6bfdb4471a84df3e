/** `coder-k8s diagnose`: why something is not up, for people and for programs. */
import type { Config } from "../app/config.ts";
import type { AskedSubject, Diagnosis } from "../app/diagnose.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import { DIAGNOSIS_FORMATS } from "./look_flags.ts";
import { describeMistakes } from "./mistake.ts";
import { lookConfig } from "./one_look.ts";
import type { Terminal } from "./terminal.ts";
import { choice } from "./values.ts";

/** What came of looking; `refusal` says why nothing did. */
export type Looked = { readonly diagnosis: Diagnosis } | { readonly refusal: string };

/** What it reaches out to. */
export interface DiagnoseSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly diagnose: (config: Config, subject: AskedSubject) => Promise<Looked>;
}

/** Exit codes; see the command's help. */
const WELL = 0;
const TROUBLE = 1;
const NOT_KNOWN = 2;

/** Prints the diagnosis. Resolves to the exit code. */
export async function diagnoseCommand(call: CommandCall, around: DiagnoseSurroundings): Promise<number> {
  // Loaded here alone: it needs the schemas of all kinds, which take a while, and other commands need none.
  const { readSubject } = await import("./subject.ts");
  const { kind, name, mistakes: wrongWords } = readSubject(call.words);
  const { format, namespace, mistakes: wrongFlags } = readFlags(call.flags);
  const loaded = await lookConfig({ ...around, flags: call.flags });
  const mistakes = [...call.mistakes, ...wrongWords, ...wrongFlags, ...loaded.mistakes];
  for (const warning of loaded.warnings) around.err(`coder-k8s: ${warning}\n`);
  const { config } = loaded;
  if (mistakes.length > 0 || config === undefined || kind === undefined || name === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help diagnose"));
    return NOT_KNOWN;
  }
  const looked = await around.diagnose(config, { kind, name, namespace });
  if ("refusal" in looked) {
    around.err(`coder-k8s: ${looked.refusal}\n`);
    return NOT_KNOWN;
  }
  const { diagnosis } = looked;
  around.out(await written(diagnosis, format, around.terminal));
  return exitCode(diagnosis);
}

/** 0: nothing is wrong; 1: something is, known or not; 2: too little could be seen to say so. */
export function exitCode({ healthy, causes, notSeen }: Diagnosis): number {
  if (healthy) return WELL;
  return causes.length === 0 && notSeen.length > 0 ? NOT_KNOWN : TROUBLE;
}

type Format = (typeof DIAGNOSIS_FORMATS)[number];

async function written(diagnosis: Diagnosis, format: Format, terminal: Terminal): Promise<string> {
  if (format === "json") return `${JSON.stringify(diagnosis, null, 2)}\n`;
  if (format === "text") return (await import("./diagnosis_text.ts")).diagnosisText(diagnosis, terminal);
  const { stringify } = await import("./yaml.ts");
  return stringify(diagnosis, { lineWidth: 0 });
}

function readFlags(flags: CommandCall["flags"]) {
  const { mistakes, read, namespace } = flagReader(flags);
  const format = read("output", choice(DIAGNOSIS_FORMATS)) ?? "text";
  return { format, namespace: namespace("namespace"), mistakes };
}
