/** Completion scripts for bash, zsh and fish, made from the same schema as the flags themselves. */
import { type Command, COMMANDS, GLOBAL_FLAGS, type SHELLS } from "./commands.ts";
import { OPTIONS } from "./options.ts";
import { COMMAND_OPTIONS } from "./sandbox/sets.ts";

type Shell = (typeof SHELLS)[number];

/** A flag as completion sees it. */
interface CompletedFlag {
  readonly flag: string;
  readonly letter?: string | undefined;
  readonly help: string;
  readonly isSwitch: boolean;
  readonly choices?: readonly string[] | undefined;
  readonly file?: boolean | undefined;
}

/** The script for one shell. */
export function completionScript(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}

const globalFlags: readonly CompletedFlag[] = GLOBAL_FLAGS;
const modeFlags: readonly CompletedFlag[] = OPTIONS;
/** Words behind `help` are the commands themselves. */
const wordsOf = (command: Command) => command.name === "help" ? names : command.words ?? [];
const names = COMMANDS.map((command) => command.name);
const flagsByCommand: ReadonlyMap<string, readonly CompletedFlag[]> = new Map(
  COMMANDS.map(({ name, flags = [] }) => {
    const own = COMMAND_OPTIONS[name]?.set.options.filter(({ fileOnly }) => fileOnly !== true)
      .map((option): CompletedFlag => ({ ...option, file: option.isPath }));
    return [name, own ?? flags];
  }),
);
const flagsOf = ({ name }: Command) => flagsByCommand.get(name) ?? [];
/** Flags of commands that are no modes and mean nothing to modes. */
const ownFlags: readonly CompletedFlag[] = COMMANDS.flatMap(flagsOf)
  .filter(({ flag }) => !OPTIONS.some((option) => option.flag === flag));
const plainCommands = COMMANDS.filter((command) => !command.isMode);
const written = ({ flag, isSwitch }: CompletedFlag) => isSwitch ? `--${flag}` : `--${flag}=`;

function bash(): string {
  const valued = modeFlags.filter((flag) => flag.choices !== undefined);
  // A flag of the same name has other values with another command.
  const ownValued = COMMANDS.flatMap((command) =>
    flagsOf(command).filter((flag) => flag.choices !== undefined && ownFlags.includes(flag))
      .map(({ flag, letter, choices = [] }) => ({
        spellings: [...(letter === undefined ? [] : [`-${letter}`]), `--${flag}`]
          .map((spelling) => `"${command.name} ${spelling}"`),
        choices,
      }))
  );
  const ownFiles = COMMANDS.flatMap((command) =>
    flagsOf(command).filter((flag) => flag.file === true && ownFlags.includes(flag))
      .map(({ flag }) => `"${command.name} --${flag}"`)
  );
  const switches = [...modeFlags, ...ownFlags].filter((flag) => flag.isSwitch).map((flag) =>
    `--${flag.flag}`
  );
  const files = modeFlags.filter((flag) => flag.file === true).map((flag) => `--${flag.flag}`);
  const others = [...modeFlags, ...ownFlags].filter((flag) =>
    !flag.isSwitch && flag.choices === undefined && flag.file !== true
  );
  const globals = globalFlags.map(written).join(" ");
  return `# bash completion for coder-k8s; load it with: source <(coder-k8s completion bash)
_coder_k8s() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command= word index
  # bash splits --flag=value at the equals sign; both spellings end up as flag and value here.
  if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in ${names.join("|")}) command=$word; break ;; esac
  done
  COMPREPLY=()
  case "$command $prev" in
${
    ownValued.map(({ spellings, choices }) =>
      `    ${spellings.join("|")}) _coder_k8s_words "${choices.join(" ")}"; return ;;`
    ).join("\n")
  }
    ${ownFiles.join("|")}) _coder_k8s_files; return ;;
  esac
  case $prev in
${
    valued.map((flag) => `    --${flag.flag}) _coder_k8s_words "${flag.choices?.join(" ")}"; return ;;`).join(
      "\n",
    )
  }
    ${files.join("|")}) _coder_k8s_files; return ;;
    ${others.map((flag) => `--${flag.flag}`).join("|")}) return ;;
    ${
    switches.join("|")
  }) if [[ \${COMP_WORDS[COMP_CWORD-1]} == "=" || \${COMP_WORDS[COMP_CWORD]} == "=" ]]; then
      _coder_k8s_words "true false"; return; fi ;;
  esac
  case $command in
${
    plainCommands.map((command) => {
      const own = flagsOf(command).map(written);
      const files = command.file === true
        ? `if [[ $prev == ${command.words?.[0]} ]]; then _coder_k8s_files; return; fi; `
        : "";
      return `    ${command.name}) ${files}_coder_k8s_words "${
        [...wordsOf(command), globals, ...own].join(" ")
      }"; return ;;`;
    }).join("\n")
  }
  esac
  if [[ $cur == -* ]]; then
    _coder_k8s_words "${[...modeFlags.map(written), globals].join(" ")}"
  elif [[ -z $command ]]; then
    _coder_k8s_words "${names.join(" ")}"
  fi
}
_coder_k8s_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
  if [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]]; then compopt -o nospace 2>/dev/null; fi
}
_coder_k8s_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -F _coder_k8s coder-k8s
`;
}

function zsh(): string {
  const spec = (flag: CompletedFlag) => {
    const text = zshText(flag.help);
    if (flag.isSwitch) return `'--${flag.flag}[${text}]'`;
    const values = flag.choices !== undefined
      ? `(${flag.choices.join(" ")})`
      : flag.file === true
      ? "_files"
      : "";
    return `'--${flag.flag}=[${text}]:${zshText(flag.flag)}:${values}'`;
  };
  const list = (flags: readonly CompletedFlag[]) => flags.map((flag) => `    ${spec(flag)}`).join(" \\\n");
  const described = COMMANDS.map((command) => `    '${command.name}:${zshText(command.summary)}'`).join("\n");
  const cases = plainCommands.map((command) => {
    const extra = flagsOf(command).map((flag) => ` ${spec(flag)}`).join("");
    const words = wordsOf(command);
    const file = command.file === true ? " '2:file:_files'" : "";
    const operand = words.length === 0 ? "" : ` '1:word:(${words.join(" ")})'${file}`;
    return `      ${command.name}) _arguments${extra}${operand} $globals ;;`;
  }).join("\n");
  return `#compdef coder-k8s
# zsh completion for coder-k8s; put it into a directory of $fpath as _coder-k8s
_coder_k8s() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands globals flags
  commands=(
${described}
  )
  globals=( \\
${list(globalFlags)}
  )
  flags=( \\
${list(modeFlags)}
  )
  _arguments -C $flags $globals '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $line[1] in
${cases}
      *) _arguments $flags $globals ;;
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_coder_k8s" ] || [ "$funcstack[1]" = "_coder-k8s" ]; then _coder_k8s "$@"
else compdef _coder_k8s coder-k8s; fi
`;
}

function fish(): string {
  const lines = ["# fish completion for coder-k8s", "complete -c coder-k8s -f"];
  const isPlain = `__fish_seen_subcommand_from ${plainCommands.map((command) => command.name).join(" ")}`;
  for (const { name, summary } of COMMANDS) {
    lines.push(`complete -c coder-k8s -n __fish_use_subcommand -a ${name} -d ${fishText(summary)}`);
  }
  const flag = (one: CompletedFlag, condition: string) => {
    const parts = ["complete -c coder-k8s", ...(condition === "" ? [] : [`-n ${fishText(condition)}`])];
    parts.push(`-l ${one.flag}`, ...(one.letter === undefined ? [] : [`-s ${one.letter}`]));
    if (one.choices !== undefined) parts.push(`-xa ${fishText(one.choices.join(" "))}`);
    else if (!one.isSwitch) parts.push(one.file === true ? "-rF" : "-x");
    lines.push(`${parts.join(" ")} -d ${fishText(one.help)}`);
  };
  for (const one of globalFlags) flag(one, "");
  for (const one of modeFlags) flag(one, `not ${isPlain}`);
  for (const command of plainCommands) {
    const seen = `__fish_seen_subcommand_from ${command.name}`;
    for (const one of flagsOf(command)) flag(one, seen);
    if (command.file === true) lines.push(`complete -c coder-k8s -n ${fishText(seen)} -F`);
    const words = wordsOf(command);
    if (words.length === 0) continue;
    const condition = fishText(`__fish_seen_subcommand_from ${command.name}`);
    lines.push(`complete -c coder-k8s -n ${condition} -a ${fishText(words.join(" "))}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Inside single quotes and brackets of an `_arguments` specification. */
function zshText(text: string): string {
  return text.replace(/[\\\[\]:]/g, "\\$&").replaceAll("'", "'\\''");
}

function fishText(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
