/** What was typed behind a command that has flags of its own, and reading it. */
import type { z } from "zod";
import type { Mistake } from "./mistake.ts";
import { namespace } from "./values.ts";

/** What was typed behind a command. */
export interface CommandCall {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, readonly string[]>;
  /** What is wrong with it already. */
  readonly mistakes: readonly Mistake[];
}

/** Reads flags; what is wrong with them is collected in `mistakes`. Of a repeated flag the last counts. */
export interface FlagReader {
  readonly mistakes: readonly Mistake[];
  /** As it was typed. */
  readonly last: (flag: string) => string | undefined;
  /** What `schema` makes of it; `must` is said where it does not fit, instead of the schema's own words. */
  readonly read: <T>(flag: string, schema: z.ZodType<T>, must?: string) => T | undefined;
  readonly namespace: (flag: string) => string | undefined;
}

/** Undefined is read where the flag is not given, and where it is wrong. */
export function flagReader(flags: CommandCall["flags"]): FlagReader {
  const mistakes: Mistake[] = [];
  const last = (flag: string) => flags.get(flag)?.at(-1);
  const read = <T>(flag: string, schema: z.ZodType<T>, must?: string): T | undefined => {
    const text = last(flag);
    if (text === undefined) return undefined;
    const { data, error } = schema.safeParse(text);
    if (error !== undefined) {
      const what = must ?? error.issues.map(({ message }) => message).join("; ");
      mistakes.push({ where: `--${flag}`, what });
    }
    return data;
  };
  return { mistakes, last, read, namespace: (flag) => read(flag, namespace(), "must be one namespace name") };
}
