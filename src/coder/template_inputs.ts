/** What a version of a template wants to be told, and trying one without building anything. */
import { z } from "zod";
import type { Call, CallOptions } from "./call.ts";
import { listOf, nonEmpty, optionalFlag, optionalText, realId } from "./schema_parts.ts";
import { type ParameterValue, parameterValueSchema } from "./workspace_changes.ts";

export const templateParameterSchema = z.object({
  name: nonEmpty,
  display_name: optionalText,
  description_plaintext: optionalText,
  /** `string`, `number`, `bool` or `list(string)`. */
  type: optionalText,
  /** Such as `radio`, `dropdown`, `input`, `multi-select`. */
  form_type: optionalText,
  /** Whether it may be changed after the workspace was made. */
  mutable: optionalFlag,
  default_value: optionalText,
  options: listOf(z.object({ name: optionalText, value: optionalText })),
  validation_error: optionalText,
  validation_regex: optionalText,
  validation_min: z.number().nullish(),
  validation_max: z.number().nullish(),
  /** `increasing`, `decreasing`, or nothing. */
  validation_monotonic: optionalText,
  required: optionalFlag,
  /** It holds for one build alone. */
  ephemeral: optionalFlag,
});
export type TemplateParameter = z.infer<typeof templateParameterSchema>;

/** Of all that Coder sends, this alone is in capital letters. */
export const presetSchema = z.object({
  ID: realId,
  Name: nonEmpty,
  Parameters: listOf(z.object({ Name: z.string(), Value: z.string() })),
  Default: optionalFlag,
}).transform(({ ID, Name, Parameters, Default }) => ({
  id: ID,
  name: Name,
  parameters: Parameters.map(({ Name, Value }): ParameterValue => ({ name: Name, value: Value })),
  isDefault: Default,
}));
export type Preset = z.infer<typeof presetSchema>;

/** The job of a dry run. */
export const dryRunSchema = z.object({
  id: realId,
  /** As those of builds. */
  status: optionalText,
  error: optionalText,
});
export type DryRun = z.infer<typeof dryRunSchema>;

/** What a dry run would make. */
const plannedSchema = listOf(z.object({ type: optionalText, name: optionalText }));
export type PlannedResource = z.infer<typeof plannedSchema>[number];

export interface TemplateInputCalls {
  /** Of a version that is imported; refused (425) as long as it is not. */
  parameters(version: string, options?: CallOptions): Promise<TemplateParameter[]>;
  presets(version: string, options?: CallOptions): Promise<Preset[]>;
  /** Begins to plan a new workspace with these values; nothing is built. */
  dryRun(
    version: string,
    plan: { workspaceName: string; parameters: readonly ParameterValue[] },
    options?: CallOptions,
  ): Promise<DryRun>;
  dryRunState(version: string, job: string, options?: CallOptions): Promise<DryRun>;
  /** Of a dry run that is over. */
  dryRunResources(version: string, job: string, options?: CallOptions): Promise<PlannedResource[]>;
  cancelDryRun(version: string, job: string, options?: CallOptions): Promise<void>;
}

const VERSION = "/api/v2/templateversions/{version}";
const DRY_RUN = `${VERSION}/dry-run/{job}`;

export function templateInputCalls(call: Call): TemplateInputCalls {
  return {
    parameters: (version, options) =>
      call({
        method: "GET",
        route: `${VERSION}/rich-parameters`,
        parameters: { version },
        answer: listOf(templateParameterSchema),
      }, options),
    presets: (version, options) =>
      call({
        method: "GET",
        route: `${VERSION}/presets`,
        parameters: { version },
        answer: listOf(presetSchema),
      }, options),
    dryRun: (version, { workspaceName, parameters }, options) =>
      call({
        method: "POST",
        route: `${VERSION}/dry-run`,
        parameters: { version },
        body: {
          workspace_name: workspaceName,
          rich_parameter_values: z.array(parameterValueSchema).parse(parameters),
          user_variable_values: [],
        },
        answer: dryRunSchema,
      }, options),
    dryRunState: (version, job, options) =>
      call({ method: "GET", route: DRY_RUN, parameters: { version, job }, answer: dryRunSchema }, options),
    dryRunResources: (version, job, options) =>
      call({
        method: "GET",
        route: `${DRY_RUN}/resources`,
        parameters: { version, job },
        answer: plannedSchema,
      }, options),
    cancelDryRun: (version, job, options) =>
      call({ method: "PATCH", route: `${DRY_RUN}/cancel`, parameters: { version, job } }, options),
  };
}
