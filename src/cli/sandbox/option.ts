/**
 * Options of commands that have their own: one table says of each its flag, its variables, its place in the YAML file, its
 * value and what help tells. Each command has an {@linkcode OptionSet}.
 */
import type { z } from "zod";
import { kebabCase } from "../options.ts";

/** What is to be said of an option besides its values. */
export interface OptionFacts {
  /** Heading of the help. */
  readonly group: string;
  /** One or two sentences. */
  readonly help: string;
  /** How help writes the value; absent for switches. */
  readonly value?: string;
  /** As a user would write it. Absent: there is none. */
  readonly fallback?: string;
  /** How help tells the default where `fallback` does not. */
  readonly defaultText?: string;
  /** @default {the key in kebab-case} */
  readonly flag?: string;
  readonly letter?: string;
  /** Another spelling of the flag, which help does not show. */
  readonly otherFlag?: string;
  /** Documented variables, read where the twin is not set. */
  readonly variables?: readonly string[];
  /** Section of the YAML file, or section and key. @default {the flag in snake_case, in this section} */
  readonly file: string;
  readonly choices?: readonly string[];
  readonly isPath?: boolean;
  readonly repeat?: boolean;
  readonly isSecret?: boolean;
  /** Neither flag nor variables. */
  readonly fileOnly?: boolean;
}

/** An option and what becomes of what is given. */
export interface Described<T> {
  readonly schema: z.ZodType<T>;
  readonly facts: OptionFacts;
  /** What it is where nothing is given. */
  readonly absent: T | undefined;
}

export type Table = Readonly<Record<string, Described<unknown>>>;

/** What a table's options come to. */
export type Values<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Described<infer V> ? V : never;
};

/** An option with a default. */
export function withDefault<T>(
  schema: z.ZodType<T>,
  facts: OptionFacts & { readonly fallback: string },
): Described<T> {
  return { schema, facts, absent: schema.parse(facts.fallback) };
}

/** An option that may be missing. */
export function optional<T>(
  schema: z.ZodType<T>,
  facts: Omit<OptionFacts, "fallback">,
): Described<T | undefined> {
  return { schema, facts, absent: undefined };
}

/** One option under all its names. */
export interface SandboxOption extends OptionFacts {
  readonly key: string;
  readonly flag: string;
  /** Its twin among the variables. */
  readonly env: string;
  /** `section.key` of the YAML file. */
  readonly yaml: string;
  readonly isSwitch: boolean;
  readonly shownDefault: string;
  readonly described: Described<unknown>;
}

/** All options of one command. */
export interface OptionSet<T extends Table = Table> {
  readonly command: string;
  /** Of all twins, `CODER_K8S_COORDINATOR_`. */
  readonly prefix: string;
  readonly table: T;
  readonly options: readonly SandboxOption[];
}

/** Makes the set of a command. */
export function optionSet<T extends Table>(command: string, prefix: string, table: T): OptionSet<T> {
  const options = Object.entries(table).map(([key, described]): SandboxOption => {
    const { facts } = described;
    const flag = facts.flag ?? kebabCase(key);
    return {
      ...facts,
      key,
      flag,
      env: prefix + screamingSnake(flag),
      yaml: facts.file.includes(".") ? facts.file : `${facts.file}.${flag.replaceAll("-", "_")}`,
      isSwitch: facts.value === undefined,
      shownDefault: facts.defaultText ?? facts.fallback ?? "",
      described,
    };
  });
  return { command, prefix, table, options };
}

function screamingSnake(flag: string): string {
  return flag.toUpperCase().replaceAll("-", "_");
}
