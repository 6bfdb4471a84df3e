/** JSON Schema of the product's settings, as they may stand in the chart's value `config`. */
import { type Option, OPTIONS } from "../../../src/cli/options.ts";
import { DURATION_FORM } from "../../../src/cli/duration.ts";

/** A JSON Schema. */
export type JsonSchema = { [key: string]: unknown };

/** Settings that the chart makes of its other values, and why they are not given in `config`. */
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

/** Secrets: they belong into the environment, from a Secret. */
const isSecret = ({ secret, key }: Option) => secret === true && key !== "sessionStore";

/** An object with a property for each setting. */
export function settingsJsonSchema(): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const option of OPTIONS) {
    if (SET_BY_CHART[option.key] === undefined && !isSecret(option)) {
      properties[option.key] = schemaOf(option);
    }
  }
  return { type: "object", additionalProperties: false, properties };
}

function schemaOf(option: Option): JsonSchema {
  const { key, help, shownDefault } = option;
  const description = shownDefault === "" ? help : `${help} Default: ${shownDefault}.`;
  // A password in it would stand in a ConfigMap.
  const more = key === "sessionStore" ? { pattern: "^[^:]*$|^[a-z]+://(?:[^:@/]*@)?[^@]*$" } : {};
  return { description, ...form(option), ...more };
}

/** What may be given, as far as JSON Schema says it; the program itself says the rest when it starts. */
function form({ isSwitch, repeat, choices, schema }: Option): JsonSchema {
  if (isSwitch) return { type: "boolean" };
  const item = choices === undefined ? { type: "string" } : { type: "string", enum: [...choices] };
  if (repeat === true) {
    const list = { type: "array", items: item };
    const isMap = schema.safeParse({ "a/b": "http://c" }).success;
    return isMap ? { type: "object", additionalProperties: { type: "string" } } : list;
  }
  if (choices !== undefined) return item;
  const allowed = messageOf(schema);
  const number = /^must be (a|a whole) number from (\S+) to (\S+)$/.exec(allowed);
  if (number !== null) {
    const [, kind, minimum, maximum] = number;
    return { type: kind === "a" ? "number" : "integer", minimum: Number(minimum), maximum: Number(maximum) };
  }
  if (allowed.startsWith(`must be ${DURATION_FORM}`)) return { type: "string", pattern: DURATION };
  return { type: "string" };
}

const DURATION = "^\\s*[+-]?(0|((\\d+(\\.\\d*)?|\\.\\d+)(ns|us|µs|μs|ms|s|m|h))+)\\s*$";

/** What a schema says of a value that none allows. */
function messageOf(schema: Option["schema"]): string {
  return schema.safeParse([[]]).error?.issues[0]?.message ?? "";
}
