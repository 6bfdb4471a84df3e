/** What was typed behind a command that has options of its own, and what it reaches out to. */
import type { ParsedArguments } from "../arguments.ts";
import type { Mistake } from "../mistake.ts";
import type { Terminal } from "../terminal.ts";
import type { SandboxSurroundings } from "./surroundings.ts";

/** What they reach out to. */
export interface OwnSurroundings extends SandboxSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly readStandardInput: () => Promise<string>;
  readonly showHelp: () => Promise<number>;
  readonly showVersion: (parsed: ParsedArguments, mistakes: readonly Mistake[]) => Promise<number>;
}

/** What was typed behind such a command. */
export interface OwnCall {
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly mistakes: readonly Mistake[];
}

/** Words that nothing is known of. */
export function strays(words: readonly string[], name: string): Mistake[] {
  return words.map((where) => ({ where, what: `stray argument after ${name}` }));
}
