/** The commands, and the flags that are not configuration. */
import type { FlagSpec } from "./arguments.ts";
import { CHECK_FLAGS, CHECK_WORDS } from "./check_flags.ts";
import type { CommandFlag } from "./command_flag.ts";
import { BUNDLE_FLAGS, DIAGNOSE_FLAGS, SUBJECT_WORDS, TOP_FLAGS } from "./look_flags.ts";
import { INSTALL_FLAGS, MANIFESTS_FLAGS, UNINSTALL_FLAGS } from "./install_flags.ts";
import { OPTIONS } from "./options.ts";

/** The flag of `version`. */
export const OUTPUT_FLAG: CommandFlag & { choices: readonly string[] } = {
  flag: "output",
  letter: "o",
  isSwitch: false,
  value: "format",
  choices: ["text", "json"],
  help: "How version prints: text or json.",
};

/** The flags of `convert`. */
export const CONVERT_FLAGS: readonly CommandFlag[] = [
  {
    flag: "name",
    isSwitch: false,
    value: "name",
    help: "Name of the control plane, its Deployment and its Service. Default: coder, as in the chart.",
  },
  {
    flag: "namespace",
    isSwitch: false,
    value: "name",
    help: "Its namespace, that of the release. Without it, kubectl's counts.",
  },
  {
    flag: "chart-version",
    isSwitch: false,
    value: "version",
    help: "Version of the chart, as helm list shows it: the image's tag where the values name none.",
  },
];

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
  /** Completion offers file names behind the command. */
  readonly file?: boolean;
  /** Flags of its own. */
  readonly flags?: readonly CommandFlag[];
  /** Options of its own, which are loaded when it is asked for: `sandbox/`. */
  readonly hasOwnOptions?: boolean;
}

/** Shells that `completion` knows. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** Commands of `plugin`; `plugin_commands.ts` has all of them. */
export const PLUGIN_WORDS = [
  "list",
  "start",
  "stop",
  "restart",
  "log",
  "open",
  "ssh",
  "diagnose",
  "top",
] as const;

/** The commands in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: "all",
    isMode: true,
    summary: "Run every part in one process (the default)",
    description:
      "Runs the controllers, the aggregated API server and the MCP server in one process that shares one " +
      "cache of the cluster.",
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
    name: "mcp-stdio",
    isMode: true,
    summary: "Serve MCP to one client at standard input and output",
    description:
      "For a client on this machine, which starts it: Kubernetes is called with your kubeconfig, and Coder " +
      "through the aggregated API, or with CODER_SESSION_TOKEN and --coder-url. The log goes to standard error.",
  },
  {
    name: "coordinator",
    isMode: false,
    hasOwnOptions: true,
    summary: "Run sandbox sessions for AI clients: files, programs, packages, tests",
    description:
      "Lets AI clients have sessions with isolated workspaces, in which they read and write files, install packages and " +
      "run programs. Workers dial it, or it has one of its own. It needs no Kubernetes.\n" +
      "  coder-k8s coordinator --embedded-worker\n" +
      "  coder-k8s coordinator --embedded-worker --stdio\n" +
      "  coder-k8s coordinator --worker-key-file=worker.key --grpc-bind-address=127.0.0.1:50050",
  },
  {
    name: "worker",
    isMode: false,
    hasOwnOptions: true,
    summary: "Run sandbox sessions of a coordinator on this machine",
    description:
      "Dials a coordinator, says what this machine can do, and runs sessions for it: in a container, a pod, a Coder " +
      "workspace, or on any machine with Linux and Python 3.8 or newer.\n" +
      "  coder-k8s worker --coordinator=https://coordinator.example.com:50050 --token-file=worker-1.token",
  },
  {
    name: "worker-token",
    isMode: false,
    hasOwnOptions: true,
    summary: "Print a token that says who a worker is",
    description:
      "Signs a token for one worker with the coordinator's key, and prints it. Workers in Coder workspaces need " +
      "none where the coordinator has --coder-url.\n" +
      "  openssl rand -base64 48 > worker.key\n" +
      "  coder-k8s worker-token --worker-key-file=worker.key --worker-id=worker-1 > worker-1.token",
  },
  {
    name: "sessions",
    operands: "list|get <session>|workers",
    isMode: false,
    hasOwnOptions: true,
    words: ["list", "get", "workers"],
    summary: "Show sandbox sessions and workers of a coordinator",
    description: "Asks a coordinator's /debug/sessions: everybody's sessions, for its administrators.\n" +
      "  coder-k8s sessions list\n" +
      "  coder-k8s sessions get sess-0123456789abcdef -o yaml\n" +
      "  coder-k8s sessions workers --url=https://sessions.example.com --token-file=token\n" +
      "Exit codes: 0 done; 1 it could not be found out; 2 not understood.",
  },
  {
    name: "install",
    isMode: false,
    flags: INSTALL_FLAGS,
    summary: "Install it into a cluster, upgrade it, or change what is installed",
    description:
      "Applies what this binary carries, by server-side apply, in an order in which nothing waits for what comes later, and " +
      "waits until it works. What would stop it half-way (rights, kinds that the cluster does not know, admission) is " +
      "looked for before anything is changed. Run again, it changes what is different; interrupted, it goes on. An " +
      "installation by kubectl, also one of the Go operator, is taken over in place.\n" +
      "  coder-k8s install\n" +
      "  coder-k8s install --dry-run\n" +
      "  coder-k8s install --overlay=split,network-policy,monitoring --image=registry.example.com/coder-k8s:1.2.3\n" +
      "Exit codes: 0 done; 1 not, or not all of it; 2 not understood; 130 interrupted.",
  },
  {
    name: "uninstall",
    isMode: false,
    flags: UNINSTALL_FLAGS,
    summary: "Remove it from a cluster, so that nothing hangs",
    description:
      "Removes the APIService first, then what runs, then what that needed, however much of it is there, and whether or not " +
      "it works. Control planes and their kinds, volumes and the namespace stay unless you ask for it; it says what would be " +
      "lost, and asks.\n" +
      "  coder-k8s uninstall\n" +
      "  coder-k8s uninstall --delete-crds --delete-namespace --yes\n" +
      "Exit codes: 0 done; 1 not, or not all of it; 2 not understood; 130 interrupted.",
  },
  {
    name: "manifests",
    isMode: false,
    flags: MANIFESTS_FLAGS,
    summary: "Print what install would apply",
    description:
      "Prints the manifests that this binary carries, in the order in which they are applied. No cluster is looked at.\n" +
      "  coder-k8s manifests > install.yaml\n" +
      "  coder-k8s manifests --overlay=split,monitoring --namespace=coder | kubectl apply --server-side -f -",
  },
  {
    name: "check",
    operands: "[before|after]",
    isMode: false,
    words: CHECK_WORDS,
    flags: CHECK_FLAGS,
    summary: "Say whether it can be installed here, and whether it works where it is",
    description:
      "Before an installation: versions, your rights, webhooks and quotas in the way, what is left of another one. After " +
      "it: pods, rights, the leader, the APIService and its certificate, the MCP server, and each Coder. Each with what " +
      "to do. Nothing is changed.\n" +
      "  coder-k8s check\n" +
      "  coder-k8s check before --overlay=split,cert-manager\n" +
      "  coder-k8s check after -o json\n" +
      "Exit codes: 0 nothing is wrong; 1 something is; 2 it could not be found out.",
  },
  {
    name: "diagnose",
    operands: "workspace|controlplane|provisioner|proxy <name>",
    isMode: false,
    words: SUBJECT_WORDS,
    flags: DIAGNOSE_FLAGS,
    summary: "Say why something is not up, with evidence and what to do next",
    description:
      "Looks at one object, in Kubernetes with your kubeconfig and in Coder, and names the causes of what is wrong with " +
      "it: the most probable first, each with the words that prove it and with commands to go on. What could not be " +
      "read is named, and not guessed. Nothing is changed.\n" +
      "  coder-k8s diagnose workspace acme.ann.dev -n coder\n" +
      "  coder-k8s diagnose coderprovisioner/builders -n coder -o json\n" +
      "Kinds may be written as for kubectl: coderworkspace/NAME, cws NAME. " +
      "Coder is asked as you with --coder-url and CODER_SESSION_TOKEN; without them with the operator's access, if " +
      "you may read its token in Kubernetes.\n" +
      "Exit codes: 0 nothing is wrong (it is up, it starts, or it was stopped on purpose); 1 something is wrong; 2 it " +
      "could not be found out.",
  },
  {
    name: "top",
    isMode: false,
    flags: TOP_FLAGS,
    summary: "Watch control planes, workspaces, builds and sessions in a terminal",
    description:
      "Shows what you may see with your kubeconfig, and in Coder, as it changes: control planes, workspaces, builds, " +
      "provisioners and their jobs. With --server it shows what that server does: at a coordinator sessions, workers " +
      "and calls. Nothing is changed. ? lists the keys.\n" +
      "  coder-k8s top\n" +
      "  coder-k8s top -n coder --section=builds\n" +
      "  coder-k8s top --server=https://sessions.example.com --token-file=token\n" +
      "  coder-k8s top --once --section=workspaces --filter=failed\n" +
      "Exit codes: 0 shown; 1 nothing could be seen; 2 not understood.",
  },
  {
    name: "support-bundle",
    isMode: false,
    flags: BUNDLE_FLAGS,
    summary: "Write one archive with what somebody needs to help you, without secrets",
    description:
      "Reads versions, objects with their conditions, events, metrics, recent logs and diagnoses with your rights, takes " +
      "secrets out, and writes one archive for you alone. index.md in it lists what there is and what could not be read. " +
      "Nothing is changed.\n" +
      "  coder-k8s support-bundle -n coder --since=2h --workspace=acme.ann.dev\n" +
      "Exit codes: 0 it is written, with all that could be read; 1 it is not; 2 not understood.",
  },
  {
    name: "convert",
    operands: "helm <values.yaml|->",
    isMode: false,
    words: ["helm"],
    file: true,
    flags: CONVERT_FLAGS,
    summary: "Print the CoderControlPlane that equals a release of Coder's Helm chart",
    description:
      "Reads the values of a release of Coder's Helm chart, from a file or from standard input (-), and " +
      "prints the equivalent CoderControlPlane. What has no place in it is told on standard error. Nothing in the " +
      "cluster is looked at or changed.\n" +
      "  helm get values coder -o yaml | coder-k8s convert helm - --chart-version=2.30.0 > coder.yaml",
  },
  {
    name: "plugin",
    operands: "<command>",
    isMode: false,
    words: PLUGIN_WORDS,
    summary: "Work with workspaces: list, start, stop, log, ssh and more; the same as kubectl coder",
    description:
      "What the plugin of kubectl does, for where it is not installed: started under the name kubectl-coder, this program " +
      "is that plugin. coder-k8s plugin help lists its commands.\n" +
      "  coder-k8s plugin list -A\n" +
      "  kubectl coder list -A",
  },
  {
    name: "version",
    isMode: false,
    flags: [OUTPUT_FLAG],
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

/** Every flag there is, for the parser: which command allows which is looked at afterwards. */
export const ALL_FLAGS: readonly FlagSpec[] = [
  ...[...COMMANDS.flatMap(({ flags = [] }) => flags), ...OPTIONS, ...GLOBAL_FLAGS]
    // One flag of several commands has its letter wherever it is one.
    .reduce((all, one) => all.set(one.flag, { ...all.get(one.flag), ...one }), new Map<string, FlagSpec>())
    .values(),
];

/** Flags that modes do not have. */
export const COMMAND_FLAGS: readonly string[] = ALL_FLAGS.map(({ flag }) => flag)
  .filter((flag) => ![...OPTIONS, ...GLOBAL_FLAGS].some((one) => one.flag === flag));

/** The command of a name. */
export function commandOf(name: string): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}
