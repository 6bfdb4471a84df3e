/** The commands of `kubectl coder`, and their flags. */
import type { CommandFlag } from "./command_flag.ts";
import { DIAGNOSE_FLAGS, TOP_FLAGS } from "./look_flags.ts";

/** One command. */
export interface PluginCommand {
  readonly name: PluginCommandName;
  /** Behind the name in usage lines. */
  readonly operands: string;
  /** One line for the list. */
  readonly summary: string;
  /** More, for its own help. */
  readonly description: string;
  /** Of its own, beside {@linkcode KUBECTL_FLAGS}. */
  readonly flags: readonly CommandFlag[];
  /** How many workspaces are named; nothing: none. */
  readonly names?: "one" | "many";
  /** It is a command of coder-k8s, which knows its own flags. */
  readonly isOther?: boolean;
}

export type PluginCommandName =
  | "list"
  | "start"
  | "stop"
  | "restart"
  | "log"
  | "open"
  | "ssh"
  | "diagnose"
  | "top"
  | "version"
  | "completion"
  | "help";

/** Of `list -o`. */
export const LIST_FORMATS = ["wide", "name", "json", "yaml"] as const;

/** kubectl's own, of all commands that ask the API server. */
export const KUBECTL_FLAGS: readonly CommandFlag[] = [
  {
    flag: "namespace",
    letter: "n",
    isSwitch: false,
    value: "name",
    help:
      "Namespace of the workspaces. Default: that of the kubeconfig's context, then all that you may see.",
  },
  {
    flag: "kubeconfig",
    isSwitch: false,
    value: "path",
    file: true,
    help: "How to reach the API server. Default: $KUBECONFIG, then ~/.kube/config.",
  },
  {
    flag: "context",
    isSwitch: false,
    value: "name",
    help: "Which context of the kubeconfig to use. Default: the current one.",
  },
  { flag: "as", isSwitch: false, value: "user", help: "Whom to impersonate." },
  {
    flag: "as-group",
    isSwitch: false,
    value: "group",
    help: "A group of whom to impersonate. May be repeated.",
  },
  { flag: "as-uid", isSwitch: false, value: "uid", help: "The UID of whom to impersonate." },
  {
    flag: "request-timeout",
    isSwitch: false,
    value: "duration",
    help: "How long one request may take: 10s, or seconds; 0 is no limit. Default: 30s.",
  },
];

/** Of all commands. */
export const HELP_FLAG: CommandFlag = {
  flag: "help",
  letter: "h",
  isSwitch: true,
  value: "",
  help: "Show this help.",
};

const timeout: CommandFlag = {
  flag: "timeout",
  isSwitch: false,
  value: "duration",
  help: "How long --wait waits, for each workspace. Default: 10m.",
};
const CHANGE_FLAGS: readonly CommandFlag[] = [
  { flag: "wait", letter: "w", isSwitch: true, value: "", help: "Wait until it is so." },
  {
    flag: "follow",
    letter: "f",
    isSwitch: true,
    value: "",
    help: "Show the log of the build while it goes on; waits, too.",
  },
  timeout,
];
const CODER_URL: CommandFlag = {
  flag: "coder-url",
  isSwitch: false,
  value: "url",
  help: "Where Coder is, if not where the workspace says.",
};

/** In the order of the help. */
export const PLUGIN_COMMANDS: readonly PluginCommand[] = [
  {
    name: "list",
    operands: "",
    summary: "List workspaces",
    description: "Shows the workspaces that you may see, as kubectl get coderworkspaces does.\n" +
      "  kubectl coder list\n" +
      "  kubectl coder list -A --mine -o wide",
    flags: [
      {
        flag: "all-namespaces",
        letter: "A",
        isSwitch: true,
        value: "",
        help: "Those of all namespaces.",
      },
      { flag: "mine", isSwitch: true, value: "", help: "Your own alone, if you see those of others." },
      { flag: "owner", isSwitch: false, value: "name", help: "Those of this Coder user." },
      {
        flag: "selector",
        letter: "l",
        isSwitch: false,
        value: "labels",
        help: "Those with these labels, as with kubectl get -l.",
      },
      {
        flag: "output",
        letter: "o",
        isSwitch: false,
        value: "format",
        choices: LIST_FORMATS,
        help: "How they are shown: wide, name, json or yaml. Default: a table.",
      },
      { flag: "no-headers", isSwitch: true, value: "", help: "Without the names of the columns." },
    ],
  },
  {
    name: "start",
    operands: "<name>...",
    summary: "Start workspaces",
    description: "Starts workspaces; those that run already are left as they are.\n" +
      "  kubectl coder start dev\n" +
      "  kubectl coder start alice/dev alice/web --wait",
    flags: CHANGE_FLAGS,
    names: "many",
  },
  {
    name: "stop",
    operands: "<name>...",
    summary: "Stop workspaces",
    description: "Stops workspaces; those that are stopped already are left as they are.\n" +
      "  kubectl coder stop dev --wait",
    flags: CHANGE_FLAGS,
    names: "many",
  },
  {
    name: "restart",
    operands: "<name>...",
    summary: "Stop workspaces, wait, and start them",
    description:
      "Stops each workspace, waits until it is stopped, and starts it; one that is stopped is started. " +
      "Whoever interrupts is told in which state it is left.\n" +
      "  kubectl coder restart dev --follow",
    flags: CHANGE_FLAGS,
    names: "many",
  },
  {
    name: "log",
    operands: "<name>",
    summary: "Show the log of a build",
    description: "Prints the log of the latest build of a workspace, or of another one.\n" +
      "  kubectl coder log dev -f\n" +
      "  kubectl coder log dev --build=3 --timestamps",
    flags: [
      { flag: "follow", letter: "f", isSwitch: true, value: "", help: "Go on until the build is over." },
      { flag: "build", isSwitch: false, value: "number", help: "Number of the build. Default: the latest." },
      { flag: "tail", isSwitch: false, value: "lines", help: "The last so many lines. Default: all." },
      {
        flag: "since",
        isSwitch: false,
        value: "duration",
        help: "What was written in the last so many seconds, minutes or hours: 5m.",
      },
      { flag: "timestamps", isSwitch: true, value: "", help: "Begin every line with its time." },
    ],
    names: "one",
  },
  {
    name: "open",
    operands: "<name> [app]",
    summary: "Open a workspace in Coder's dashboard, or one of its apps",
    description:
      "Opens the page of a workspace, or an app by its slug, in your browser; where there is none it prints " +
      "the address.\n" +
      "  kubectl coder open dev\n" +
      "  kubectl coder open dev code-server --print",
    flags: [{ flag: "print", isSwitch: true, value: "", help: "Print the address, open nothing." }],
    names: "one",
  },
  {
    name: "ssh",
    operands: "<name> [-- command...]",
    summary: "Open a terminal in a workspace, by the Coder CLI",
    description:
      "Hands the terminal to the Coder CLI (coder ssh), which has to be installed and logged in at the " +
      "workspace's Coder. The exit code is that of the command.\n" +
      "  kubectl coder ssh dev\n" +
      "  kubectl coder ssh alice/dev -- make test",
    flags: [
      {
        flag: "agent",
        isSwitch: false,
        value: "name",
        help: "Which agent, where the workspace has several.",
      },
      CODER_URL,
    ],
    names: "one",
  },
  {
    name: "diagnose",
    operands: "<workspace>|<kind> <name>",
    summary: "Say why something is not up, with evidence and what to do next",
    description: "The same as coder-k8s diagnose; a name alone is that of a workspace.\n" +
      "  kubectl coder diagnose dev\n" +
      "  kubectl coder diagnose controlplane coder -n coder",
    flags: DIAGNOSE_FLAGS,
    names: "one",
    isOther: true,
  },
  {
    name: "top",
    operands: "",
    summary: "Watch control planes, workspaces and builds in a terminal",
    description: "The same as coder-k8s top.\n  kubectl coder top -n coder",
    flags: TOP_FLAGS,
    isOther: true,
  },
  {
    name: "version",
    operands: "",
    summary: "Print the version",
    description: "Prints which build this is; with -o json for programs.",
    flags: [{
      flag: "output",
      letter: "o",
      isSwitch: false,
      value: "format",
      choices: ["text", "json"],
      help: "How it is printed: text or json.",
    }],
    isOther: true,
  },
  {
    name: "completion",
    operands: "",
    summary: "Print what kubectl needs to complete kubectl coder",
    description:
      "kubectl, where its own completion is loaded, asks an executable kubectl_complete-coder. This prints it; " +
      "put it into a folder of your PATH.\n" +
      "  kubectl coder completion > ~/.local/bin/kubectl_complete-coder\n" +
      "  chmod +x ~/.local/bin/kubectl_complete-coder",
    flags: [],
    isOther: true,
  },
  {
    name: "help",
    operands: "[command]",
    summary: "Explain kubectl coder or one command",
    description: "The same as --help.",
    flags: [],
    isOther: true,
  },
];

export function pluginCommand(name: string): PluginCommand | undefined {
  return PLUGIN_COMMANDS.find((command) => command.name === name);
}

/** All that a command takes, each flag once. */
export function flagsOf(command: PluginCommand | undefined): readonly CommandFlag[] {
  const own = command?.flags ?? [];
  const more = command?.isOther === true ? [HELP_FLAG] : [...KUBECTL_FLAGS, HELP_FLAG];
  return [...own, ...more.filter(({ flag }) => !own.some((one) => one.flag === flag))];
}

/** What is printed by `completion`: kubectl tells it what is typed, and takes names line by line. */
export const COMPLETER = `#!/bin/sh
# Completion of kubectl coder, for kubectl's own completion.
exec kubectl-coder __complete "$@"
`;

/** Every flag that some command has. */
export const ALL_PLUGIN_FLAGS: readonly CommandFlag[] = [
  ...new Map(
    [...PLUGIN_COMMANDS.flatMap(({ flags }) => flags), ...KUBECTL_FLAGS, HELP_FLAG].map((
      one,
    ) => [one.flag, one]),
  ).values(),
];

/** As they can be typed again. */
export function flagWords(flags: ReadonlyMap<string, readonly string[]>): string[] {
  return [...flags].flatMap(([flag, values]) => values.map((value) => `--${flag}=${value}`));
}
