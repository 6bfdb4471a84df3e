/** The schema's options as a list: names in each source, facts for help and completion. */
import { z } from "zod";
import { type OptionMeta, optionMeta } from "./option_meta.ts";
import { type SettingKey, settingsSchema } from "./schema.ts";

/** The prefix of all environment twins. */
export const ENVIRONMENT_PREFIX = "CODER_K8S_";

/** Prefixes of variables that are another command's. */
export const COMMAND_PREFIXES = [
  "CODER_K8S_COORDINATOR_",
  "CODER_K8S_WORKER_",
  "CODER_K8S_SESSIONS_",
] as const;

/** One option under its three names. */
export interface Option extends OptionMeta {
  /** Key of the config file: `logLevel`. */
  readonly key: SettingKey;
  /** Flag without dashes: `log-level`. */
  readonly flag: string;
  /** Environment variable: `CODER_K8S_LOG_LEVEL`. */
  readonly env: string;
  /** True where the flag needs no value. */
  readonly isSwitch: boolean;
  /** The default as help shows it; empty where there is none. */
  readonly shownDefault: string;
  readonly schema: z.ZodType;
}

/** Every option, in the schema's order. */
export const OPTIONS: readonly Option[] = Object.entries(settingsSchema.shape).map(([key, schema]) => {
  const meta = optionMeta.get(schema);
  if (meta === undefined) throw new TypeError(`option ${key} has no description`);
  const flag = kebabCase(key);
  return {
    ...meta,
    key: key as SettingKey,
    flag,
    env: ENVIRONMENT_PREFIX + flag.toUpperCase().replaceAll("-", "_"),
    isSwitch: meta.value === undefined,
    shownDefault: meta.defaultText ?? ownDefault(schema),
    schema,
  };
});

const byKey: ReadonlyMap<string, Option> = new Map(OPTIONS.map((option) => [option.key, option]));

/** The option of a key. */
export function optionOf(key: SettingKey): Option {
  const option = byKey.get(key);
  if (option === undefined) throw new TypeError(`no option ${key}`);
  return option;
}

/** `logLevel` → `log-level`. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function ownDefault(schema: z.ZodType): string {
  return schema instanceof z.ZodPrefault ? String(schema.def.defaultValue) : "";
}

/**
 * True for the variables that the kubelet injects for Services named `coder-k8s` or `coder-k8s-*`
 * (`CODER_K8S_SERVICE_HOST`, `CODER_K8S_PORT_8090_TCP_ADDR`, `CODER_K8S_APISERVER_SERVICE_PORT_HTTPS`, …).
 * No option may have such a name.
 */
export function isServiceLink(variable: string): boolean {
  if (!variable.startsWith(ENVIRONMENT_PREFIX)) return false;
  return /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(variable) ||
    /_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/.test(variable);
}
