/**
 * Building blocks of the resource schemas. Each makes a zod schema that *reads* tolerantly and carries, as metadata, the
 * constraints of the CRD. The two differ on purpose: the API server refuses bad values when they are written, but an
 * object stored before a rule existed must still be readable, or it could never get a status or lose its finalizer.
 */
import { z } from "zod";
import { type Embedded, schemaOf } from "./kubernetes/schemas.ts";

/** A CEL rule, as CRDs have it. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** Makes `oldSelf` an optional, so that the rule can tell a new object from an existing one. */
  readonly optionalOldSelf?: boolean;
  readonly fieldPath?: string;
  readonly reason?:
    | "FieldValueForbidden"
    | "FieldValueInvalid"
    | "FieldValueRequired"
    | "FieldValueDuplicate";
}

/** Constraints and extensions that the CRD takes over as they are. */
export interface Constraints {
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly "x-kubernetes-validations"?: readonly Rule[];
  readonly "x-kubernetes-list-type"?: "map" | "set" | "atomic";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
}

/** Metadata keys that the CRD generator understands and does not copy. */
export interface GeneratorKeys {
  /** The default that the API server stores. Defaults without this key are applied on reading alone. */
  readonly storedDefault?: unknown;
  /** The Kubernetes structure to put here, from the pinned OpenAPI document. */
  readonly kubernetes?: keyof Embedded;
  /** Schema merged over that structure. */
  readonly overlay?: unknown;
  /** Describe the fields of that structure alone, not those inside them: large structures count several times. */
  readonly brief?: boolean;
}

/** A field that may be absent, and then is absent (never `undefined`) in the result. */
export const optional = z.exactOptional;

/** Text. */
export function text(description: string, constraints: Constraints = {}): z.ZodString {
  return z.string().meta({ description, ...constraints });
}

/** Text where the empty string means `fallback`, as an absent field does. */
export function textOr(fallback: string, description: string, constraints: Constraints = {}) {
  return text(description, constraints).transform((value) => value === "" ? fallback : value).default(
    fallback,
  );
}

/** A point in time, RFC 3339. */
export function time(description: string): z.ZodString {
  return z.string().meta({ description, format: "date-time" });
}

/** A switch. */
export function flag(description: string): z.ZodBoolean {
  return z.boolean().meta({ description });
}

/** A whole number of 32 bits. */
export function int32(description: string, constraints: Constraints = {}): z.ZodNumber {
  return z.number().meta({ description, type: "integer", format: "int32", ...constraints });
}

/** A whole number of 64 bits. */
export function int64(description: string, constraints: Constraints = {}): z.ZodNumber {
  return z.number().meta({ description, type: "integer", format: "int64", ...constraints });
}

/** A whole number or a text, as Kubernetes has it for ports and percentages. */
export function intOrText(description: string, constraints: Constraints = {}) {
  return z.custom<number | string>(
    (value) => typeof value === "string" || Number.isInteger(value),
    "expected a whole number or a text",
  ).meta({ description, "x-kubernetes-int-or-string": true, ...constraints });
}

/** Fields that belong together. */
export function group<T extends z.ZodRawShape>(description: string, shape: T, constraints: Constraints = {}) {
  return z.object(shape).meta({ description, ...constraints });
}

/** A list; absent reads as empty. */
export function list<T extends z.ZodType>(description: string, item: T, constraints: Constraints = {}) {
  return z.array(item).default([]).meta({ description, ...constraints });
}

/** A map of text to text; absent reads as empty. `values` are the constraints of each value. */
export function textMap(description: string, values: Constraints = {}) {
  return z.record(z.string(), z.string().meta({ ...values })).default({}).meta({ description });
}

/** A structure of Kubernetes itself. Its value passes unchanged, unknown fields included. */
export function embedded<K extends keyof Embedded>(name: K, description?: string, overlay?: unknown) {
  return z.custom<Embedded[K]>().superRefine((value, context) => {
    for (const { path, message } of schemaOf(name).safeParse(value).error?.issues ?? []) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
  }).meta({
    kubernetes: name,
    ...(description === undefined ? {} : { description }),
    ...(overlay === undefined ? {} : { overlay }),
  });
}

/**
 * As {@linkcode embedded}, for large structures that a spec has several times: only their own fields are described, for
 * a CRD has room for so much. `kubectl explain pod.spec` says more.
 */
export function brief<K extends keyof Embedded>(name: K) {
  return embedded(name).meta({ kubernetes: name, brief: true });
}

/** Gives a field a default that the API server stores, as it stands in every object read from it. */
export function stored<T extends z.ZodType>(schema: T, value: z.input<T>): z.ZodPrefault<T> {
  return schema.prefault(value as z.core.util.NoUndefined<z.input<T>>).meta({ storedDefault: value });
}
