/** One command of `kubectl coder` with all that it needs. */
import type { PluginWorld } from "../plugin/world.ts";
import type { CommandCall } from "./command_call.ts";
import type { PluginCommand } from "./plugin_commands.ts";
import type { PluginOptions } from "./plugin_options.ts";
import type { PluginParts, PluginSurroundings } from "./plugin_parts.ts";

/** What was typed. */
export interface PluginCall extends CommandCall {
  readonly command: PluginCommand;
  /** Behind `--`. */
  readonly behind: readonly string[];
}

/** All that a command needs. */
export interface PluginJob {
  readonly world: PluginWorld;
  readonly call: PluginCall;
  readonly options: PluginOptions;
  readonly around: PluginSurroundings;
  readonly parts: PluginParts;
}
