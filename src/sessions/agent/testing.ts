/** For tests: workspaces that are directories of this machine, with terminals as an agent gives them. */
export {
  type LocalTerminal,
  type LocalTerminals,
  localTerminals,
  type LocalTerminalsOptions,
} from "./testing/local_terminals.ts";
