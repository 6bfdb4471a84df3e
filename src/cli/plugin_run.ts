/** The commands of `kubectl coder` that ask the API server. */
import { type CoderWorkspace, CoderWorkspaces } from "../api/workspace.ts";
import { type Attempt, failureText } from "../plugin/failure.ts";
import { locate } from "../plugin/locate.ts";
import { callOptions, type PluginWorld } from "../plugin/world.ts";
import { clean } from "../ui/terminal/text.ts";
import type { Mistake } from "./mistake.ts";
import { flagWords } from "./plugin_commands.ts";
import type { PluginCall, PluginJob } from "./plugin_job.ts";
import { type PluginOptions, readPluginOptions } from "./plugin_options.ts";
import type { PluginParts, PluginSurroundings } from "./plugin_parts.ts";

const DONE = 0;
const FAILED = 1;

/** Resolves to the exit code. */
export async function runPlugin(
  call: PluginCall,
  around: PluginSurroundings,
  parts: PluginParts,
  refuse: (mistakes: readonly Mistake[]) => number,
): Promise<number> {
  const { command: { name }, words } = call;
  if (name === "diagnose" && await isSubject(words)) {
    if (call.mistakes.length > 0) return refuse(call.mistakes);
    return await around.command(["diagnose", ...words, ...flagWords(call.flags)]);
  }
  const options = readPluginOptions(call.flags, name);
  const mistakes = [...call.mistakes, ...options.mistakes];
  if (name === "diagnose") {
    mistakes.push(...words.slice(1).map((where) => ({ where, what: "stray argument after the workspace" })));
  }
  if (mistakes.length > 0) return refuse(mistakes);
  const attempt: Attempt = {
    verb: name,
    ...(words.length === 1 ? { name: words[0] } : {}),
    namespace: options.namespace,
  };
  try {
    using connection = await parts.open({
      ...options.connection,
      environment: around.environment,
      warn: warner(around),
      ...(name === "ssh" || name === "open" ? { program: name } : {}),
      ...(name === "diagnose" ? { goesOn: true } : {}),
    });
    return await carryOut({ world: connection.world, call, options, around, parts });
  } catch (error) {
    around.err(`kubectl coder: ${clean(failureText(error, attempt))}\n`);
    return FAILED;
  }
}

async function carryOut(job: PluginJob): Promise<number> {
  switch (job.call.command.name) {
    case "list":
      return await (await import("./plugin_list.ts")).list(job);
    case "start":
    case "stop":
    case "restart":
      return await (await import("./plugin_change.ts")).changeAll(job, job.call.command.name);
    case "log":
      return await log(job);
    case "open":
      return await open(job);
    case "ssh":
      return await ssh(job);
    case "diagnose":
      return await diagnose(job);
    default:
      throw new TypeError(`${job.call.command.name} asks no API server`);
  }
}

async function log({ world, call, options, around, parts }: PluginJob): Promise<number> {
  const { asItIs, buildLog, harmless } = await import("../plugin/build_log.ts");
  const { signal } = new AbortController();
  const key = await locate(world, call.words[0] ?? "", { namespace: options.namespace, signal });
  const lines = buildLog(world, key, options, { signal, clean: parts.isTerminal ? harmless : asItIs });
  for await (const text of lines) around.out(text);
  return DONE;
}

/** In this order. */
const OPENERS: Readonly<Record<string, readonly string[]>> = {
  darwin: ["open"],
  linux: ["xdg-open", "wslview"],
};

async function open({ world, call, options, around, parts }: PluginJob): Promise<number> {
  const { addressOf, isWebAddress } = await import("../plugin/address.ts");
  const [typed = "", app] = call.words;
  const url = clean(addressOf(await workspaceOf(world, typed, options), app));
  around.out(`${url}\n`);
  if (options.print) return DONE;
  if (!isWebAddress(url)) {
    around.err("kubectl coder: not opened, for it is no address of the web\n");
    return DONE;
  }
  for (const name of OPENERS[parts.os] ?? []) {
    const program = await parts.find(name);
    if (program !== undefined && await parts.browse(program, url)) return DONE;
  }
  around.err("kubectl coder: no program here opens it; take the address to a browser\n");
  return DONE;
}

async function ssh({ world, call, options, around, parts }: PluginJob): Promise<number> {
  const { readLogin, sessionPlace, sshHandover } = await import("../plugin/ssh.ts");
  const { environment, readTextFile } = around;
  const workspace = await workspaceOf(world, call.words[0] ?? "", options);
  const handover = sshHandover({
    workspace,
    coderUrl: options.coderUrl,
    agent: options.agent,
    command: call.behind,
    environment,
    program: await parts.find("coder"),
    login: await readLogin(sessionPlace(environment, parts.os), readTextFile),
  });
  return await parts.handOver(handover);
}

async function diagnose({ world, call, options, around }: PluginJob): Promise<number> {
  const { signal } = new AbortController();
  const key = await locate(world, call.words[0] ?? "", { namespace: options.namespace, signal });
  const flags = new Map(call.flags);
  flags.set("namespace", [key.namespace]);
  return await around.command(["diagnose", "workspace", key.name, ...flagWords(flags)]);
}

/** Whether `diagnose` of coder-k8s understands it as it is: a kind and a name. */
async function isSubject(words: readonly string[]): Promise<boolean> {
  const { readSubject } = await import("./subject.ts");
  const { kind, mistakes } = readSubject(words);
  return words.length > 1 || (kind !== undefined && mistakes.length === 0);
}

async function workspaceOf(
  world: PluginWorld,
  typed: string,
  { namespace }: PluginOptions,
): Promise<CoderWorkspace> {
  const { signal } = new AbortController();
  const key = await locate(world, typed, { namespace, signal });
  return await world.client.get<CoderWorkspace>(CoderWorkspaces, key, callOptions(world, signal));
}

/** As kubectl: each warning once. */
function warner({ err }: PluginSurroundings): (text: string) => void {
  const told = new Set<string>();
  return (text) => {
    if (told.has(text)) return;
    told.add(text);
    err(`Warning: ${clean(text)}\n`);
  };
}
