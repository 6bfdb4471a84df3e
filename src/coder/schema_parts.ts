/** Pieces of answer schemas. Fields that we do not name may come and are dropped; those we name must be right. */
import { z } from "zod";

/** A UUID, the nil one and Coder's reserved ones included. */
export const id = z.guid();

/** A UUID that names something: not the nil one. */
export const realId = id.refine((value) => value !== NIL_ID, "expected an id other than the nil UUID");

/** What Go sends where there is no id. */
export const NIL_ID = "00000000-0000-0000-0000-000000000000";

/** RFC 3339; Go's zero time (year 1) included. */
export const timestamp = z.string().refine((value) => !Number.isNaN(Date.parse(value)), "expected a time");

/** A name or a token that is there. */
export const nonEmpty = z.string().min(1);

/** A text that older or newer versions may leave out. @default {""} */
export const optionalText = z.string().nullish().transform((value) => value ?? "");

/** A flag that may be left out. @default {false} */
export const optionalFlag = z.boolean().nullish().transform((value) => value ?? false);

/** A list; Go sends `null` for an empty one. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.array(item).nullish().transform((value) => value ?? []);
}

/** Items of a list, and what is wrong with those that were left out. */
export interface ReadableItems<T> {
  readonly items: T[];
  /** As `[3].latest_build: expected object`, one for each item that was left out; with its id where it has one. */
  readonly problems: readonly string[];
}

/** A list of which items that cannot be read are left out: one bad record must not hide all others. */
export function readableItems<T extends z.ZodType>(item: T) {
  return z.array(z.unknown()).nullish().transform((values): ReadableItems<z.output<T>> => {
    const items: z.output<T>[] = [];
    const problems: string[] = [];
    for (const [index, value] of (values ?? []).entries()) {
      const read = item.safeParse(value);
      if (read.success) items.push(read.data);
      else problems.push(problemOfItem(read.error, value, index));
    }
    return { items, problems };
  });
}

/** What is wrong with one item of a list: under its id, as Coder lists what is the same in another order each time. */
export function problemOfItem(error: z.ZodError, item: unknown, index: number): string {
  const named = typeof item === "object" && item !== null && "id" in item ? id.safeParse(item.id) : undefined;
  const label = named?.success === true ? named.data : index;
  return problemsOf(error, (path) => path).map((problem) => `[${label}].${problem}`).join("; ");
}

/** As {@linkcode readableItems}, for lists inside of records, where nobody asks what was left out. */
export function readableListOf<T extends z.ZodType>(item: T) {
  return readableItems(item).transform(({ items }) => items);
}

/** What is wrong, as `path: words`, without a value of the answer. At most ten problems. */
export function problemsOf(error: z.ZodError, clean: (text: string) => string): string[] {
  return error.issues.slice(0, 10).map((issue) => {
    const path = issue.path.reduce<string>(
      (text, part) =>
        typeof part === "number"
          ? `${text}[${part}]`
          : text === ""
          ? String(part)
          : `${text}.${String(part)}`,
      "",
    );
    return `${path === "" ? "the answer" : cut(clean(path))}: ${wordsFor(issue)}`;
  });
}

/** zod's own words may quote keys and values of the input; these do not. */
function wordsFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${issue.expected}`;
    case "invalid_format":
      return `expected ${issue.format === "guid" ? "a UUID" : issue.format}`;
    case "too_small":
      return "expected more than nothing";
    case "custom":
      return issue.message;
    default:
      return "not of an expected form";
  }
}

function cut(path: string): string {
  return path.length <= 200 ? path : `${path.slice(0, 200)}…`;
}
