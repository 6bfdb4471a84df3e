/** The commands, and the flags that are not configuration. */
import type { FlagSpec } from "./arguments.ts";
import { OPTIONS } from "./options.ts";

/** One command. */
export interface Command {
  readonly name: string;
  /** Behind the name in usage lines. */
  readonly operands?: string;
  /** One line for the list. */
  readonly summary: string;
  /** More, for the command's own help. */
  readonly description: string;
  /** True where it starts a mode, with all configuration flags. */
  readonly isMode: boolean;
  /** Words that completion offers behind the command. */
  readonly words?: readonly string[];
}

/** Shells that `completion` knows. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** The commands in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: "all",
    isMode: true,
    summary: "Run every part in one process (the default)",
    description:
      "Runs the controllers, the aggregated API server and the MCP server in one process that shares one " +
      "cache of the cluster. Parts that this build does not have yet are left out, which the log says.",
  },
  {
    name: "controller",
    isMode: true,
    summary: "Run the controllers alone",
    description:
      "Turns CoderControlPlane resources into running Deployments. Of several replicas one is the leader " +
      "and reconciles; the others keep their caches filled and take over.",
  },
  {
    name: "aggregated-apiserver",
    isMode: true,
    summary: "Run the aggregated API server alone",
    description: "Serves Coder's workspaces and templates as Kubernetes resources.",
  },
  {
    name: "mcp-http",
    isMode: true,
    summary: "Run the MCP server alone",
    description: "Lets AI clients operate Coder and its resources over streamable HTTP.",
  },
  {
    name: "version",
    isMode: false,
    summary: "Print version, commit and Deno version",
    description: "Prints which build this is; with -o json for programs.",
  },
  {
    name: "completion",
    operands: "bash|zsh|fish",
    isMode: false,
    words: SHELLS,
    summary: "Print a script that teaches your shell to complete commands and flags",
    description: "Prints a completion script:\n" +
      "  bash  source <(coder-k8s completion bash)\n" +
      '  zsh   coder-k8s completion zsh > "${fpath[1]}/_coder-k8s"\n' +
      "  fish  coder-k8s completion fish > ~/.config/fish/completions/coder-k8s.fish",
  },
  {
    name: "help",
    operands: "[command]",
    isMode: false,
    summary: "Explain coder-k8s or one command",
    description: "The same as --help.",
  },
];

/** Flags that every command has. */
export const GLOBAL_FLAGS: readonly (FlagSpec & { help: string })[] = [
  { flag: "help", letter: "h", isSwitch: true, help: "Show this help." },
  { flag: "version", isSwitch: true, help: "Print version, commit and Deno version." },
];

/** The flag of `version`. */
export const OUTPUT_FLAG: FlagSpec & { help: string; choices: readonly string[] } = {
  flag: "output",
  letter: "o",
  isSwitch: false,
  choices: ["text", "json"],
  help: "How version prints: text or json.",
};

/** Every flag there is, for the parser: which command allows which is looked at afterwards. */
export const ALL_FLAGS: readonly FlagSpec[] = [...OPTIONS, ...GLOBAL_FLAGS, OUTPUT_FLAG];

/** The command of a name. */
export function commandOf(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}
