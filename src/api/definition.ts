/** What a custom resource definition says beside the schema. */
import type { z } from "zod";
import type { Rule } from "./field.ts";
import type { ResourceType } from "./object.ts";

/** The API group and version of all our kinds. */
export const GROUP = "coder.com";
export const VERSION = "v1alpha1";
/** All kinds answer to `kubectl get coder`. */
export const CATEGORY = "coder";

/** One column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly jsonPath: string;
  readonly description: string;
  /** Columns with a priority above 0 appear with `-o wide` alone. @default {0} */
  readonly priority?: number;
}

/** A kind of ours: everything that its CRD is generated from. */
export interface KindDefinition {
  readonly resource: ResourceType;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly description: string;
  readonly columns: readonly PrinterColumn[];
  /**
   * Whether `kubectl scale` and autoscalers may set `spec.replicas`. With it the API server refuses every change of an
   * object with negative replicas but those of its status, also where the object is older than the CRD.
   */
  readonly scale: boolean;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Rules over the whole object. They must pass where an old object exists. */
  readonly rules: readonly Rule[];
}

/** The first columns of every kind: how its pods are. */
export const WORKLOAD_COLUMNS: readonly PrinterColumn[] = [
  {
    name: "Phase",
    type: "string",
    jsonPath: ".status.phase",
    description: "Pending, or Ready once a pod is ready.",
  },
  {
    name: "Ready",
    type: "integer",
    jsonPath: ".status.readyReplicas",
    description: "Pods that are ready.",
  },
  {
    name: "Replicas",
    type: "integer",
    jsonPath: ".spec.replicas",
    description: "Pods that should run.",
    priority: 1,
  },
];

/** The last column of every kind. */
export const AGE_COLUMN: PrinterColumn = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "Time since the object was created.",
};

/** How a kind of ours is addressed. */
export function coderResource<T extends ResourceType>(kind: string, plural: string): T {
  return { group: GROUP, version: VERSION, kind, plural, namespaced: true } as T;
}
