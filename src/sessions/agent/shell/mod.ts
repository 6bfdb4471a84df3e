/** The door of the room: sessions in workspaces that have a POSIX shell and coreutils (or busybox), and no Python. */
import { SessionError } from "../../types.ts";
import type { OpenOptions } from "../../sandbox/types.ts";
import { type AgentEngine, type EngineContext, type EngineSandbox, NOT_HERE } from "../engine.ts";
import { said } from "./errors.ts";
import { Link } from "./link.ts";
import { quoted } from "./quote.ts";
import { end, ShellSandbox } from "./sandbox.ts";
import { RUNNER, watcher } from "./scripts.ts";

const LONGEST_KEPT_MS = 24 * 3_600_000;

export function shellEngine(): AgentEngine {
  return { name: "shell", open, remove };
}

async function open(
  context: EngineContext,
  { limits, existing, workspace }: OpenOptions,
  signal: AbortSignal,
): Promise<EngineSandbox | typeof NOT_HERE> {
  const { directory = "", files = "workspace", keepMs = LONGEST_KEPT_MS } = workspace ?? {};
  const link = linkTo(context);
  try {
    const where = directory.includes("\0") || !directory.isWellFormed() ? undefined : inHome(directory);
    if (where === undefined) {
      throw new SessionError("invalid", "the directory has a character that no path can have");
    }
    // The numbers of processes whose traces are lost must not come again.
    const before = existing ? 1_000 * (1 + crypto.getRandomValues(new Uint16Array(1))[0]!) : 0;
    const answer = await link.ask(
      `s_open ${files} ${where} ${quoted(btoa(RUNNER))} ${before} ${
        quoted(btoa(watcher(Math.ceil(Math.min(keepMs, LONGEST_KEPT_MS) / 60_000) + 1)))
      }`,
      signal,
    );
    if (new TextDecoder().decode(answer.subarray(0, 20)).startsWith("no python")) {
      link.close();
      return NOT_HERE;
    }
    const { words, body } = opened(answer, directory);
    return new ShellSandbox({
      session: context.id,
      link,
      root: new TextDecoder().decode(body),
      isScratch: files === "scratch",
      limits,
      log: context.log,
      last: Number(words[1]),
      before: Number(words[2]),
    }, () => linkTo(context));
  } catch (error) {
    link.close();
    throw error;
  }
}

async function remove(context: EngineContext, signal: AbortSignal): Promise<void | typeof NOT_HERE> {
  const link = linkTo(context);
  try {
    if (await end(link, context.id, signal) === "python") return NOT_HERE;
  } finally {
    link.close();
  }
}

function linkTo({ id, access, log, clock }: EngineContext): Link {
  return new Link({
    session: id,
    log,
    clock,
    open: async (command, signal) => await access().terminal(command, signal),
  });
}

/** As a word of the shell: `~` is the home directory. */
function inHome(directory: string): string {
  if (directory === "~" || directory === "~/") return '"$HOME"';
  return directory.startsWith("~/") ? `"$HOME"/${quoted(directory.slice(2))}` : quoted(directory);
}

function opened(answer: Uint8Array, directory: string) {
  const why = /^no (noent|notdir|nofiles)( .*)?/.exec(new TextDecoder().decode(answer.subarray(0, 5_000)));
  if (why === null) return said(answer, "begin a session in", directory === "" ? "." : directory);
  if (why[1] === "nofiles") {
    throw new SessionError(
      "not_found",
      `the session's files are gone:${
        why[2]
      } is no more. The workspace was made anew, or does not keep its home directory: ` +
        "create another session",
    );
  }
  throw new SessionError(
    "not_found",
    `the directory ${JSON.stringify(directory)} of the workspace cannot be used: ` +
      `${why[1] === "noent" ? "there is none" : "it is a file"}; name another one, or make it first`,
  );
}
