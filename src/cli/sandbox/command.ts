/** Commands that have options of their own: what was typed → what is run. */
import { parseArguments } from "../arguments.ts";
import { type Command, GLOBAL_FLAGS } from "../commands.ts";
import { describeMistakes } from "../mistake.ts";
import { readCoordinator } from "./coordinator.ts";
import { flagSpecs } from "./load.ts";
import { type OwnCall, type OwnSurroundings, strays } from "./own_call.ts";
import type { ReadConfig, ReadSources } from "./read.ts";
import { COMMAND_OPTIONS } from "./sets.ts";
import { readWorker } from "./worker.ts";

/** Runs it. Resolves to the exit code: 2 where it was not understood. */
export async function ownCommand(
  command: Command,
  args: readonly string[],
  around: OwnSurroundings,
): Promise<number> {
  const options = COMMAND_OPTIONS[command.name];
  if (options === undefined) throw new TypeError(`${command.name} has no options of its own`);
  const own = flagSpecs(options.set);
  const parsed = parseArguments(args, [
    ...own,
    ...GLOBAL_FLAGS.filter(({ flag }) => !own.some((one) => one.flag === flag)),
  ]);
  if (parsed.flags.has("help")) return await around.showHelp();
  const at = parsed.words.indexOf(command.name);
  const words = parsed.words.filter((_, index) => index !== at);
  if (parsed.flags.has("version")) {
    const flags = new Map([["version", parsed.flags.get("version") ?? []]]);
    return await around.showVersion({ ...parsed, flags }, parsed.mistakes);
  }
  const call: OwnCall = { words, flags: parsed.flags, mistakes: parsed.mistakes };
  switch (command.name) {
    case "coordinator":
      return await runProcess(call, command.name, around, readCoordinator, around.runCoordinator);
    case "worker":
      return await runProcess(call, command.name, around, readWorker, around.runWorker);
    case "worker-token":
      return await (await import("./worker_token.ts")).workerTokenCommand(call, around);
    default:
      return await (await import("./sessions.ts")).sessionsCommand(call, around);
  }
}

async function runProcess<C>(
  { words, flags, mistakes }: OwnCall,
  name: string,
  around: OwnSurroundings,
  read: (sources: ReadSources) => Promise<ReadConfig<C>>,
  run: (config: C, notes: ReadConfig<C>["notes"]) => Promise<number>,
): Promise<number> {
  const { environment, readTextFile } = around;
  const found = await read({ flags, environment, readTextFile, machine: await around.machine() });
  const all = [...mistakes, ...strays(words, name), ...found.mistakes];
  if (all.length > 0 || found.config === undefined) {
    for (const warning of found.notes.warnings) around.err(`coder-k8s: ${warning}\n`);
    around.err(describeMistakes(all, `coder-k8s help ${name}`));
    return 2;
  }
  return await run(found.config, found.notes);
}
