/** `kubectl coder`: understands what is asked for, and hands it to what does it. */
import { parseArguments } from "./arguments.ts";
import { describeMistakes, type Mistake } from "./mistake.ts";
import {
  ALL_PLUGIN_FLAGS,
  COMPLETER,
  flagsOf,
  flagWords,
  PLUGIN_COMMANDS,
  type PluginCommand,
  pluginCommand,
} from "./plugin_commands.ts";
import type { PluginParts, PluginSurroundings } from "./plugin_parts.ts";
import { suggest } from "./suggest.ts";

/** Exit code of everything that the user has to mend before it can run. */
const NOT_UNDERSTOOD = 2;

/** Runs one command line. Resolves to the exit code: 0 done, 1 failed, 2 not understood; that of `ssh` is the command's. */
export async function plugin(
  args: readonly string[],
  around: PluginSurroundings,
  given?: PluginParts,
): Promise<number> {
  // What asks the API server is loaded where it is asked: help answers at once.
  const parts = async () => given ?? (await import("./plugin_machine.ts")).thisMachine(around.environment);
  if (args[0] === "__complete") {
    const { complete } = await import("./plugin_complete.ts");
    return await complete(args.slice(1), around, await parts());
  }
  const end = args.indexOf("--");
  const parsed = parseArguments(end === -1 ? args : args.slice(0, end), ALL_PLUGIN_FLAGS);
  const behind = end === -1 ? [] : args.slice(end + 1);
  const [word, ...words] = parsed.words;
  const command = word === undefined ? undefined : pluginCommand(word);
  const refuse = (mistakes: readonly Mistake[]) => {
    const help = command === undefined ? "kubectl coder help" : `kubectl coder help ${command.name}`;
    around.err(describeMistakes(mistakes, help, "kubectl coder"));
    return NOT_UNDERSTOOD;
  };
  if (word === undefined && parsed.mistakes.length > 0) return refuse(parsed.mistakes);
  if (word !== undefined && command === undefined) return refuse([...parsed.mistakes, unknown(word)]);
  if (command === undefined || command.name === "help" || parsed.flags.has("help")) {
    const [topic, ...strays] = command?.name === "help" ? words : [];
    const asked = topic === undefined ? undefined : pluginCommand(topic);
    if (topic !== undefined && asked === undefined) return refuse([unknown(topic)]);
    if (strays.length > 0) {
      return refuse(strays.map((where) => ({ where, what: "stray argument after help" })));
    }
    const { pluginHelp } = await import("./plugin_help.ts");
    around.out(pluginHelp(command?.name === "help" ? asked : command, around.terminal));
    return 0;
  }
  const flags = flagsOf(command);
  const mistakes: Mistake[] = [
    ...parsed.mistakes,
    ...[...parsed.flags.keys()].filter((flag) => !flags.some((one) => one.flag === flag))
      .map((flag) => ({ where: `--${flag}`, what: `is not a flag of ${command.name}` })),
    ...wrongWords(command, words, behind),
  ];
  if (command.name === "completion") {
    if (mistakes.length > 0) return refuse(mistakes);
    around.out(COMPLETER);
    return 0;
  }
  if (command.name === "top" || command.name === "version") {
    if (mistakes.length > 0) return refuse(mistakes);
    return await around.command([command.name, ...flagWords(parsed.flags)]);
  }
  const { runPlugin } = await import("./plugin_run.ts");
  const call = { command, words, behind, flags: parsed.flags, mistakes };
  return await runPlugin(call, around, await parts(), refuse);
}

function wrongWords(
  { name, names, operands }: PluginCommand,
  words: readonly string[],
  behind: readonly string[],
): Mistake[] {
  const mistakes: Mistake[] = [];
  if (names !== undefined && words.length === 0) {
    mistakes.push({
      where: name,
      what: `needs ${names === "many" ? "names" : "the name"} of ${
        names === "many" ? "workspaces" : "a workspace"
      }: ${operands}`,
    });
  }
  const most = names === "many"
    ? Infinity
    : name === "open" || name === "diagnose"
    ? 2
    : names === "one"
    ? 1
    : 0;
  mistakes.push(
    ...words.slice(Math.min(most, words.length)).map((where) => ({
      where,
      what: name === "ssh" ? "stray argument; commands stand behind --" : `stray argument after ${name}`,
    })),
  );
  if (name !== "ssh" && behind.length > 0) {
    mistakes.push({ where: `-- ${behind.join(" ")}`, what: `means nothing to ${name}` });
  }
  return mistakes;
}

function unknown(word: string): Mistake {
  const near = suggest(word, PLUGIN_COMMANDS.map(({ name }) => name));
  return {
    where: word,
    what: near === undefined ? "unknown command" : `unknown command; did you mean ${near}?`,
  };
}
