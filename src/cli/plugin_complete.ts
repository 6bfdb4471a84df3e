/** What kubectl's completion asks of its plugins: possible words, line by line, and how a shell is to take them. */
import { appsOf } from "../plugin/address.ts";
import { type CoderWorkspace, CoderWorkspaces } from "../api/workspace.ts";
import { Namespaces } from "../api/kubernetes/resources.ts";
import { locate } from "../plugin/locate.ts";
import { type Suggestion, suggestNames } from "../plugin/names.ts";
import { callOptions, type PluginWorld } from "../plugin/world.ts";
import { clean } from "../ui/terminal/text.ts";
import type { FlagSpec } from "./arguments.ts";
import type { CommandFlag } from "./command_flag.ts";
import {
  ALL_PLUGIN_FLAGS,
  flagsOf,
  PLUGIN_COMMANDS,
  type PluginCommand,
  pluginCommand,
} from "./plugin_commands.ts";
import { readPluginOptions } from "./plugin_options.ts";
import type { PluginParts, PluginSurroundings } from "./plugin_parts.ts";

/** Somebody has pressed a key, and waits. */
const DEADLINE_MS = 3_000;
/** As Cobra numbers them: no file names instead; file names; no space behind the word. */
const NO_FILES = 4;
const FILES = 0;
const NO_SPACE = 2;

/** What can be completed, from what is typed. */
export type Completing =
  | { readonly kind: "words"; readonly words: readonly Suggestion[]; readonly directive: number }
  | InCluster;

/** What the cluster has to be asked for. */
interface InCluster extends Typed {
  readonly kind: "workspaces" | "apps" | "namespaces";
  readonly prefix: string;
  /** Stands before what is completed: `--namespace=`. */
  readonly before: string;
}

/** What is typed already. */
interface Typed {
  readonly command: PluginCommand | undefined;
  /** Behind the command. */
  readonly words: readonly string[];
  readonly flags: ReadonlyMap<string, readonly string[]>;
}

/** As Coder has them: what is completed goes into a command line, where a shell reads all else. */
const SLUG = /^[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$/;

/** Prints them. Whatever goes wrong is silence: nobody reads errors in the middle of a line. */
export async function complete(
  args: readonly string[],
  around: PluginSurroundings,
  parts: PluginParts,
): Promise<number> {
  const asked = completing(args);
  const known = asked.kind === "words"
    ? asked
    : { words: await fromCluster(asked, around, parts).catch(() => []), directive: NO_FILES };
  const lines = known.words.map(({ value, description }) =>
    description === "" ? clean(value) : `${clean(value)}\t${clean(description)}`
  );
  around.out([...lines, `:${known.directive}`, ""].join("\n"));
  return 0;
}

/** @param args the last one is what is being typed */
export function completing(args: readonly string[]): Completing {
  const typed = args.slice(0, -1);
  const current = args.at(-1) ?? "";
  const nothing: Completing = { kind: "words", words: [], directive: NO_FILES };
  if (typed.includes("--")) return nothing;
  const { words, flags, open } = readTyped(typed);
  const [name, ...rest] = words;
  const command = name === undefined ? undefined : pluginCommand(name);
  const common = { command, words: rest, flags };
  if (open !== undefined) return valueOf(open, current, "", common);
  const inline = /^(--?([a-z-]+)=)(.*)$/i.exec(current);
  if (inline !== null) {
    const flag = flagsOf(command).find((one) => one.flag === inline[2] || one.letter === inline[2]);
    return flag === undefined ? nothing : valueOf(flag, inline[3] ?? "", inline[1] ?? "", common);
  }
  if (current.startsWith("-")) {
    const all = flagsOf(command).map(({ flag, help, isSwitch }) => ({
      value: isSwitch ? `--${flag}` : `--${flag}=`,
      description: help,
    })).filter(({ value }) => value.startsWith(current));
    const isOpen = all.length === 1 && all[0]?.value.endsWith("=") === true;
    return { kind: "words", words: all, directive: NO_FILES | (isOpen ? NO_SPACE : 0) };
  }
  if (name === undefined || name === "help") {
    if (rest.length > 0) return nothing;
    const commands = PLUGIN_COMMANDS.map((one) => ({ value: one.name, description: one.summary }));
    return {
      kind: "words",
      words: commands.filter(({ value }) => value.startsWith(current)),
      directive: NO_FILES,
    };
  }
  const prefix = { prefix: current, before: "", ...common };
  if (command?.names === "many" || (command?.names === "one" && rest.length === 0)) {
    return { kind: "workspaces", ...prefix };
  }
  return command?.name === "open" && rest.length === 1 ? { kind: "apps", ...prefix } : nothing;
}

/** `open`: a flag whose value is what comes next. */
function readTyped(typed: readonly string[]) {
  const words: string[] = [];
  const flags = new Map<string, string[]>();
  let open: CommandFlag | undefined;
  for (const word of typed) {
    if (open !== undefined) {
      flags.set(open.flag, [...flags.get(open.flag) ?? [], word]);
      open = undefined;
      continue;
    }
    if (!word.startsWith("-") || word === "-") {
      words.push(word);
      continue;
    }
    const [name = "", ...value] = word.replace(/^--?/, "").split("=");
    // Behind a command a flag is that of the command: others may have one of the same name with other values.
    const known = [...words[0] === undefined ? [] : flagsOf(pluginCommand(words[0])), ...ALL_PLUGIN_FLAGS];
    const flag = known.find((one: FlagSpec) => one.flag === name || one.letter === name);
    if (flag === undefined) continue;
    if (value.length > 0) flags.set(flag.flag, [...flags.get(flag.flag) ?? [], value.join("=")]);
    else if (flag.isSwitch) flags.set(flag.flag, ["true"]);
    else open = flag;
  }
  return { words, flags, open };
}

function valueOf(
  { flag, choices, file }: CommandFlag,
  prefix: string,
  before: string,
  common: Typed,
): Completing {
  if (flag === "namespace") return { kind: "namespaces", prefix, before, ...common };
  const words = (choices ?? []).filter((one) => one.startsWith(prefix))
    .map((one) => ({ value: before + one, description: "" }));
  return { kind: "words", words, directive: file === true ? FILES : NO_FILES };
}

/** In which states a workspace is of use to a command. */
const USEFUL: Readonly<Record<string, (status: string) => boolean>> = {
  start: (status) => !["running", "starting", "deleting", "deleted"].includes(status),
  stop: (status) => !["stopped", "stopping", "deleting", "deleted"].includes(status),
};

async function fromCluster(
  asked: InCluster,
  around: PluginSurroundings,
  parts: PluginParts,
): Promise<readonly Suggestion[]> {
  const { prefix, before, command, words, flags } = asked;
  const { connection, namespace } = readPluginOptions(flags, command?.name ?? "");
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), DEADLINE_MS);
  const { signal } = late;
  try {
    using opened = await parts.open({
      ...connection,
      requestTimeoutMs: DEADLINE_MS,
      environment: around.environment,
      warn: () => {},
    });
    const { world } = opened;
    switch (asked.kind) {
      case "namespaces":
        return (await namespaces(world, signal)).filter((name) => name.startsWith(prefix))
          .map((name) => ({ value: before + name, description: "" }));
      case "apps": {
        const key = await locate(world, words[0] ?? "", { namespace, signal });
        const workspace = await world.client.get<CoderWorkspace>(
          CoderWorkspaces,
          key,
          callOptions(world, signal),
        );
        return appsOf(workspace).filter(({ slug }) => SLUG.test(slug) && slug.startsWith(prefix))
          .map(({ slug, url }) => ({ value: slug, description: url }));
      }
      case "workspaces": {
        const isUseful = USEFUL[command?.name ?? ""];
        return await suggestNames(world, {
          prefix,
          taken: words,
          namespace,
          signal,
          ...(isUseful === undefined ? {} : { isUseful }),
        });
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

async function namespaces(world: PluginWorld, signal: AbortSignal): Promise<string[]> {
  const { items } = await world.client.list(Namespaces, {
    ...callOptions(world, signal),
    metadataOnly: true,
  });
  return items.flatMap(({ metadata: { name } }) => name === undefined ? [] : [name]);
}
