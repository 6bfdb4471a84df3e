/** The pages of `kubectl coder --help`. */
import { entry } from "./help.ts";
import { flagsOf, KUBECTL_FLAGS, PLUGIN_COMMANDS, type PluginCommand } from "./plugin_commands.ts";
import { type Terminal, wrap } from "./terminal.ts";

const ABOUT =
  "kubectl coder works with the Coder workspaces of a cluster, with your kubeconfig and your rights. " +
  "A workspace is called <workspace> (your own), <owner>/<workspace>, or as kubectl get coderworkspaces has it.";

/** One command, or all of them. */
export function pluginHelp(command: PluginCommand | undefined, terminal: Terminal): string {
  const heading = (text: string) => `\n${terminal.bold(text)}\n`;
  if (command === undefined) {
    return [
      `${wrap(ABOUT, terminal.width).join("\n")}\n`,
      heading("Usage"),
      "  kubectl coder <command> [flags]\n",
      "  coder-k8s plugin <command> [flags]\n",
      heading("Commands"),
      ...PLUGIN_COMMANDS.map((one) => entry(usage(one), [one.summary], terminal)),
      heading("Flags of kubectl"),
      ...KUBECTL_FLAGS.map((flag) => flagEntry(flag, terminal)),
      heading("Exit codes"),
      "  0 done; 1 something failed, or one of several workspaces did; 2 not understood.\n",
    ].join("");
  }
  const text = command.description.split("\n")
    .flatMap((line) => line.startsWith(" ") ? [line] : wrap(line, terminal.width));
  return [
    `${text.join("\n")}\n`,
    heading("Usage"),
    `  kubectl coder ${usage(command)} [flags]\n`,
    heading("Flags"),
    ...flagsOf(command).map((flag) => flagEntry(flag, terminal)),
  ].join("");
}

function usage({ name, operands }: PluginCommand): string {
  return operands === "" ? name : `${name} ${operands}`;
}

function flagEntry(
  { flag, letter, isSwitch, value, help }: ReturnType<typeof flagsOf>[number],
  terminal: Terminal,
): string {
  const short = letter === undefined ? "" : `-${letter}, `;
  return entry(`${short}--${flag}${isSwitch ? "" : ` <${value}>`}`, [help], terminal);
}
