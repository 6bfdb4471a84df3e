/**
 * What is shown of what is kept in a ConfigMap. Whoever may write those may write anything: what is not of its form is not
 * shown.
 */
import { z } from "zod";
import { type CoderTemplate, templateDefinition } from "../../api/template.ts";
import { type CoderWorkspace, workspaceDefinition } from "../../api/workspace.ts";
import type { ShadowMetadata, ShadowRecord } from "../../shadow/mod.ts";

const texts = z.record(z.string(), z.string());
const objects = z.array(z.looseObject({}));

/** Each part for itself: one that is wrong hides no other. */
const metadataSchema = z.object({
  generation: z.int().optional().catch(undefined),
  deletionTimestamp: z.iso.datetime().optional().catch(undefined),
  deletionGracePeriodSeconds: z.int().optional().catch(undefined),
  labels: texts.optional().catch(undefined),
  annotations: texts.optional().catch(undefined),
  ownerReferences: objects.optional().catch(undefined),
  finalizers: z.array(z.string()).optional().catch(undefined),
  managedFields: objects.optional().catch(undefined),
});

export type KeptWorkspaceSpec = Pick<
  CoderWorkspace["spec"],
  "parameters" | "presetID" | "ttlMillis" | "autostartSchedule"
>;
export type KeptTemplateSpec = Pick<CoderTemplate["spec"], "variables" | "provisionerTags" | "source">;
export type KeptSource = NonNullable<CoderTemplate["status"]["source"]>;

export const keptMetadata = remembered((record): ShadowMetadata => {
  const { success, data } = metadataSchema.safeParse(record.metadata);
  return (success ? withoutNothing(data) : {}) as ShadowMetadata;
});

export const keptWorkspaceSpec = remembered((record): KeptWorkspaceSpec =>
  parts(workspaceDefinition.spec, record.spec, ["presetID", "parameters", "ttlMillis", "autostartSchedule"])
);

export const keptTemplateSpec = remembered((record): KeptTemplateSpec =>
  parts(templateDefinition.spec, record.spec, ["variables", "provisionerTags", "source"])
);

/** `status.source`; undefined where nothing is known of it. */
export const keptSource = remembered((record): { readonly source?: KeptSource } =>
  parts(templateDefinition.status, { source: record.source }, ["source"])
);

const attemptSchema = z.object({ attempt: z.object({ at: z.iso.datetime({ offset: true }) }) });

/** When the attempt was begun that `status.source.phase` is of; undefined where it does not say. */
export function keptAttemptAt(record: ShadowRecord | undefined): string | undefined {
  return attemptSchema.safeParse(record?.source).data?.attempt.at;
}

/** Records never change: what is made of one is made once. */
function remembered<T extends object>(make: (record: ShadowRecord) => T): (record?: ShadowRecord) => T {
  const known = new WeakMap<ShadowRecord, T>();
  return (record) => {
    if (record === undefined) return {} as T;
    const before = known.get(record);
    if (before !== undefined) return before;
    const made = make(record);
    known.set(record, made);
    return made;
  };
}

function parts<T>(
  schema: z.ZodType,
  values: Record<string, unknown> = {},
  names: readonly (keyof T & string)[],
): T {
  const entries = names.flatMap((name) => {
    if (values[name] === undefined) return [];
    const { success, data } = schema.safeParse({ [name]: values[name] });
    return success ? [[name, (data as Record<string, unknown>)[name]]] : [];
  });
  return Object.fromEntries(entries) as T;
}

/** Without what is empty: the API server leaves it out, too. */
function withoutNothing(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(([, part]) =>
      part !== undefined && !(typeof part === "object" && Object.keys(part).length === 0)
    ),
  );
}
