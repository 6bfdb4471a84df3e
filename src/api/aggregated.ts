/** What the aggregated API server says about a kind beside the form of its objects. */
import { z } from "zod";
import { CATEGORY, type PrinterColumn, VERSION } from "./definition.ts";
import type { ResourceType } from "./object.ts";

/** The API group of what Coder itself holds. */
export const AGGREGATION_GROUP = "aggregation.coder.com";

/** Labels of every object: which control plane it comes from. */
export const CONTROL_PLANE_NAME_LABEL = `${AGGREGATION_GROUP}/control-plane-name`;
export const CONTROL_PLANE_NAMESPACE_LABEL = `${AGGREGATION_GROUP}/control-plane-namespace`;

/** A kind that is served from Coder: discovery, OpenAPI, tables and selectors come from this. */
export interface AggregatedDefinition {
  readonly resource: ResourceType;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
  /** Fields that a field selector may name beside `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: readonly string[];
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
}

/** All kinds answer to `kubectl get coder`. */
export const CATEGORIES: readonly string[] = [CATEGORY];

/** How such a kind is addressed. */
export function aggregatedResource<T extends ResourceType>(kind: string, plural: string): T {
  return { group: AGGREGATION_GROUP, version: VERSION, kind, plural, namespaced: true } as T;
}

/** A point in time that is always given, and null where there is none. @default {null} */
export function timeOrNull(description: string) {
  return z.custom<string | null>(
    (value) => value === null || typeof value === "string",
    "expected a time or null",
  ).default(null).meta({ description, type: "string", format: "date-time", nullable: true });
}

/** Texts by name; nothing where there is no map. */
export function texts(description: string) {
  return z.record(z.string(), z.string()).meta({ description });
}
