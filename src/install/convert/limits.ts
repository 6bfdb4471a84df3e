/** The limits of the CRD's schema, held against an object before anybody sends it. */
import { z } from "zod";
import { isFields } from "./values_text.ts";

/** Told of everything that is taken out. */
export type OnBreach = (path: string, what: string) => void;

/** What stands for a value that its parent has to do without. */
const OUT = Symbol("out");

/** A copy of `value` without what breaks a limit of `schema`. Rules in CEL are not looked at. */
export function withinLimits<T>(
  schema: z.core.$ZodType,
  value: T,
  path: string,
  tell: OnBreach,
): T | undefined {
  const kept = fit(schema, value, path, tell);
  return kept === OUT ? undefined : kept as T;
}

function fit(schema: z.core.$ZodType, value: unknown, path: string, tell: OnBreach): unknown {
  const limits = z.globalRegistry.get(schema) ?? {};
  const breach = breachOf(limits, value);
  if (breach !== undefined) {
    tell(path, breach);
    return OUT;
  }
  if (schema instanceof z.ZodObject && isFields(value)) return fitFields(schema, value, path, tell);
  if (schema instanceof z.ZodRecord && isFields(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fit(schema.valueType, item, `${path}.${key}`, tell)])
        .filter(([, item]) => item !== OUT),
    );
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    const kept = value.map((item, index) => fit(schema.element, item, `${path}[${index}]`, tell))
      .filter((item) => item !== OUT);
    return kept.length === 0 && value.length > 0 ? OUT : kept;
  }
  const overlay = isFields(limits["overlay"]) ? limits["overlay"]["properties"] : undefined;
  if (isFields(overlay) && isFields(value)) {
    for (const [key, constraints] of Object.entries(overlay)) {
      const found = breachOf(constraints, value[key]);
      if (found === undefined) continue;
      tell(`${path}.${key}`, found);
      return OUT;
    }
  }
  const within = inner(schema);
  return within === undefined ? value : fit(within, value, path, tell);
}

function fitFields(
  schema: z.ZodObject,
  value: Readonly<Record<string, unknown>>,
  path: string,
  tell: OnBreach,
) {
  const kept: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    const field: z.core.$ZodType | undefined = Object.hasOwn(schema.shape, key)
      ? schema.shape[key]
      : undefined;
    const fitted = field === undefined ? item : fit(field, item, `${path}.${key}`, tell);
    if (fitted !== OUT) kept.push([key, fitted]);
    else if (field?._zod.optin === undefined) return OUT;
  }
  return Object.fromEntries(kept);
}

/** What a default, an optional or a transformation is around. */
function inner(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const { innerType, in: input } = schema._zod.def as { innerType?: z.core.$ZodType; in?: z.core.$ZodType };
  return innerType ?? input;
}

function breachOf(limits: unknown, value: unknown): string | undefined {
  if (!isFields(limits)) return undefined;
  const { pattern, maxLength, minLength, minimum, maximum, enum: choices } = limits;
  if (typeof value === "string") {
    if (Array.isArray(choices) && !choices.includes(value)) {
      return `must be ${choices.filter((each) => each !== "").join(" or ")}`;
    }
    if (typeof pattern === "string" && !new RegExp(pattern).test(value)) return `must match ${pattern}`;
    if (typeof maxLength === "number" && [...value].length > maxLength) return `is longer than ${maxLength}`;
    if (typeof minLength === "number" && value.length < minLength) return "must not be empty";
  }
  if (typeof value === "number") {
    if (typeof minimum === "number" && value < minimum) return `must be at least ${minimum}`;
    if (typeof maximum === "number" && value > maximum) return `must be at most ${maximum}`;
  }
  return undefined;
}
