/** Pieces of schemas that take any answer: what is not as expected is left out, and throws nothing. */
import { z } from "zod";

/** @default {""} */
export const text = z.string().catch("");

/** @default {0} */
export const count = z.number().catch(0);

/** @default {false} */
export const flag = z.boolean().catch(false);

/** RFC 3339. Undefined where there is none, and for Go's zero time. */
export const time = z.string().optional().catch(undefined).transform((value) => {
  const at = Date.parse(value ?? "");
  return Number.isNaN(at) || at <= 0 ? undefined : value;
});

/** A text that is not empty, nor an id that names nothing. */
export const some = z.string().optional().catch(undefined).transform((value) =>
  value === "" || value === NIL ? undefined : value
);

const NIL = "00000000-0000-0000-0000-000000000000";

/** Names with texts; others are left out. */
export const texts = z.record(z.string(), z.unknown()).catch({}).transform((value): Record<string, string> =>
  Object.fromEntries(
    Object.entries(value).flatMap(([name, word]) => typeof word === "string" ? [[name, word]] : []),
  )
);

/** Items of a list that is the whole answer: what is no list is no answer; Go sends `null` for an empty one. */
export function answerList<T extends z.ZodType>(item: T) {
  return z.array(z.unknown()).nullable().transform((values) => readable(item, values ?? []));
}

/** Items of a list in an answer; whatever else is there is none. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(z.unknown()).catch([]).transform((values) => readable(item, values));
}

/** Without those that are not of that form. */
function readable<T extends z.ZodType>(item: T, values: readonly unknown[]): z.output<T>[] {
  return values.flatMap((value) => {
    const { success, data } = item.safeParse(value);
    return success ? [data] : [];
  });
}
