/** The environment as a source of options: each option's twin, and nothing else. */
import { COMMAND_PREFIXES, ENVIRONMENT_PREFIX, isServiceLink, OPTIONS } from "./options.ts";
import type { SettingKey } from "./schema.ts";
import { suggest } from "./suggest.ts";

/** A value and the name of the variable it came from. */
export interface EnvironmentValue {
  readonly variable: string;
  readonly value: string;
}

/** What the environment says. */
export interface EnvironmentSettings {
  readonly values: ReadonlyMap<SettingKey, EnvironmentValue>;
  /** `CODER_K8S_…` variables that mean nothing here, with the name that may have been meant. They are no mistake. */
  readonly unknown: readonly { variable: string; suggestion?: string | undefined }[];
}

/**
 * Reads the twins. Empty variables count as not set. Variables that the kubelet injects for Services are passed over
 * in silence; other unknown ones are reported, never refused, because anybody's Service may inject more.
 */
export function readEnvironment(environment: Readonly<Record<string, string>>): EnvironmentSettings {
  const values = new Map<SettingKey, EnvironmentValue>();
  for (const option of OPTIONS) {
    for (const variable of [option.env, ...(option.alias === undefined ? [] : [option.alias])]) {
      const value = environment[variable];
      if (value === undefined || value === "" || values.has(option.key)) continue;
      values.set(option.key, { variable, value });
    }
  }
  const twins = new Set(OPTIONS.map((option) => option.env));
  const unknown = Object.keys(environment)
    .filter((name) => name.startsWith(ENVIRONMENT_PREFIX) && !twins.has(name) && !isServiceLink(name))
    .filter((name) => !COMMAND_PREFIXES.some((prefix) => name.startsWith(prefix)))
    .sort()
    .map((variable) => ({ variable, suggestion: suggest(variable, twins) }));
  return { values, unknown };
}
