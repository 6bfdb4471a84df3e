/** A flag of one command alone. */
import type { FlagSpec } from "./arguments.ts";

/** With what help and completion say about it. */
export interface CommandFlag extends FlagSpec {
  /** How help writes the value. */
  readonly value: string;
  readonly help: string;
  readonly choices?: readonly string[];
  /** Completion offers file names. */
  readonly file?: boolean;
}
