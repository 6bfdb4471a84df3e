/** The options of every command that has its own. */
import { COORDINATOR, COORDINATOR_GROUPS } from "./coordinator_options.ts";
import type { OptionSet } from "./option.ts";
import { SESSIONS, SMALL_GROUPS, WORKER_TOKEN } from "./small_options.ts";
import { WORKER, WORKER_GROUPS } from "./worker_options.ts";

/** A command's options, and the headings of its help in order. */
export interface CommandOptions {
  readonly set: OptionSet;
  readonly groups: readonly string[];
}

export const COMMAND_OPTIONS: Readonly<Record<string, CommandOptions>> = {
  "coordinator": { set: COORDINATOR as OptionSet, groups: COORDINATOR_GROUPS },
  "worker": { set: WORKER as OptionSet, groups: WORKER_GROUPS },
  "worker-token": { set: WORKER_TOKEN as OptionSet, groups: SMALL_GROUPS },
  "sessions": { set: SESSIONS as OptionSet, groups: SMALL_GROUPS },
};
