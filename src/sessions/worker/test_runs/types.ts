/** What test frameworks are to a worker. */
import type { z } from "zod";
import type { testRun } from "../../operations.ts";
import type { Stream } from "../process.ts";

export type Output = z.output<typeof testRun.output>;
export type FrameworkName = Output["framework"];
export type Counts = NonNullable<Output["counts"]>;
export type Failure = Output["failures"][number];

/** What came of the tests. */
export interface Results {
  readonly counts: Counts;
  readonly failures: readonly Failure[];
}

/** Where and on what a framework is run. */
export interface Place {
  /** Directory in which it is started, relative to the session's. */
  readonly root: string;
  /** Below `root`; `.`: all of it. */
  readonly path: string;
  readonly isFile: boolean;
  /** What is in the file that marks `root`. */
  readonly marker?: string | undefined;
}

/** What is run: a line of `sh` with `$REPORT` and `$@` (`withReport`), and the arguments. */
export interface Command {
  readonly line: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Sees output before it is kept, and says what is: for results that are in there. */
  readonly filter?: (stream: Stream, bytes: Uint8Array) => Uint8Array;
  /** Instead of a report: what the filter has found, once it is over. */
  readonly results?: () => Results | undefined;
}

/** How it ended. */
export interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Framework {
  /** Names of files, the nearest of which is in the directory where it is started; none: the session's directory. */
  readonly markers: readonly string[];
  command(place: Place, args: readonly string[]): Command;
  /** Reads its report, which is foreign; undefined where it is none. */
  parse?(report: string): Results | undefined;
  /** What to do where it is not installed; undefined: it is. */
  missing(ended: Ended): string | undefined;
}
