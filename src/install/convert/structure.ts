/** Kubernetes structures in values: only what Kubernetes knows goes on. */
import { z } from "zod";
import { type Embedded, schemaOf } from "../../api/kubernetes/schemas.ts";
import { isFields } from "./values_text.ts";

/** A structure as the API server accepts it, or what is wrong with it. */
export interface CheckedStructure {
  /** Absent where it cannot be used. */
  readonly value?: unknown;
  /** What was left out, or why all of it. Paths are relative and begin with `.` or `[`. */
  readonly problems: readonly { readonly path: string; readonly what: string }[];
}

/** Checks a value against the structure `name`. Nulls mean absent; unknown fields are left out and told. */
export function checkStructure(name: keyof Embedded, value: unknown): CheckedStructure {
  const schema = schemaOf(name);
  const problems: { path: string; what: string }[] = [];
  const known = keepKnown(schema, withoutNulls(value), "", (path) => {
    problems.push({ path, what: `is not a field of Kubernetes' ${name} and was left out` });
  });
  const result = schema.safeParse(known);
  if (result.success) return { value: known, problems };
  return {
    problems: result.error.issues.map(({ path, message }) => ({
      path: path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join(""),
      what: `was left out, as Kubernetes would refuse it: ${message}`,
    })),
  };
}

/** A copy without fields that are `null`. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== null).map(withoutNulls);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, field]) => field !== null && field !== undefined)
      .map(([key, field]) => [key, withoutNulls(field)]),
  );
}

function keepKnown(
  schema: z.core.$ZodType,
  value: unknown,
  path: string,
  drop: (path: string) => void,
): unknown {
  const { innerType } = schema._zod.def as { innerType?: z.core.$ZodType };
  if (innerType !== undefined) return keepKnown(innerType, value, path, drop);
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.map((item, index) => keepKnown(schema.element, item, `${path}[${index}]`, drop));
  }
  if (!(schema instanceof z.ZodObject) || !isFields(value)) return value;
  const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, field]) => {
      const of = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (of !== undefined) return [[key, keepKnown(of, field, `${path}.${key}`, drop)]];
      drop(`${path}.${key}`);
      return [];
    }),
  );
}
