/** Flags, environment and YAML file → values of a command's options, or every mistake at once. */
import type { FlagSpec } from "../arguments.ts";
import { type Mistake, quote } from "../mistake.ts";
import { ENVIRONMENT_PREFIX, isServiceLink } from "../options.ts";
import { suggest } from "../suggest.ts";
import { parseSections } from "./config_file.ts";
import type { OptionSet, SandboxOption, Table, Values } from "./option.ts";

/** Where values come from. */
export interface LoadSources {
  /** By the flags' names, as typed. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly environment: Readonly<Record<string, string>>;
  readonly readTextFile: (path: string) => Promise<string>;
}

/** What was found. */
export interface Loaded<T extends Table> {
  /** Without those whose value was a mistake. */
  readonly values: Partial<Values<T>>;
  readonly mistakes: readonly Mistake[];
  readonly warnings: readonly string[];
  /** `CODER_K8S_<COMMAND>_…` variables without a meaning. */
  readonly unknownVariables: readonly {
    readonly variable: string;
    readonly suggestion?: string | undefined;
  }[];
  /** Under which name a key was given; where it was not, its flag. */
  readonly where: (key: keyof T & string) => string;
  readonly isGiven: (key: keyof T & string) => boolean;
}

interface Raw {
  readonly value: unknown;
  readonly where: string;
}

/** What the parser of the command line has to know of a set. */
export function flagSpecs({ options }: OptionSet): FlagSpec[] {
  return options.filter(({ fileOnly }) => fileOnly !== true).flatMap((
    { flag, otherFlag, letter, isSwitch },
  ) => [
    { flag, isSwitch, ...(letter === undefined ? {} : { letter }) },
    ...(otherFlag === undefined ? [] : [{ flag: otherFlag, isSwitch }]),
  ]);
}

/** Merges the sources: flag before environment before file before default. */
export async function loadOptions<T extends Table>(
  set: OptionSet<T>,
  sources: LoadSources,
): Promise<Loaded<T>> {
  const raw = new Map<string, Raw>();
  const mistakes: Mistake[] = [];
  const warnings: string[] = [];
  for (const option of set.options.filter(({ fileOnly }) => fileOnly !== true)) {
    const found = fromFlag(option, sources.flags) ?? fromEnvironment(option, sources.environment);
    if (found !== undefined) raw.set(option.key, found);
    if (option.isSecret === true && found?.where === `--${option.flag}`) warnings.push(inProcessList(option));
  }
  const config = raw.get("config");
  if (config !== undefined) {
    const text = await readConfig(config, sources, mistakes);
    if (text !== undefined) {
      const path = String(config.value);
      const file = await parseSections(set as OptionSet, path, text);
      mistakes.push(...file.mistakes);
      for (const option of set.options) {
        const given = file.values.get(option.yaml);
        if (given === undefined || raw.has(option.key)) continue;
        raw.set(option.key, { value: given.value, where: `${option.yaml} (${path}, line ${given.line})` });
      }
    }
  }
  const values = new Map<string, unknown>();
  for (const option of set.options) {
    const given = raw.get(option.key);
    if (given === undefined) {
      values.set(option.key, option.described.absent);
      continue;
    }
    const result = option.described.schema.safeParse(given.value);
    if (result.success) values.set(option.key, result.data);
    else {
      const shown = option.isSecret === true ? "" : ` (it is ${quote(given.value)})`;
      mistakes.push({
        where: given.where,
        what: result.error.issues.map(({ message }) => message).join("; ") + shown,
      });
    }
  }
  const nameOf = (key: string) => set.options.find((option) => option.key === key);
  return {
    values: Object.fromEntries(values) as Partial<Values<T>>,
    mistakes,
    warnings,
    unknownVariables: unknownVariables(set as OptionSet, sources.environment),
    where: (key) => {
      const option = nameOf(key);
      return raw.get(key)?.where ?? (option?.fileOnly === true ? option.yaml : `--${option?.flag}`);
    },
    isGiven: (key) => raw.has(key),
  };
}

function fromFlag(option: SandboxOption, flags: LoadSources["flags"]): Raw | undefined {
  const both = [option.flag, ...(option.otherFlag === undefined ? [] : [option.otherFlag])];
  const found = both.flatMap((flag) => flags.has(flag) ? [{ flag, given: flags.get(flag) ?? [] }] : []);
  const [first] = found;
  if (first === undefined) return undefined;
  const all = found.flatMap(({ given }) => given);
  return { value: option.repeat === true ? all : all.at(-1), where: `--${first.flag}` };
}

function fromEnvironment(option: SandboxOption, environment: LoadSources["environment"]): Raw | undefined {
  for (const variable of [option.env, ...(option.variables ?? [])]) {
    const value = environment[variable];
    // The kubelet sets `GRPC_PORT=tcp://10.0.0.1:50050` where there is a Service named grpc.
    if (value === undefined || value === "" || /^(tcp|udp|sctp):\/\//.test(value)) continue;
    return { value, where: variable };
  }
  return undefined;
}

async function readConfig(
  config: Raw,
  sources: LoadSources,
  mistakes: Mistake[],
): Promise<string | undefined> {
  try {
    return await sources.readTextFile(String(config.value));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    mistakes.push({ where: config.where, what: `cannot read the config file: ${why}` });
    return undefined;
  }
}

function inProcessList({ flag, env, variables = [] }: SandboxOption): string {
  return `--${flag} puts a secret where every process list shows it; use ${
    variables[0] ?? env
  } or --${flag}-file instead`;
}

function unknownVariables({ prefix, options }: OptionSet, environment: LoadSources["environment"]) {
  const twins = options.filter(({ fileOnly }) => fileOnly !== true).map(({ env }) => env);
  return Object.keys(environment)
    .filter((name) => name.startsWith(ENVIRONMENT_PREFIX) && name.startsWith(prefix))
    .filter((name) => !twins.includes(name) && !isServiceLink(name))
    .sort()
    .map((variable) => ({ variable, suggestion: suggest(variable, twins) }));
}
