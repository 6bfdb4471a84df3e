/**
 * Splits a command line into flags and words. Flags are written as Go's flag package allows, because existing
 * manifests do so: `--name=value`, `--name value`, `-name=value`, switches as `--name` or `--name=false`.
 */
import type { Mistake } from "./mistake.ts";
import { suggest } from "./suggest.ts";

/** A flag that may be given. */
export interface FlagSpec {
  /** Without dashes. */
  readonly flag: string;
  /** One letter: `h` for `-h`. */
  readonly letter?: string;
  readonly isSwitch: boolean;
}

/** What was typed. */
export interface ParsedArguments {
  /** Values by flag, in the order given; a bare switch has the value `true`. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly words: readonly string[];
  readonly mistakes: readonly Mistake[];
}

/** Reads `args` with the flags that exist. Never throws: what is wrong is in `mistakes`. */
export function parseArguments(args: readonly string[], specs: readonly FlagSpec[]): ParsedArguments {
  const flags = new Map<string, string[]>();
  const words: string[] = [];
  const mistakes: Mistake[] = [];
  let lastSwitch: string | undefined;
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (argument === "--") {
      words.push(...args.slice(index + 1));
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      if (lastSwitch !== undefined && /^(true|false|t|f|0|1)$/i.test(argument)) {
        mistakes.push({ where: argument, what: `stray argument; write --${lastSwitch}=${argument}` });
      } else words.push(argument);
      lastSwitch = undefined;
      continue;
    }
    const { spec, typed, inline } = readFlag(argument, specs);
    lastSwitch = undefined;
    if (spec === undefined) {
      mistakes.push({ where: argument.split("=", 1)[0] ?? argument, what: unknownFlag(typed, specs) });
      // The word behind an unknown flag that wants a value would be a second, misleading mistake.
      const near = specs.find((one) => one.flag === suggest(typed, specs.map((each) => each.flag)));
      const next = args[index + 1];
      if (inline === undefined && near?.isSwitch === false && next !== undefined && !next.startsWith("-")) {
        index++;
      }
      continue;
    }
    let value = inline;
    if (value === undefined && spec.isSwitch) {
      value = "true";
      lastSwitch = spec.flag;
    } else if (value === undefined) {
      const next = args[index + 1];
      if (next === undefined || isKnownFlag(next, specs)) {
        mistakes.push({ where: `--${spec.flag}`, what: "needs a value" });
        continue;
      }
      value = next;
      index++;
    }
    flags.set(spec.flag, [...(flags.get(spec.flag) ?? []), value]);
  }
  return { flags, words, mistakes };
}

function readFlag(argument: string, specs: readonly FlagSpec[]) {
  const name = argument.replace(/^--?/, "");
  const equals = name.indexOf("=");
  const typed = equals === -1 ? name : name.slice(0, equals);
  const inline = equals === -1 ? undefined : name.slice(equals + 1);
  const letter = !argument.startsWith("--");
  const spec = specs.find((one) => one.flag === typed || (letter && one.letter === typed));
  return { spec, typed, inline };
}

function isKnownFlag(argument: string, specs: readonly FlagSpec[]): boolean {
  return argument.startsWith("-") && readFlag(argument, specs).spec !== undefined;
}

function unknownFlag(typed: string, specs: readonly FlagSpec[]): string {
  const switchOff = /^no-(.+)$/.exec(typed)?.[1];
  const positive = specs.find((one) => one.isSwitch && one.flag === switchOff);
  if (positive !== undefined) return `unknown flag; did you mean --${positive.flag}=false?`;
  const near = suggest(typed, specs.map((one) => one.flag));
  return near === undefined ? "unknown flag" : `unknown flag; did you mean --${near}?`;
}
