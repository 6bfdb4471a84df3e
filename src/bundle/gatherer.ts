/** The one gate into a bundle: nothing gets in that was not redacted, and what could not be read is written down. */
import { stringify } from "yaml";
import { within } from "../caller/within.ts";
import { oneLine } from "../diagnosis/mod.ts";
import { slim } from "./slim.ts";
import type { BundleFile, BundleOptions, BundleWorld, Gap, Importance } from "./types.ts";

/** One look, in milliseconds. */
const LOOK_MS = 15_000;
/** Of one file. */
const LONGEST_FILE = 1_000_000;

/** What all parts of one bundle share. */
export class Gatherer {
  readonly files: BundleFile[] = [];
  readonly gaps: Gap[] = [];

  constructor(
    readonly world: BundleWorld,
    readonly options: BundleOptions,
    /** Ends all looks. */
    readonly signal: AbortSignal,
  ) {}

  /** Keeps text; of one that is too long the end, where the newest is. */
  text(path: string, about: string, importance: Importance, text: string): void {
    const shown = this.world.redaction.text(text);
    const isLong = shown.length > LONGEST_FILE;
    const kept = isLong
      ? `… ${shown.length - LONGEST_FILE} characters before this were left out\n${shown.slice(-LONGEST_FILE)}`
      : shown;
    if (isLong) this.gaps.push({ what: path, why: "only its end is there: it is too long" });
    this.files.push({
      path: safePath(this.world.redaction.text(path)),
      about,
      importance,
      text: kept.toWellFormed(),
    });
  }

  /** Keeps data as YAML, without values of variables and Secrets. */
  yaml(path: string, about: string, importance: Importance, value: unknown): void {
    const shown = this.world.redaction.value(slim(value));
    this.text(path, about, importance, stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false }));
  }

  /** What `run` yields; undefined, and a gap, where it could not be read in time. */
  async tried<T>(what: string, run: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    this.options.progress?.(what);
    try {
      return await within(this.signal, LOOK_MS, run);
    } catch (error) {
      const isLate = this.signal.aborted ||
        (error instanceof DOMException && error.name === "TimeoutError");
      this.gap(what, isLate ? "no answer in time" : error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** Writes down that something is not there. */
  gap(what: string, why: string): void {
    const { redaction } = this.world;
    this.gaps.push({ what: oneLine(redaction.text(what)), why: oneLine(redaction.text(why)) });
  }
}

/** Names of objects are foreign: none may lead out of the bundle. */
function safePath(path: string): string {
  return path.split("/").filter((part) => part !== "" && part !== "." && part !== "..")
    .map((part) => part.replace(/[^A-Za-z0-9._@-]/g, "_")).join("/");
}
