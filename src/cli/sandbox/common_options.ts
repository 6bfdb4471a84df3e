/** Options that coordinators and workers share. */
import { LOG_FORMATS, LOG_LEVELS } from "../../app/config.ts";
import { STANDARD_LIMITS } from "../../app/sandbox/rules.ts";
import { formatDuration } from "../duration.ts";
import { boolean, choice, duration, httpUrl, number, text } from "../values.ts";
import { optional, withDefault } from "./option.ts";
import { absolutePath, absolutePaths, egressList, formatSize, size, uidRange, word } from "./values.ts";

/** Headings of the help, in order. */
export const GENERAL = "General";
export const LOGGING = "Logging";
export const SANDBOX = "Sandboxes on this machine";
export const LIMITS = "What a session may use";
export const EGRESS = "Network and packages of sessions";

/** Of both processes. `help` says which file is meant. */
export const processOptions = {
  config: optional(text("the path of a YAML file"), {
    group: GENERAL,
    value: "file",
    isPath: true,
    file: "server.config",
    help:
      "A YAML file with sections server, session, worker, audit and sandbox. Environment and flags come first.",
  }),
  shutdownTimeout: withDefault(duration({ max: 600_000 }), {
    group: GENERAL,
    value: "duration",
    fallback: "30s",
    file: "server",
    help: "After SIGTERM: how long work in hand may take to finish.",
  }),
  logLevel: withDefault(word(LOG_LEVELS), {
    group: LOGGING,
    value: "level",
    choices: LOG_LEVELS,
    fallback: "info",
    variables: ["LOG_LEVEL"],
    file: "server",
    help: "How much to log.",
  }),
  logFormat: optional(choice(LOG_FORMATS), {
    group: LOGGING,
    value: "format",
    choices: LOG_FORMATS,
    defaultText: "text on a terminal, json otherwise",
    file: "server",
    help: "How to log, on standard error.",
  }),
  debug: withDefault(boolean(), {
    group: LOGGING,
    fallback: "false",
    file: "server",
    help: "Log everything (level debug), with stack traces.",
  }),
} as const;

/** Where and how sessions run: of workers, and of a coordinator with a worker of its own. */
export const sandboxOptions = {
  workspacesDir: optional(absolutePath(), {
    group: SANDBOX,
    value: "directory",
    isPath: true,
    defaultText: "as root /var/lib/coder-k8s/workspaces, else $XDG_STATE_HOME/coder-k8s/workspaces",
    file: "sandbox",
    help: "Where sessions' files lie, one directory a session.",
  }),
  allowUnisolated: withDefault(boolean(), {
    group: SANDBOX,
    fallback: "false",
    file: "sandbox",
    help:
      "Run sessions even where the kernel refuses to isolate them: they can then read and change whatever this process can.",
  }),
  allowNodeRoot: withDefault(boolean(), {
    group: SANDBOX,
    fallback: "false",
    file: "sandbox",
    help:
      "In a pod: start as root of the node with CAP_SYS_ADMIN, too, which is refused otherwise, as the pod was to have a user " +
      "namespace of its own. For pods that are virtual machines.",
  }),
  capacity: withDefault(number({ min: 1, max: 10_000 }), {
    group: SANDBOX,
    value: "number",
    fallback: "16",
    file: "sandbox",
    help: "Sessions at once.",
  }),
  sessionUids: withDefault(uidRange(), {
    group: SANDBOX,
    value: "first-last",
    fallback: "700000-765535",
    file: "sandbox",
    help: "User ids of sessions, each its own, where this process may use them (as root).",
  }),
  readOnlyPaths: withDefault(absolutePaths(), {
    group: SANDBOX,
    value: "path,...",
    repeat: true,
    isPath: true,
    fallback: "",
    defaultText: "none",
    file: "sandbox",
    help: "What sessions see, read-only, besides the usual directories of programs.",
  }),
  python: optional(text("the path of python3"), {
    group: SANDBOX,
    value: "path",
    isPath: true,
    defaultText: "python3 of $PATH",
    file: "sandbox",
    help: "Python 3.8 or newer, which makes and runs sandboxes.",
  }),
  sessionCpu: withDefault(duration({ min: 1_000, max: 86_400_000 }), {
    group: LIMITS,
    value: "duration",
    fallback: formatDuration(STANDARD_LIMITS.cpuMs),
    file: "sandbox",
    help: "CPU time of all processes of a session together.",
  }),
  sessionMemory: withDefault(size({ min: 16 * 2 ** 20 }), {
    group: LIMITS,
    value: "bytes",
    fallback: formatSize(STANDARD_LIMITS.memoryBytes),
    file: "sandbox",
    help: "Memory of all processes of a session together.",
  }),
  sessionProcesses: withDefault(number({ min: 4, max: 4_096 }), {
    group: LIMITS,
    value: "number",
    fallback: String(STANDARD_LIMITS.processes),
    file: "sandbox",
    help: "Processes and threads of a session at once.",
  }),
  sessionDisk: withDefault(size({ min: 2 ** 20 }), {
    group: LIMITS,
    value: "bytes",
    fallback: formatSize(STANDARD_LIMITS.diskBytes),
    file: "sandbox",
    help: "All files of a session together.",
  }),
  sessionOutput: withDefault(size({ min: 4_096, max: 64 * 2 ** 20 }), {
    group: LIMITS,
    value: "bytes",
    fallback: formatSize(STANDARD_LIMITS.outputBytes),
    file: "sandbox",
    help: "Output that is kept of each process; older output is counted, and gone.",
  }),
  sessionOpenFiles: withDefault(number({ min: 32, max: 65_536 }), {
    group: LIMITS,
    value: "number",
    fallback: String(STANDARD_LIMITS.openFiles),
    file: "sandbox",
    help: "Open files of each process.",
  }),
  egress: withDefault(egressList(), {
    group: EGRESS,
    value: "host,...",
    repeat: true,
    fallback: "",
    defaultText: "nothing but packages",
    file: "sandbox",
    help:
      "Hosts that sessions may reach, through this process: example.com (ports 80 and 443), *.example.com:8443, " +
      "10.1.0.0/16, host:* (every port); * is every public host.",
  }),
  packageMirror: withDefault(boolean(), {
    group: EGRESS,
    fallback: "true",
    file: "sandbox",
    help: "Let sessions install packages of pip and npm, through this process' cache.",
  }),
  pypiUrl: optional(httpUrl(), {
    group: EGRESS,
    value: "url",
    defaultText: "what pip is set to here, else https://pypi.org/simple",
    file: "sandbox",
    help: "Package index of pip.",
  }),
  npmUrl: optional(httpUrl(), {
    group: EGRESS,
    value: "url",
    defaultText: "what npm is set to here, else https://registry.npmjs.org",
    file: "sandbox",
    help: "Package registry of npm.",
  }),
  cacheDir: optional(absolutePath(), {
    group: EGRESS,
    value: "directory",
    isPath: true,
    defaultText: "as root /var/cache/coder-k8s/packages, else $XDG_CACHE_HOME/coder-k8s/packages",
    file: "sandbox",
    help: "Where packages are kept for the next session.",
  }),
  cacheSize: withDefault(size({ min: 2 ** 20 }), {
    group: EGRESS,
    value: "bytes",
    fallback: "5Gi",
    file: "sandbox",
    help: "The most that is kept of them.",
  }),
} as const;
