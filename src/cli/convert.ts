/** `coder-k8s convert`: manifests of other makers → ours. */
import { SERVICE_NAME } from "../api/patterns.ts";
import { describeMistakes, type Mistake } from "./mistake.ts";
import { namespace as namespaceValue } from "./values.ts";

/** What was typed behind `convert`. */
export interface ConvertCall {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** What is wrong with it already. */
  readonly mistakes: readonly Mistake[];
}

/** What it reaches out to. */
export interface ConvertSurroundings {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly readStandardInput: () => Promise<string>;
}

/** As `helm list` shows it, `coder-2.30.0`, or the version alone. */
const CHART_VERSION = /^(?:coder-)?v?(\d+\.\d+\.\d+\S*)$/;

/** Prints the manifest. Resolves to the exit code: 0 done, warnings or not; 1 not convertible; 2 not understood. */
export async function convert(call: ConvertCall, around: ConvertSurroundings): Promise<number> {
  const [from, file, ...strays] = call.words;
  const mistakes = [...call.mistakes];
  if (from === undefined) mistakes.push({ where: "convert", what: "needs what to convert from: helm" });
  else if (from !== "helm") mistakes.push({ where: from, what: "cannot be converted from; write helm" });
  else if (file === undefined) {
    mistakes.push({ where: "convert helm", what: "needs a file with values, or - for standard input" });
  }
  const option = (flag: string) => call.flags.get(flag)?.at(-1);
  mistakes.push(...wrongOptions(option));
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
    const conversion = convertHelmValues(parseValues(text), {
      name: option("name"),
      namespace: option("namespace"),
      chartVersion: CHART_VERSION.exec(option("chart-version") ?? "")?.[1],
    });
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

function* wrongOptions(option: (flag: string) => string | undefined): Iterable<Mistake> {
  const [name, namespace, version] = [option("name"), option("namespace"), option("chart-version")];
  if (name !== undefined && (name.length > 63 || !new RegExp(SERVICE_NAME).test(name))) {
    const what =
      "must be at most 63 lower-case letters, digits and '-', a letter first, a letter or digit last";
    yield { where: "--name", what };
  }
  if (namespace !== undefined && !namespaceValue().safeParse(namespace).success) {
    yield { where: "--namespace", what: "must be one namespace name" };
  }
  if (version !== undefined && !CHART_VERSION.test(version)) {
    yield { where: "--chart-version", what: "must be a version such as 2.30.0" };
  }
}
