/** What `install` and `uninstall` reach out to, and how they tell how it goes. */
import type {
  Came,
  InstallAsked,
  Installed,
  Remaining,
  RunParts,
  Say,
  UninstallAsked,
} from "../app/install.ts";
import type { Config } from "../app/config.ts";
import type { Terminal } from "./terminal.ts";

/** The cluster, and the person. */
export interface InstallParts {
  readonly install: (config: Config, asked: InstallAsked, parts: InstallRun) => Promise<Came<Installed>>;
  readonly uninstall: (config: Config, asked: UninstallAsked, parts: InstallRun) => Promise<Came<Remaining>>;
  /** Asks the person; undefined where nobody can be asked. Rejects with the signal's reason. */
  readonly confirm: (question: string, signal: AbortSignal) => Promise<boolean | undefined>;
  /** Runs until it is done or somebody ends it; what ended it. */
  readonly untilStopped: (run: (signal: AbortSignal) => Promise<void>) => Promise<Deno.Signal | undefined>;
  /** Whether lines on standard error can be written over. */
  readonly isTerminal: boolean;
}

export type InstallRun = Omit<RunParts, "environment">;

export interface InstallSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly installation: InstallParts;
}

/** Control characters of texts of the cluster would reach the terminal. */
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

export function harmless(text: string): string {
  return text.replace(CONTROL, "?");
}

/** Lines go to standard output; what is waited for goes over itself on a terminal, and is one line each elsewhere. */
export function sayTo(
  { out, err, terminal, installation: { isTerminal } }: InstallSurroundings,
): Say {
  let last: string | undefined;
  return {
    line(text) {
      if (isTerminal && last !== undefined) err(CLEAR);
      out(`${harmless(text)}\n`);
    },
    waiting(text) {
      if (text === last) return;
      if (isTerminal) {
        err(text === undefined ? CLEAR : `${CLEAR}${terminal.dim(shortened(text, terminal.width))}`);
      } else if (text !== undefined) err(`waiting for ${harmless(text)}\n`);
      last = text;
    },
  };
}

/** To the beginning of the line, and the rest of it away. */
const CLEAR = "\r\x1b[K";

function shortened(text: string, width: number): string {
  const line = harmless(text).replaceAll("\n", " ");
  return line.length < width ? line : `${line.slice(0, width - 2)}…`;
}
