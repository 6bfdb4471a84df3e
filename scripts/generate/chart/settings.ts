/** JSON Schemas of the program's settings, as they may stand in the chart's values `config` and `coordinator.config`. */
import type { z } from "zod";
import { DURATION_FORM } from "../../../src/cli/duration.ts";
import { OPTIONS } from "../../../src/cli/options.ts";
import { COORDINATOR } from "../../../src/cli/sandbox/coordinator_options.ts";

/** A JSON Schema. */
export type JsonSchema = { [key: string]: unknown };

/** Settings that the chart makes of its other values, and what of. */
export const SET_BY_CHART: Readonly<Record<string, string>> = {
  app: "mode",
  config: "the chart's own file",
  kubeconfig: "pods have that of their ServiceAccount",
  context: "pods have that of their ServiceAccount",
  namespace: "namespaces",
  leaderElectionNamespace: "the release's namespace, where the rights are",
  healthBindAddress: "probes ask there",
  metricsBindAddress: "the Service of figures leads there",
  aggregatedBindAddress: "the Service coder-k8s-apiserver leads there",
  aggregatedService: "the APIService names it",
  mcpBindAddress: "the Service coder-k8s leads there",
};

/** The same of the coordinator. */
export const COORDINATOR_SET_BY_CHART: Readonly<Record<string, string>> = {
  config: "the chart's own file",
  stdio: "a pod has no client at its standard input",
  embeddedWorker: "workers have the rights that sandboxes need, the coordinator has none",
  bindAddress: "the Service coordinator leads there",
  metricsBindAddress: "the Service coordinator leads there",
  grpcBindAddress: "the Service coordinator leads there",
};

/** What is to be known of a setting, whichever command's it is. */
interface Setting {
  readonly help: string;
  readonly isSwitch: boolean;
  readonly shownDefault: string;
  readonly repeat?: boolean;
  readonly choices?: readonly string[];
  readonly schema: z.ZodType;
}

/** An object with a property for each setting; secrets are none, as it becomes a ConfigMap. */
export function settingsJsonSchema(): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const option of OPTIONS) {
    // The address of a Redis is none by itself; checks.yaml refuses one with a password.
    const isSecret = option.secret === true && option.key !== "sessionStore";
    if (SET_BY_CHART[option.key] === undefined && !isSecret) properties[option.key] = schemaOf(option);
  }
  return strictObject(properties);
}

/** An object of sections with a property for each setting of the coordinator; without secrets. */
export function coordinatorJsonSchema(): JsonSchema {
  const sections: Record<string, Record<string, JsonSchema>> = {};
  for (const option of COORDINATOR.options) {
    if (COORDINATOR_SET_BY_CHART[option.key] !== undefined || option.isSecret === true) continue;
    const [section = "", key = ""] = option.yaml.split(".");
    (sections[section] ??= {})[key] = schemaOf({ ...option, schema: option.described.schema });
  }
  const entries = Object.entries(sections).map(([name, properties]) => [name, strictObject(properties)]);
  return strictObject(Object.fromEntries(entries));
}

const strictObject = (properties: JsonSchema): JsonSchema => ({
  type: "object",
  additionalProperties: false,
  properties,
});

function schemaOf(setting: Setting): JsonSchema {
  const { help, shownDefault } = setting;
  return {
    description: shownDefault === "" ? help : `${help} Default: ${shownDefault}.`,
    ...form(setting),
  };
}

/** What may be given, as far as JSON Schema says it; the program itself says the rest when it starts. */
function form({ isSwitch, repeat, choices, schema }: Setting): JsonSchema {
  if (isSwitch) return { type: "boolean" };
  const item = choices === undefined ? { type: "string" } : { type: "string", enum: [...choices] };
  if (repeat === true) {
    const isMap = schema.safeParse({ "a/b": "http://c" }).success;
    return isMap
      ? { type: "object", additionalProperties: { type: "string" } }
      : { type: "array", items: item };
  }
  if (choices !== undefined) return item;
  const allowed = messageOf(schema);
  const number = /^must be (a|a whole) number from (\S+) to (\S+)$/.exec(allowed);
  if (number !== null) {
    const [, kind, minimum, maximum] = number;
    return { type: kind === "a" ? "number" : "integer", minimum: Number(minimum), maximum: Number(maximum) };
  }
  if (allowed.startsWith(`must be ${DURATION_FORM}`)) return { type: "string", pattern: DURATION };
  if (allowed.startsWith("must be a number of bytes")) {
    return { type: ["string", "integer"], pattern: "^[0-9]+(\\.[0-9]+)?\\s*([KMGT]i|[kMGT])?B?$" };
  }
  return { type: "string" };
}

const DURATION = "^\\s*[+-]?(0|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)\\s*$";

/** What a schema says of a value that none allows. */
function messageOf(schema: z.ZodType): string {
  return schema.safeParse([[]]).error?.issues[0]?.message ?? "";
}
