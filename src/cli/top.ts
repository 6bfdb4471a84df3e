/** `coder-k8s top`: what goes on, in a terminal. */
import type { Config } from "../app/config.ts";
import type { TopRequest, TopSource } from "../app/top.ts";
import { isLoopback } from "../telemetry/loopback.ts";
import { clean } from "../ui/terminal/text.ts";
import { type Section, SECTIONS } from "../ui/types.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import { describeMistakes, type Mistake } from "./mistake.ts";
import { lookConfig } from "./one_look.ts";
import type { Screen } from "./top_screen.ts";
import { choice, duration, httpUrl, text } from "./values.ts";

/** What it reaches out to. */
export interface TopSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  readonly top: TopParts;
}

export interface TopParts {
  /** @throws where it cannot be looked at all, in words */
  readonly open: (config: Config, request: TopRequest) => Promise<TopSource>;
  /** Undefined where standard input or output is no terminal. */
  readonly screen: () => Screen | undefined;
  /** Runs `run` with a signal that ends with the process' own. Resolves to what ended it, if anything did. */
  readonly untilStopped: (run: (signal: AbortSignal) => Promise<void>) => Promise<Deno.Signal | undefined>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const DONE = 0;
const FAILED = 1;
const NOT_UNDERSTOOD = 2;
/** As shells tell the end by a signal. */
const SIGNALS: Readonly<Partial<Record<Deno.Signal, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

/** Resolves to the exit code: 0 shown, 1 nothing could be seen, 2 not understood. */
export async function topCommand(call: CommandCall, around: TopSurroundings): Promise<number> {
  const asked = readFlags(call.flags);
  const loaded = await lookConfig({ ...around, flags: call.flags });
  const mistakes: Mistake[] = [
    ...call.mistakes,
    ...call.words.map((where) => ({ where, what: "stray argument after top" })),
    ...asked.mistakes,
    ...loaded.mistakes,
  ];
  for (const warning of loaded.warnings) around.err(`coder-k8s: ${warning}\n`);
  const { config } = loaded;
  if (mistakes.length > 0 || config === undefined) {
    around.err(describeMistakes(mistakes, "coder-k8s help top"));
    return NOT_UNDERSTOOD;
  }
  for (const warning of tokenWarnings(asked.request)) around.err(`coder-k8s: ${warning}\n`);
  const screen = asked.once ? undefined : around.top.screen();
  let source: TopSource | undefined;
  let code = DONE;
  try {
    const opened = source = await around.top.open(config, asked.request);
    const stopped = await around.top.untilStopped(async (signal) => {
      if (screen === undefined) code = await once(opened, asked, around, signal);
      else await live(opened, screen, asked, around, signal);
    });
    return stopped === undefined ? code : SIGNALS[stopped] ?? FAILED;
  } catch (error) {
    // A server may have said it.
    around.err(`coder-k8s: ${clean(error instanceof Error ? error.message : String(error))}\n`);
    return FAILED;
  } finally {
    source?.close();
  }
}

async function live(
  source: TopSource,
  screen: Screen,
  { section, filter }: Asked,
  { environment, top: { now } }: TopSurroundings,
  signal: AbortSignal,
): Promise<void> {
  const { runTop } = await import("./top_loop.ts");
  const { ansiStyle } = await import("../ui/terminal/style.ts");
  await runTop({
    source,
    screen,
    style: ansiStyle((environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb"),
    choices: { filter, ...(section === undefined ? {} : { section }) },
    signal,
    now,
  });
}

async function once(
  source: TopSource,
  { section, filter, timeoutMs }: Asked,
  { out, err, top: { now } }: TopSurroundings,
  signal: AbortSignal,
): Promise<number> {
  const { lookOnce, sawAnything } = await import("./top_once.ts");
  const { snapshot } = await import("../ui/terminal/snapshot.ts");
  const sections = section === undefined ? undefined : [section];
  const looked = await lookOnce({ source, sections, timeoutMs, signal });
  if (section !== undefined && looked.shown.hello?.sections.includes(section) !== true) {
    err(`coder-k8s: ${source.name} shows no ${section}\n`);
    return FAILED;
  }
  out(snapshot({ shown: looked.shown, now: now(), filter, sections }));
  if (looked.isLate) err(`coder-k8s: not all was told within ${timeoutMs / 1_000} s (--timeout)\n`);
  return sawAnything(looked, sections) ? DONE : FAILED;
}

/** Who sees the way to the server sees the token. */
function* tokenWarnings(request: TopRequest): Iterable<string> {
  if (!("server" in request) || request.tokenFile === undefined) return;
  const { server } = request;
  if (!/^http:/i.test(server) || isLoopback(new URL(server).hostname)) return;
  yield `--server: the token goes to ${server} in plain text: write https:// unless a mesh or a private network protects it`;
}

interface Asked {
  readonly request: TopRequest;
  readonly once: boolean;
  readonly section: Section | undefined;
  readonly filter: string;
  readonly timeoutMs: number;
  readonly mistakes: readonly Mistake[];
}

function readFlags(flags: CommandCall["flags"]): Asked {
  const { mistakes, read, last, namespace } = flagReader(flags);
  const server = read("server", httpUrl());
  const tokenFile = read("token-file", text("the path of a file with a token"));
  const caFile = read("ca-file", text("the path of a PEM file"));
  const chosen = namespace("namespace");
  const wrong: Mistake[] = [];
  const only = (flag: string) => wrong.push({ where: `--${flag}`, what: "does nothing without --server" });
  if (server === undefined && !flags.has("server")) {
    if (tokenFile !== undefined) only("token-file");
    if (caFile !== undefined) only("ca-file");
  } else if (chosen !== undefined) {
    wrong.push({ where: "--namespace", what: "does nothing with --server: it shows all that you may see" });
  }
  const section = read("section", choice(SECTIONS));
  const timeoutMs = read("timeout", duration({ min: 1_000, max: 600_000 })) ?? 20_000;
  return {
    request: server === undefined ? { namespace: chosen } : { server, tokenFile, caFile },
    once: flags.has("once") && last("once") !== "false",
    section,
    filter: last("filter") ?? "",
    timeoutMs,
    mistakes: [...mistakes, ...wrong],
  };
}
