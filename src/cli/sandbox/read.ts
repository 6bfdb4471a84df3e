/** What reading the configuration of a process comes to. */
import type { StartNotes } from "../../app/process.ts";
import type { Mistake } from "../mistake.ts";
import type { LoadSources } from "./load.ts";
import type { Machine } from "./machine.ts";

/** Where it is read from. */
export interface ReadSources extends LoadSources {
  readonly machine: Machine;
}

/** Either `config` or at least one mistake; notes in both cases. */
export interface ReadConfig<C> {
  readonly config?: C;
  readonly mistakes: readonly Mistake[];
  readonly notes: StartNotes;
}
