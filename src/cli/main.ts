/** The command line: understands what is asked for, answers it or hands a validated configuration to the app. */
import type { Config } from "../app/config.ts";
import type { AskedSubject } from "../app/diagnose.ts";
import type { StartNotes } from "../app/process.ts";
import { parseArguments, type ParsedArguments } from "./arguments.ts";
import {
  ALL_FLAGS,
  type Command,
  COMMAND_FLAGS,
  commandOf,
  COMMANDS,
  OUTPUT_FLAG,
  SHELLS,
} from "./commands.ts";
import { convert } from "./convert.ts";
import type { BundleRequest } from "../app/support_bundle.ts";
import type { CommandCall } from "./command_call.ts";
import { checkCommand, type CheckSurroundings } from "./check.ts";
import { diagnoseCommand, type Looked } from "./diagnose.ts";
import { type Bundled, supportBundle } from "./support_bundle.ts";
import { topCommand, type TopParts } from "./top.ts";
import { commandHelp, mainHelp } from "./help.ts";
import { installCommand } from "./install.ts";
import type { InstallParts } from "./installing.ts";
import { manifestsCommand } from "./manifests.ts";
import { describeMistakes, type Mistake } from "./mistake.ts";
import { loadSettings } from "./settings.ts";
import { suggest } from "./suggest.ts";
import { print, standardOutput, type Terminal } from "./terminal.ts";
import { type Screen, terminalScreen } from "./top_screen.ts";
import { uninstallCommand } from "./uninstall.ts";
import { OPTIONS } from "./options.ts";
import { argumentsAs, isSameAnyway, startedAs } from "./plugin_name.ts";
import type { SandboxSurroundings } from "./sandbox/surroundings.ts";

/** What the command line reaches out to; tests put their own in its place. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  /** All of standard input. */
  readonly readStandardInput: () => Promise<string>;
  /** Runs a mode until it ends; resolves to the exit code. */
  readonly runApp: (config: Config, notes: StartNotes) => Promise<number>;
  /** Looks at one object. */
  readonly diagnose: (config: Config, subject: AskedSubject) => Promise<Looked>;
  /** Looks at an installation, or whether there can be one. */
  readonly check: CheckSurroundings["check"];
  /** Changes a cluster. */
  readonly installation: InstallParts;
  readonly supportBundle: (config: Config, request: BundleRequest) => Promise<Bundled>;
  readonly top: TopParts;
  /** What the commands of sandbox sessions reach out to. */
  readonly sandbox: SandboxSurroundings;
  /** The lines of `version`. */
  readonly version: () => Promise<Readonly<Record<string, string>>>;
}

/** Exit code of everything that the user has to mend before it can run. */
const USAGE = 2;

/** Commands with flags of their own. */
const LOOKS: Readonly<Record<string, (call: CommandCall, around: Surroundings) => Promise<number>>> = {
  check: checkCommand,
  convert,
  diagnose: diagnoseCommand,
  install: installCommand,
  manifests: manifestsCommand,
  "support-bundle": supportBundle,
  top: topCommand,
  uninstall: uninstallCommand,
};

/** Runs one command line. Resolves to the exit code: 0 done, 1 failed, 2 not understood; those of `diagnose` are its own. */
export async function main(typed: readonly string[], surroundings?: Surroundings): Promise<number> {
  const around = surroundings ?? await realSurroundings();
  const args = surroundings === undefined && !isSameAnyway(typed)
    ? argumentsAs(await startedAs(), typed)
    : typed;
  if (args[0] === "plugin") {
    const { plugin } = await import("./plugin.ts");
    return await plugin(args.slice(1), { ...around, command: (words) => main(words, around) });
  }
  const parsed = parseArguments(args, ALL_FLAGS);
  const [word, ...strays] = parsed.words;
  const command = word === undefined ? undefined : commandOf(word);
  // Flags that are not known yet may stand before such a command, and leave their values behind as words.
  const asked = command ??
    COMMANDS.find(({ name, hasOwnOptions }) => hasOwnOptions === true && parsed.words.includes(name));
  if (asked?.hasOwnOptions === true) return await ownOptions(asked, args, around);
  if (parsed.flags.has("help") || command?.name === "help") return await help(command, strays, around);
  const mistakes: Mistake[] = [...parsed.mistakes];
  if (word !== undefined && command === undefined) mistakes.push(unknownCommand(word));

  if (command?.name === "completion") return completion(strays, parsed, mistakes, around);
  const look = LOOKS[command?.name ?? ""];
  if (command !== undefined && look !== undefined) {
    const { flags } = parsed;
    const own = command.flags?.map(({ flag }) => flag) ?? [];
    mistakes.push(...notFor(command.name, parsed, [...flags.keys()].filter((flag) => !own.includes(flag))));
    return await look({ words: strays, flags, mistakes }, around);
  }
  mistakes.push(...strays.map((stray) => strayArgument(stray, command)));
  if (command?.name === "version" || parsed.flags.has("version")) {
    return version(parsed, mistakes, around);
  }
  return await run(command, parsed, mistakes, around);
}

async function run(
  command: Command | undefined,
  parsed: ParsedArguments,
  before: readonly Mistake[],
  around: Surroundings,
): Promise<number> {
  const mistakes = [...before, ...notFor("a mode", parsed, COMMAND_FLAGS)];
  const flags = new Map(parsed.flags);
  if (command !== undefined) {
    const named = flags.get("app")?.find((app) => app !== command.name);
    if (named !== undefined) {
      mistakes.push({
        where: `--app=${named}`,
        what: `contradicts the command ${command.name}; give one of them`,
      });
    }
    flags.set("app", [command.name]);
  }
  const { environment, readTextFile } = around;
  const loaded = await loadSettings({ flags, environment, readTextFile });
  mistakes.push(...loaded.mistakes);
  if (mistakes.length > 0 || loaded.settings === undefined) {
    // The first page has no settings.
    const isCommand = command !== undefined || parsed.words.length === 0;
    return refuse(mistakes, around, isCommand ? `coder-k8s help ${command?.name ?? "all"}` : undefined);
  }
  return await around.runApp(loaded.settings, loaded);
}

/** A command whose flags are known when its options are loaded. */
async function ownOptions(command: Command, args: readonly string[], around: Surroundings): Promise<number> {
  const { ownCommand } = await import("./sandbox/command.ts");
  return await ownCommand(command, args, {
    ...around,
    ...around.sandbox,
    showHelp: () => showHelp(command, around),
    showVersion: (parsed, mistakes) => version(parsed, mistakes, around),
  });
}

async function showHelp(command: Command | undefined, { out, terminal }: Surroundings): Promise<number> {
  if (command === undefined) out(mainHelp(terminal));
  else if (command.name === "plugin") {
    out((await import("./plugin_help.ts")).pluginHelp(undefined, terminal));
  } else {
    const more = command.hasOwnOptions === true
      ? (await import("./sandbox/help.ts")).ownOptionsHelp(command.name, terminal)
      : "";
    out(commandHelp(command, terminal) + more);
  }
  return 0;
}

async function help(
  command: Command | undefined,
  strays: readonly string[],
  around: Surroundings,
): Promise<number> {
  if (command?.name !== "help") return await showHelp(command, around);
  const [topic, ...rest] = strays;
  const asked = topic === undefined ? undefined : commandOf(topic);
  const mistakes = rest.map((stray) => strayArgument(stray, command));
  if (topic !== undefined && asked === undefined) mistakes.unshift(unknownCommand(topic));
  if (mistakes.length > 0) return refuse(mistakes, around);
  return await showHelp(asked, around);
}

async function completion(
  words: readonly string[],
  parsed: ParsedArguments,
  before: readonly Mistake[],
  around: Surroundings,
): Promise<number> {
  const mistakes = [...before, ...notFor("completion", parsed, [...parsed.flags.keys()])];
  const [word, ...strays] = words;
  const shell = SHELLS.find((one) => one === word);
  const known = SHELLS.join(", ").replace(/, (\w+)$/, " or $1");
  if (word === undefined) mistakes.push({ where: "completion", what: `needs a shell: ${known}` });
  else if (shell === undefined) mistakes.push({ where: word, what: `not a known shell; write ${known}` });
  mistakes.push(...strays.map((stray) => strayArgument(stray, commandOf("completion"))));
  if (mistakes.length > 0 || shell === undefined) {
    return refuse(mistakes, around, "coder-k8s help completion");
  }
  const { completionScript } = await import("./completion.ts");
  around.out(completionScript(shell));
  return 0;
}

async function version(
  parsed: ParsedArguments,
  before: readonly Mistake[],
  around: Surroundings,
): Promise<number> {
  const mistakes = [...before];
  const foreign = [...parsed.flags.keys()].filter((flag) => flag !== OUTPUT_FLAG.flag && flag !== "version");
  mistakes.push(...notFor("version", parsed, foreign));
  const format = parsed.flags.get(OUTPUT_FLAG.flag)?.at(-1) ?? "text";
  if (!OUTPUT_FLAG.choices.includes(format)) {
    mistakes.push({ where: "--output", what: `must be ${OUTPUT_FLAG.choices.join(" or ")}` });
  }
  if (mistakes.length > 0) return refuse(mistakes, around, "coder-k8s help version");
  const facts = await around.version();
  if (format === "json") around.out(`${JSON.stringify(facts)}\n`);
  else {
    const { version = "", ...rest } = facts;
    const lines = Object.entries(rest).filter(([, value]) => value !== "")
      .map(([name, value]) => `  ${name.padEnd(9)}${value}\n`);
    around.out(`coder-k8s ${version}\n${lines.join("")}`);
  }
  return 0;
}

function notFor(what: string, parsed: ParsedArguments, flags: readonly string[]): Mistake[] {
  return flags.filter((flag) => parsed.flags.has(flag))
    .map((flag) => ({ where: `--${flag}`, what: `is not a flag of ${what}` }));
}

function unknownCommand(word: string): Mistake {
  const near = suggest(word, COMMANDS.map((command) => command.name));
  const flag = OPTIONS.find((option) => option.flag === word.split("=", 1)[0]);
  if (flag !== undefined) return { where: word, what: `unknown command; did you mean --${word}?` };
  return {
    where: word,
    what: near === undefined ? "unknown command" : `unknown command; did you mean ${near}?`,
  };
}

function strayArgument(stray: string, command: Command | undefined): Mistake {
  const flag = OPTIONS.find((option) => option.flag === stray.split("=", 1)[0]);
  const after = command === undefined ? "" : ` after ${command.name}`;
  return {
    where: stray,
    what: `stray argument${after}${flag === undefined ? "" : `; did you mean --${stray}?`}`,
  };
}

function refuse(mistakes: readonly Mistake[], around: Surroundings, help?: string): number {
  around.err(describeMistakes(mistakes, help));
  return USAGE;
}

async function realSurroundings(): Promise<Surroundings> {
  const environment = Deno.env.toObject();
  // Each part of the app is loaded where it is needed: `version` and `--help` answer at once.
  const { buildInfo } = await import("../app/version.ts");
  return {
    environment,
    terminal: standardOutput(environment),
    out: (text) => print(Deno.stdout, text),
    err: (text) => print(Deno.stderr, text),
    readTextFile: (path) => Deno.readTextFile(path),
    readStandardInput: () => new Response(Deno.stdin.readable).text(),
    runApp: async (config, notes) => (await import("../app/process.ts")).runProcess(config, notes),
    diagnose: async (config, subject) =>
      (await import("../app/diagnose.ts")).lookAndTell(config, subject, environment),
    check: async (config, request) =>
      (await import("../app/check.ts")).checkAndTell(config, request, environment),
    installation: {
      install: async (config, asked, parts) =>
        (await import("../app/install.ts")).installAt(config, asked, { ...parts, environment }),
      uninstall: async (config, asked, parts) =>
        (await import("../app/install.ts")).uninstallAt(config, asked, { ...parts, environment }),
      confirm: async (question, signal) =>
        Deno.stdin.isTerminal() && Deno.stderr.isTerminal()
          ? await (await import("./asking.ts")).answersYes(question, signal)
          : undefined,
      untilStopped: async (run) => (await import("./top_signals.ts")).untilStopped(run),
      isTerminal: Deno.stderr.isTerminal(),
    },
    supportBundle: async (config, request) =>
      (await import("../app/support_bundle.ts")).bundleAndTell(config, request, environment),
    top: {
      open: async (config, request) => (await import("../app/top.ts")).openTop(config, request, environment),
      screen: () => realScreen(),
      untilStopped: async (run) => (await import("./top_signals.ts")).untilStopped(run),
      now: () => Date.now(),
    },
    sandbox: {
      machine: async () => (await import("./sandbox/machine.ts")).thisMachine(),
      runCoordinator: async (config, notes) =>
        (await import("../app/sandbox/coordinator.ts")).runCoordinator(config, notes),
      runWorker: async (config, notes) => (await import("../app/sandbox/worker.ts")).runWorker(config, notes),
      workerToken: async (request) => (await import("../app/sandbox/worker_token.ts")).workerToken(request),
      fetch: (url, init) => fetch(url, init),
      now: () => Date.now(),
    },
    version: () => {
      const { version, commit, built } = buildInfo();
      const { os, arch } = Deno.build;
      const deno = `${Deno.version.deno} (V8 ${Deno.version.v8})`;
      return Promise.resolve({ version, commit, built, deno, platform: `${os}/${arch}` });
    },
  };
}

function realScreen(): Screen | undefined {
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) return undefined;
  return terminalScreen({
    input: Deno.stdin,
    write: (text) => print(Deno.stdout, text),
    consoleSize: () => Deno.consoleSize(),
  });
}
