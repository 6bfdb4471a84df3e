/** The options on the help page of a command that has its own. */
import { GLOBAL_FLAGS } from "../commands.ts";
import { entry } from "../help.ts";
import { type Terminal, wrap } from "../terminal.ts";
import type { SandboxOption } from "./option.ts";
import { COMMAND_OPTIONS } from "./sets.ts";

/** What stands below usage. */
export function ownOptionsHelp(command: string, terminal: Terminal): string {
  const { set, groups } = COMMAND_OPTIONS[command] ?? { set: undefined, groups: [] };
  const parts: string[] = [];
  const hasFile = set?.options.some(({ key }) => key === "config") === true;
  for (const group of groups) {
    parts.push(`\n${terminal.bold(group)}\n`);
    for (const option of set?.options ?? []) {
      if (option.group === group && option.fileOnly !== true) {
        parts.push(optionEntry(option, hasFile, terminal));
      }
    }
    if (group !== groups[0]) continue;
    for (const { flag, letter, help } of GLOBAL_FLAGS) {
      parts.push(entry(letter === undefined ? `--${flag}` : `--${flag}, -${letter}`, [help], terminal));
    }
  }
  if (hasFile) {
    const sources =
      "A flag counts before the environment, the environment before the file. The file has sections; file " +
      "session.max_age is the key max_age of section session. Durations are written as in Go: 30s, 1m30s.";
    parts.push(`\n${wrap(sources, terminal.width).join("\n")}\n`);
  }
  return parts.join("");
}

function optionEntry(option: SandboxOption, hasFile: boolean, terminal: Terminal): string {
  const { flag, letter, isSwitch, value, choices, help, shownDefault, env, variables = [], yaml, key } =
    option;
  const short = letter === undefined ? "" : `-${letter}, `;
  const oneOf = choices === undefined ? "" : ` One of ${choices.join(", ")}.`;
  const facts = [
    ...(shownDefault === "" ? [] : [`default ${shownDefault}`]),
    `env ${[...variables, env].join(" or ")}`,
    ...(hasFile && key !== "config" ? [`file ${yaml}`] : []),
  ];
  return entry(
    `${short}--${flag}${isSwitch ? "" : ` <${value}>`}`,
    [help + oneOf],
    terminal,
    facts.join("; "),
  );
}
