/** `coder-k8s convert`: manifests of other makers → ours. */
import { z } from "zod";
import { SERVICE_NAME } from "../api/patterns.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import { describeMistakes } from "./mistake.ts";

/** What it reaches out to. */
export interface ConvertSurroundings {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly readStandardInput: () => Promise<string>;
}

/** As `helm list` shows it, `coder-2.30.0`, or the version alone, which is what becomes of it. */
const CHART = z.string().regex(/^(?:coder-)?v?\d+\.\d+\.\d+\S*$/)
  .transform((text) => text.replace(/^(?:coder-)?v?/, ""));
const SERVICE = z.string().max(63).regex(new RegExp(SERVICE_NAME));
const SERVICE_FORM =
  "must be at most 63 lower-case letters, digits and '-', a letter first, a letter or digit last";

/** Prints the manifest. Resolves to the exit code: 0 done, warnings or not; 1 not convertible; 2 not understood. */
export async function convert(call: CommandCall, around: ConvertSurroundings): Promise<number> {
  const [from, file, ...strays] = call.words;
  const mistakes = [...call.mistakes];
  if (from === undefined) mistakes.push({ where: "convert", what: "needs what to convert from: helm" });
  else if (from !== "helm") mistakes.push({ where: from, what: "cannot be converted from; write helm" });
  else if (file === undefined) {
    mistakes.push({ where: "convert helm", what: "needs a file with values, or - for standard input" });
  }
  const { mistakes: wrongFlags, ...options } = readFlags(call.flags);
  mistakes.push(...wrongFlags);
  mistakes.push(...strays.map((where) => ({ where, what: "stray argument after convert" })));
  if (mistakes.length > 0 || file === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help convert"));
    return 2;
  }
  // Loaded here alone: the operator converts nothing.
  const { ConvertError } = await import("../install/convert/convert_error.ts");
  const { convertHelmValues } = await import("../install/convert/helm.ts");
  const { manifestText, warningText } = await import("../install/convert/manifest.ts");
  const { parseValues } = await import("../install/convert/values_text.ts");
  try {
    const text = file === "-" ? await around.readStandardInput() : await readValues(file, around);
    const conversion = convertHelmValues(parseValues(text), options);
    around.err(warningText(conversion.notes));
    around.out(manifestText(conversion));
    return 0;
  } catch (error) {
    if (!(error instanceof ConvertError)) throw error;
    around.err(`coder-k8s: ${error.message}\n`);
    return 1;
  }

  async function readValues(path: string, { readTextFile }: ConvertSurroundings): Promise<string> {
    try {
      return await readTextFile(path);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ConvertError(`the values cannot be read: ${path}: ${why}`);
    }
  }
}

function readFlags(flags: CommandCall["flags"]) {
  const { mistakes, read, namespace } = flagReader(flags);
  return {
    mistakes,
    name: read("name", SERVICE, SERVICE_FORM),
    namespace: namespace("namespace"),
    chartVersion: read("chart-version", CHART, "must be a version such as 2.30.0"),
  };
}
