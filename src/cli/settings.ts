/** Flags, environment and config file → one validated configuration, or every mistake at once. */
import { parseConfigFile } from "./config_file.ts";
import { type EnvironmentValue, readEnvironment } from "./environment.ts";
import { type Mistake, quote } from "./mistake.ts";
import { optionOf, OPTIONS } from "./options.ts";
import type { SettingKey, Settings } from "./schema.ts";
import { crossChecks } from "./cross_checks.ts";

/** Where settings come from. */
export interface Sources {
  /** Values by flag name, as {@linkcode parseArguments} gives them. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly environment: Readonly<Record<string, string>>;
  readonly readTextFile: (path: string) => Promise<string>;
}

/** Either `settings` or at least one mistake; warnings in both cases. */
export interface LoadedSettings {
  readonly settings?: Settings;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly string[];
  /** `CODER_K8S_…` variables without a meaning; for a debug line. */
  readonly unknownVariables: readonly { variable: string; suggestion?: string | undefined }[];
}

/** A value before validation, and where it was said. */
interface Raw {
  readonly value: unknown;
  readonly where: string;
}

/** Merges the sources (flag before environment before file before default) and validates the result. */
export async function loadSettings(sources: Sources): Promise<LoadedSettings> {
  const environment = readEnvironment(sources.environment);
  const raw = new Map<SettingKey, Raw>();
  const mistakes: Mistake[] = [];
  for (const option of OPTIONS) {
    const fromFlag = flagValue(sources.flags.get(option.flag), option.repeat === true);
    const fromEnvironment = environment.values.get(option.key);
    if (fromFlag !== undefined) raw.set(option.key, { value: fromFlag, where: `--${option.flag}` });
    else if (fromEnvironment !== undefined) raw.set(option.key, fromVariable(fromEnvironment));
  }
  const config = raw.get("config");
  if (config !== undefined) await addFile(config, sources, raw, mistakes);

  const values = new Map<SettingKey, unknown>();
  for (const option of OPTIONS) {
    const given = raw.get(option.key);
    const result = option.schema.safeParse(given?.value);
    if (result.success) values.set(option.key, result.data);
    else {
      const shown = option.secret === true ? "" : ` (it is ${quote(given?.value)})`;
      const what = result.error.issues.map((issue) => issue.message).join("; ");
      mistakes.push({ where: given?.where ?? option.key, what: `${what}${shown}` });
    }
  }
  const partial = Object.fromEntries(values) as Partial<Settings>;
  const where = (key: SettingKey) => raw.get(key)?.where ?? `--${optionOf(key).flag}`;
  mistakes.push(...crossChecks(partial, where));
  const warnings = warningsOf(sources);
  const rest = { mistakes, warnings, unknownVariables: environment.unknown };
  return mistakes.length > 0 ? rest : { ...rest, settings: partial as Settings };
}

function flagValue(given: readonly string[] | undefined, repeat: boolean): unknown {
  if (given === undefined) return undefined;
  // As with Go programs the last one counts where only one can.
  return repeat ? given : given.at(-1);
}

function fromVariable({ value, variable }: EnvironmentValue): Raw {
  return { value, where: variable };
}

async function addFile(config: Raw, sources: Sources, raw: Map<SettingKey, Raw>, mistakes: Mistake[]) {
  const path = String(config.value);
  let text: string;
  try {
    text = await sources.readTextFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    mistakes.push({ where: config.where, what: `cannot read the config file: ${why}` });
    return;
  }
  const file = await parseConfigFile(path, text);
  mistakes.push(...file.mistakes);
  for (const [key, { value, line }] of file.values) {
    if (!raw.has(key)) raw.set(key, { value, where: `${key} (${path}, line ${line})` });
  }
}

function warningsOf(sources: Sources): string[] {
  if (!sources.flags.has("coder-session-token")) return [];
  return [
    "--coder-session-token puts a secret where every process list shows it; use CODER_K8S_CODER_SESSION_TOKEN or " +
    "--coder-session-token-file instead",
  ];
}
