/** `coder-k8s check`: before an installation and after it. */
import type { CheckReport, CheckRequest } from "../app/check.ts";
import type { Config } from "../app/config.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import { CHECK_FORMATS, CHECK_WORDS } from "./check_flags.ts";
import { clean } from "../ui/terminal/text.ts";
import type { Variant } from "../install/render/variant.ts";
import { describeMistakes } from "./mistake.ts";
import { lookConfig } from "./one_look.ts";
import type { Terminal } from "./terminal.ts";
import { choice } from "./values.ts";

/** What came of it; `refusal` says why nothing did. */
export type Checked = { readonly report: CheckReport } | { readonly refusal: string };

/** What it reaches out to. */
export interface CheckSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly check: (config: Config, request: CheckRequest) => Promise<Checked>;
}

const NOT_KNOWN = 2;
const NAMESPACE = "coder-system";

/** Prints what was found. Resolves to the exit code: 0 nothing is wrong; 1 something is; 2 it could not be found out. */
export async function checkCommand(call: CommandCall, around: CheckSurroundings): Promise<number> {
  const { mistakes: wrongFlags, read, namespace } = flagReader(call.flags);
  const [word, ...strays] = call.words;
  const phase = CHECK_WORDS.find((one) => one === word);
  const format = read("output", choice(CHECK_FORMATS)) ?? "text";
  const where = namespace("namespace") ?? NAMESPACE;
  const mistakes = [...call.mistakes, ...wrongFlags];
  if (word !== undefined && phase === undefined) {
    mistakes.push({ where: word, what: "must be before or after; without it what is there decides" });
  }
  mistakes.push(...strays.map((stray) => ({ where: stray, what: "stray argument after check" })));
  const loaded = await lookConfig({ ...around, flags: call.flags });
  mistakes.push(...loaded.mistakes);
  for (const warning of loaded.warnings) around.err(`coder-k8s: ${warning}\n`);
  const variant = await variantFor(call.flags.get("overlay") ?? [], where);
  if (variant instanceof Error) mistakes.push({ where: "--overlay", what: variant.message });
  if (mistakes.length > 0 || loaded.config === undefined || variant instanceof Error) {
    around.err(describeMistakes(mistakes, "coder-k8s help check"));
    return NOT_KNOWN;
  }
  const { objects } = variant;
  const checked = await around.check(loaded.config, { phase, namespace: where, objects });
  if ("refusal" in checked) {
    around.err(`coder-k8s: ${clean(checked.refusal)}\n`);
    return NOT_KNOWN;
  }
  const { report } = checked;
  around.out(await written(report, format, around.terminal));
  const { exitCodeOf } = await import("../install/check/run.ts");
  return exitCodeOf(report);
}

/** What is to be there; an error where the overlays do not go together, or are of something else. */
async function variantFor(overlays: readonly string[], namespace: string): Promise<Variant | Error> {
  // Loaded here alone: it carries all manifests.
  const { embeddedManifests, variantOf } = await import("../install/render/variant.ts");
  const names = overlays.flatMap((text) => text.split(",")).map((name) => name.trim()).filter((name) =>
    name !== ""
  );
  try {
    const variant = variantOf(await embeddedManifests(), { overlays: names, images: [], namespace });
    const { shape } = variant.choice;
    if (shape === "all" || shape === "split") return variant;
    return new Error(`${shape} is not what is looked at: that is all or split, with their components`);
  } catch (error) {
    if (error instanceof Error && error.name === "OverlayError") return error;
    throw error;
  }
}

type Format = (typeof CHECK_FORMATS)[number];

async function written(report: CheckReport, format: Format, terminal: Terminal): Promise<string> {
  if (format === "json") return `${JSON.stringify(report, null, 2)}\n`;
  if (format === "text") return (await import("./check_text.ts")).checkText(report, terminal);
  const { stringify } = await import("./yaml.ts");
  return stringify(report, { lineWidth: 0 });
}
