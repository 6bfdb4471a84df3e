/** The page about commands: every flag, variable and key, from the tables that the command line reads. */
import { type Command, COMMANDS, GLOBAL_FLAGS } from "../../../src/cli/commands.ts";
import type { CommandFlag } from "../../../src/cli/command_flag.ts";
import { GROUPS } from "../../../src/cli/option_meta.ts";
import { type Option, OPTIONS } from "../../../src/cli/options.ts";
import { KUBECTL_FLAGS, PLUGIN_COMMANDS } from "../../../src/cli/plugin_commands.ts";
import type { OptionSet, SandboxOption } from "../../../src/cli/sandbox/option.ts";
import { COORDINATOR } from "../../../src/cli/sandbox/coordinator_options.ts";
import { SESSIONS, WORKER_TOKEN } from "../../../src/cli/sandbox/small_options.ts";
import { WORKER } from "../../../src/cli/sandbox/worker_options.ts";
import type { GeneratedFile } from "../files.ts";
import { banner, code, page, prose, table } from "./markdown.ts";

/** Of commands with options of their own. */
const SETS = [COORDINATOR, WORKER, WORKER_TOKEN, SESSIONS] as unknown as readonly OptionSet[];

/** `docs/reference/commands.md` and `docs/reference/settings.md`. */
export function settingFiles(): Promise<GeneratedFile[]> {
  return Promise.resolve([
    { path: "docs/reference/commands.md", content: commandsPage() },
    { path: "docs/reference/settings.md", content: settingsPage() },
  ]);
}

function commandsPage(): string {
  return page(
    "# Commands",
    banner("src/cli/"),
    "Commands that run a part of the product take all [settings](settings.md). Every command has:",
    flagTable(GLOBAL_FLAGS.map((flag) => ({ ...flag, value: "" }))),
    "Where a command names no exit codes, 0 is done, 1 failed, and 2 means that the command line was not understood. What " +
      "went wrong is on standard error.",
    COMMANDS.flatMap(commandText),
    "## kubectl coder",
    "The same program under the name `kubectl-coder`, or `coder-k8s plugin`. Its commands that ask the API server have:",
    flagTable(KUBECTL_FLAGS),
    PLUGIN_COMMANDS.flatMap(({ name, operands, summary, description, flags }) => [
      `### kubectl coder ${name}`,
      code(`kubectl coder ${name} ${operands}`.trim()),
      `${prose(summary)}.`,
      ...descriptionText(description),
      flags.length === 0 ? "" : flagTable(flags),
    ]),
  );
}

function commandText(command: Command): string[] {
  const { name, operands = "", summary, description, flags = [], isMode } = command;
  const set = SETS.find((set) => set.command === name);
  return [
    `## coder-k8s ${name}`,
    code(`coder-k8s ${name} ${operands}`.trim()),
    `${prose(summary)}.`,
    ...descriptionText(description),
    isMode ? "Takes all [settings](settings.md)." : "",
    flags.length === 0 ? "" : flagTable(flags),
    set === undefined ? "" : optionTables(set),
  ];
}

/** Prose, with the examples of help, which are indented, as code. */
export function descriptionText(description: string): string[] {
  const blocks: string[] = [];
  for (const line of description.split("\n")) {
    const isExample = /^ {2,}/.test(line);
    const last = blocks.at(-1);
    if (!isExample) blocks.push(prose(line));
    else if (last?.startsWith("```text\n")) {
      blocks[blocks.length - 1] = last.replace(/\n```$/, `\n${line.trim()}\n\`\`\``);
    } else blocks.push(`\`\`\`text\n${line.trim()}\n\`\`\``);
  }
  return blocks;
}

function flagTable(
  flags: readonly Pick<CommandFlag, "flag" | "letter" | "value" | "help" | "choices">[],
): string {
  return table(
    ["Flag", "Meaning"],
    flags.map(({ flag, letter, value, help, choices = [] }) => [
      `${code(`--${flag}${value === "" || value === undefined ? "" : `=${value}`}`)}${
        letter === undefined ? "" : `, ${code(`-${letter}`)}`
      }`,
      prose(help) + (choices.length === 0 ? "" : ` One of ${choices.map(code).join(", ")}.`),
    ]),
  );
}

/** Tables of a command with options of its own, group by group. */
function optionTables({ command, options }: OptionSet): string {
  const groups = [...new Set(options.map(({ group }) => group))];
  return groups.map((group) =>
    `### Of ${command}: ${group}\n\n${
      table(
        ["Flag", "Environment", "Key of the YAML file", "Default", "Meaning"],
        options.filter((option) => option.group === group).map(ownRow),
      )
    }`
  ).join("\n\n");
}

function ownRow(option: SandboxOption): string[] {
  const { flag, letter, value, env, variables = [], yaml, shownDefault, help, choices = [], fileOnly } =
    option;
  return [
    fileOnly === true
      ? ""
      : `${code(`--${flag}${value === undefined ? "" : `=${value}`}`)}${
        letter === undefined ? "" : `, ${code(`-${letter}`)}`
      }`,
    fileOnly === true ? "" : [env, ...variables].map(code).join(", "),
    code(yaml),
    defaultText(shownDefault),
    prose(help) + (choices.length === 0 ? "" : ` One of ${choices.map(code).join(", ")}.`),
  ];
}

function settingsPage(): string {
  return page(
    "# Settings",
    banner("src/cli/schema.ts"),
    "Of `coder-k8s all`, `controller`, `aggregated-apiserver`, `mcp-http` and `mcp-stdio`. A flag comes before its " +
      "environment variable, and that before the key of the YAML file that `--config` names.",
    GROUPS.flatMap((group) => [
      `## ${group}`,
      table(
        ["Flag", "Environment", "Key", "Default", "Meaning"],
        OPTIONS.filter((option) => option.group === group).map(settingRow),
      ),
    ]),
  );
}

function settingRow(
  { flag, value, env, alias, key, shownDefault, help, choices = [], repeat }: Option,
): string[] {
  return [
    `${code(`--${flag}${value === undefined ? "" : `=${value}`}`)}${repeat === true ? " (repeatable)" : ""}`,
    [env, ...(alias === undefined ? [] : [alias])].map(code).join(", "),
    code(key),
    defaultText(shownDefault),
    prose(help) + (choices.length === 0 ? "" : ` One of ${choices.map(code).join(", ")}.`),
  ];
}

/** Words where it is words, code where it is a value. */
function defaultText(text: string): string {
  return text.includes(" ") ? prose(text) : code(text);
}
