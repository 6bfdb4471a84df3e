/** The pages of `--help`, made from the schema. */
import { type Command, COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import { type Option, OPTIONS } from "./options.ts";
import { GROUPS } from "./option_meta.ts";
import { type Terminal, wrap } from "./terminal.ts";

const ABOUT = "coder-k8s runs Coder on Kubernetes: it turns CoderControlPlane resources into running Coder " +
  "deployments, shows Coder's workspaces and templates as Kubernetes resources, and lets AI clients operate both.";

/** Commands as the first page shows them; each is in one group. */
export const COMMAND_GROUPS: readonly (readonly [heading: string, names: readonly string[]])[] = [
  ["Set it up", ["install", "uninstall", "check", "manifests", "convert"]],
  ["Look and work", ["plugin", "diagnose", "top", "support-bundle"]],
  ["Run a part of it", ["all", "controller", "aggregated-apiserver", "mcp-http", "mcp-stdio"]],
  ["Sandbox sessions", ["coordinator", "worker", "worker-token", "sessions"]],
  ["This program", ["version", "completion", "help"]],
];

const EXAMPLES: readonly (readonly [comment: string, line: string])[] = [
  [
    "Is your cluster fit for it? Install it. Does all of it work?",
    "coder-k8s check",
  ],
  ["", "coder-k8s install"],
  ["", "coder-k8s check"],
  ["Workspaces of everybody whose workspaces you may see", "coder-k8s plugin list --all-namespaces"],
];

const SETTINGS_EXAMPLES: readonly (readonly [comment: string, line: string])[] = [
  ["Against the cluster of your kubeconfig, without a Lease", "coder-k8s controller --leader-elect=false"],
  ["Two namespaces only, everything in the log", "coder-k8s controller --namespace=dev,prod --debug"],
  ["The same from the environment", "CODER_K8S_NAMESPACE=dev,prod CODER_K8S_DEBUG=true coder-k8s controller"],
  ["Options in a file, one of them overridden", "coder-k8s all --config=coder-k8s.yaml --log-level=debug"],
];

/** Column where explanations begin. */
const INDENT = 34;

/** The first page: what there is to do. Settings are on the pages of what they are for. */
export function mainHelp(terminal: Terminal): string {
  const heading = (text: string) => `\n${terminal.bold(text)}\n`;
  const commands = COMMAND_GROUPS.flatMap(([title, names]) => [
    heading(title),
    ...names.flatMap((name) => COMMANDS.filter((command) => command.name === name))
      .map((command) => entry(commandUsage(command), [command.summary], terminal)),
  ]);
  const more =
    "coder-k8s help COMMAND explains one command, with its flags; coder-k8s help all has every setting of " +
    "the operator and its servers. Without a command, what --app says is run: all.";
  return [
    `${wrap(ABOUT, terminal.width).join("\n")}\n`,
    heading("Usage"),
    "  coder-k8s <command> [flags]\n",
    ...commands,
    heading("Examples"),
    examplesText(EXAMPLES, terminal),
    `\n${wrap(more, terminal.width).join("\n")}\n`,
  ].join("");
}

function examplesText(examples: typeof EXAMPLES, terminal: Terminal): string {
  return examples.map(([comment, line]) =>
    `${comment === "" ? "" : `  ${terminal.dim(`# ${comment}`)}\n`}  ${line}\n`
  ).join("");
}

/** The page of one command. */
export function commandHelp(command: Command, terminal: Terminal): string {
  const heading = (text: string) => `\n${terminal.bold(text)}\n`;
  const paragraphs = command.description.split("\n").flatMap((line) => wrapProse(line, terminal.width));
  const flags = command.isMode || command.flags !== undefined || command.hasOwnOptions === true
    ? " [flags]"
    : "";
  const parts = [
    `${paragraphs.join("\n")}\n`,
    heading("Usage"),
    `  coder-k8s ${commandUsage(command)}${flags}\n`,
  ];
  if (command.isMode) {
    parts.push(configurationHelp(terminal), heading("Examples"), examplesText(SETTINGS_EXAMPLES, terminal));
  }
  if (command.flags !== undefined) parts.push(heading("Flags"));
  for (const { flag, letter, isSwitch, value, help } of command.flags ?? []) {
    const short = letter === undefined ? "" : `-${letter}, `;
    parts.push(entry(`${short}--${flag}${isSwitch ? "" : ` <${value}>`}`, [help], terminal));
  }
  return parts.join("");
}

function configurationHelp(terminal: Terminal): string {
  const parts: string[] = [];
  for (const group of GROUPS) {
    parts.push(`\n${terminal.bold(group)}\n`);
    const options = OPTIONS.filter((option) => option.group === group);
    for (const option of options) parts.push(optionEntry(option, terminal));
    if (group === "General") {
      for (const { flag, letter, help } of GLOBAL_FLAGS) {
        parts.push(entry(letter === undefined ? `--${flag}` : `--${flag}, -${letter}`, [help], terminal));
      }
    }
  }
  const sources =
    "Every flag can also be set by the environment variable shown with it, or in the config file under " +
    "its name in camelCase. A flag counts before the environment, the environment before the file. Durations are " +
    "written as in Go: 30s, 1m30s, 250ms.";
  parts.push(`\n${wrap(sources, terminal.width).join("\n")}\n`);
  return parts.join("");
}

function optionEntry(option: Option, terminal: Terminal): string {
  const name = option.isSwitch ? `--${option.flag}` : `--${option.flag} <${option.value}>`;
  const choices = option.choices === undefined ? "" : ` One of ${option.choices.join(", ")}.`;
  const fallback = option.shownDefault === "" ? "" : `default ${option.shownDefault}; `;
  return entry(
    name,
    [option.help + choices],
    terminal,
    `${fallback}env ${option.env}${option.alias === undefined ? "" : ` or ${option.alias}`}`,
  );
}

/** A name, and beside it (below it, where it is long) its explanation. */
export function entry(name: string, texts: readonly string[], terminal: Terminal, small?: string): string {
  const room = Math.max(30, terminal.width - INDENT);
  const lines = texts.flatMap((text) => wrap(text, room));
  if (small !== undefined) lines.push(...wrap(small, room).map((line) => terminal.dim(line)));
  const padded = `  ${name}`;
  const first = padded.length + 2 > INDENT ? `${padded}\n` : "";
  const margin = " ".repeat(INDENT);
  return lines.map((line, index) => {
    const left = index === 0 && first === "" ? padded.padEnd(INDENT) : margin;
    return `${index === 0 ? first : ""}${left}${line}\n`;
  }).join("");
}

function commandUsage(command: Command): string {
  return command.operands === undefined ? command.name : `${command.name} ${command.operands}`;
}

/** Wraps prose and leaves indented lines, which are there to be copied, alone. */
function wrapProse(line: string, width: number): string[] {
  return line.startsWith(" ") ? [line] : wrap(line, width);
}
