/**
 * Processes of a session. They belong to the workspace: its state directory has their output and their end, so that they
 * outlive terminals and whoever has started them. Here they are started and followed.
 */
import { Buffer } from "node:buffer";
import type { Logger } from "../../../telemetry/logger.ts";
import type { FoundProcess, SandboxProcess, SharedProcesses, SpawnSpec } from "../../sandbox/types.ts";
import { unlessAborted } from "../../sandbox/unless_aborted.ts";
import { type Limits, SessionError } from "../../types.ts";
import { below, type FileContext } from "./context.ts";
import { said, shown } from "./errors.ts";
import { exitOf, Running, type Sinks } from "./process.ts";
import { call, quoted } from "./quote.ts";

/** What news are waited for at most, in seconds; whoever follows is known by them. */
const NEWS_SECONDS = 10;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Of each stream at once. */
const MOST_OUTPUT = 2 ** 20;
/** Of what else is said of one process. */
const MOST_WORDS = 1_024;
/** Those that others have started, and that are followed here; a workspace may say that there are any number. */
const MOST_FOUND = 1_024;
/** Of what others have started, in characters. */
const LONGEST_COMMAND = 4_096;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface ProcessesContext extends FileContext {
  readonly session: string;
  readonly limits: Limits;
  readonly log: Logger;
  /** The highest number so far, and that of processes that have ended with the workspace. */
  readonly last: number;
  readonly before: number;
}

export class ShellProcesses implements SharedProcesses {
  readonly before: number;
  readonly #context: ProcessesContext;
  readonly #known = new Map<number, Running>();
  readonly #name = crypto.randomUUID();
  readonly #end = new AbortController();
  #found: ((process: FoundProcess) => Sinks) | undefined;
  #last: number;
  /** Those that the news on their way are about. */
  #asked: ReadonlySet<number> | undefined;
  #isFollowing = false;

  constructor(context: ProcessesContext) {
    this.#context = context;
    this.#last = context.last;
    this.before = context.before;
  }

  /** Others may have started some: that is seen when it is asked. */
  get isCurrent(): boolean {
    return false;
  }

  get last(): number {
    return this.#last;
  }

  follow(found: (process: FoundProcess) => Sinks): void {
    this.#found = found;
  }

  async spawn(spec: SpawnSpec, signal: AbortSignal): Promise<SandboxProcess> {
    const { argv, cwd, shared } = spec;
    if (argv.length === 0 || [...argv, cwd].some((one) => one.includes("\0"))) {
      throw new SessionError("invalid", "a program and its arguments must be there, without NUL characters");
    }
    if (![...argv, cwd, ...Object.values(spec.env)].every((one) => one.isWellFormed())) {
      throw new SessionError("invalid", "half of a surrogate pair is in what is to be started");
    }
    const name = Object.keys(spec.env).find((one) => !VARIABLE.test(one));
    if (name !== undefined) throw new SessionError("invalid", `${shown(name)} is no name of a variable`);
    if (cwd.startsWith("/") || cwd.split("/").includes("..")) {
      throw new SessionError("forbidden", `cwd ${shown(cwd)}: give a path below the session's directory`);
    }
    if (argv[0] === "" || argv[0]!.startsWith("-")) {
      throw notStarted("not_found", argv[0]!, "No such file or directory");
    }
    signal.throwIfAborted();
    const starting = this.#start(spec, shared?.command ?? argv.join(" "), shared?.timeoutMs ?? 0);
    try {
      return await unlessAborted(starting, signal);
    } catch (error) {
      // It may have begun by then.
      starting.then((process) => process.kill("SIGKILL"), () => {});
      throw error;
    }
  }

  async #start(spec: SpawnSpec, command: string, timeoutMs: number): Promise<Running> {
    const { limits, link, log } = this.#context;
    const block = Math.min(32_768, Math.max(1_024, Math.floor(limits.outputBytes / 4)));
    const blocks = Math.max(1, Math.min(64, Math.floor(limits.outputBytes / 2 / block)));
    const cwd = spec.cwd.split("/").filter((name) => name !== "" && name !== ".").join("/") || ".";
    const code = below(
      this.#context,
      call(
        "p_start",
        spec.argv[0]!,
        cwd,
        Buffer.from(command).toString("base64"),
        block,
        blocks,
        limits.outputBytes,
        timeoutMs === 0 ? 0 : (timeoutMs / 1_000).toFixed(3),
      ),
    );
    const body = new TextEncoder().encode(this.#code(spec));
    const answer = await link.once(code, this.#end.signal, { body });
    const number = Number(this.#begun(answer, spec).words[0]);
    const process = new Running({ number, command, ageMs: 0, inputIsClosed: false }, link, log);
    process.sinks = spec;
    this.#last = Math.max(this.#last, number);
    this.#watch(process);
    return process;
  }

  /** What becomes the process: run by `sh`, which is given its directory as `$0`. */
  #code({ argv, env }: SpawnSpec): string {
    const { limits } = this.#context;
    return [
      `cd -- "$0" || exit 126`,
      `ulimit -n ${limits.openFiles} 2>/dev/null`,
      `ulimit -t ${Math.ceil(limits.cpuMs / 1_000)} 2>/dev/null`,
      "unset TERM OLDPWD",
      ...Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`),
      `exec ${argv.map(quoted).join(" ")}`,
      "",
    ].join("\n");
  }

  #begun(answer: Uint8Array, { argv, cwd }: SpawnSpec) {
    const why = /^no ([a-z]+)/.exec(new TextDecoder().decode(answer.subarray(0, 30)))?.[1];
    if (why === "program") throw notStarted("not_found", argv[0]!, "No such file or directory");
    if (why === "denied") throw notStarted("failed", argv[0]!, "Permission denied");
    if (why === "noent" || why === "notdir") {
      throw notStarted("not_found", `cwd ${shown(cwd)}`, "No such file or directory");
    }
    return said(answer, "start a process in", cwd);
  }

  async refresh(signal: AbortSignal): Promise<void> {
    const { link, log } = this.#context;
    const answer = said(await link.ask(`p_list`, signal), "list the processes of", ".");
    const [now, last] = answer.words;
    this.#last = Math.max(this.#last, Number(last ?? 0));
    for (const line of new TextDecoder().decode(answer.body).split("\n")) {
      const [number = "", began, input, command] = line.split(" ");
      if (!/^\d+$/.test(number) || this.#known.has(Number(number))) continue;
      if (this.#known.size >= MOST_FOUND) break;
      const process = new Running(
        {
          number: Number(number),
          command: Buffer.from((command ?? "").slice(0, 2 * LONGEST_COMMAND), "base64").toString()
            .slice(0, LONGEST_COMMAND),
          ageMs: Math.max(0, Math.round((Number(now) - Number(began)) * 1_000)),
          inputIsClosed: input !== "open",
        },
        link,
        log,
      );
      process.sinks = this.#found?.(process);
      this.#watch(process);
    }
    const running = [...this.#known.values()].filter((process) => !process.isOver);
    if (running.length === 0) return;
    const code = running.map((process) => call("p_show", ...argumentsOf(process), MOST_OUTPUT)).join("\n");
    this.#take(await link.ask(code, signal, { mostBytes: mostOf(running.length) }));
  }

  get running(): number {
    return [...this.#known.values()].filter((process) => !process.isOver).length;
  }

  /** They go on, and are no longer followed. */
  close(): void {
    this.#end.abort(new SessionError("session_ended", `session ${this.#context.session} was closed`));
    for (const process of this.#known.values()) {
      if (!process.isOver) process.end({ signal: "SIGKILL" });
    }
  }

  #watch(process: Running): void {
    this.#known.set(process.number, process);
    void process.exited.then(() => this.#forget());
    if (!this.#isFollowing) void this.#follow();
    else if (this.#asked !== undefined && !this.#asked.has(process.number)) this.#poke();
  }

  /** What has ended is known to whoever was told; of old ones not even the number is needed. */
  #forget(): void {
    const ended = [...this.#known.values()].filter((process) => process.isOver);
    for (const process of ended.slice(0, Math.max(0, ended.length - 200))) this.#known.delete(process.number);
  }

  #poke(): void {
    const { link, log } = this.#context;
    link.ask(call("p_poke", this.#name), this.#end.signal).catch((error: unknown) => {
      log.debug("the news of processes could not be asked anew", { error: String(error) });
    });
  }

  async #follow(): Promise<void> {
    this.#isFollowing = true;
    const { link, log } = this.#context;
    let pause = FIRST_PAUSE_MS;
    while (!this.#end.signal.aborted) {
      const running = [...this.#known.values()].filter((process) => !process.isOver);
      if (running.length === 0) break;
      this.#asked = new Set(running.map(({ number }) => number));
      const about = running.map((process) => argumentsOf(process).join(" "));
      try {
        const code = call("p_news", this.#name, NEWS_SECONDS, MOST_OUTPUT, ...about);
        const answer = await link.ask(code, this.#end.signal, {
          silenceMs: (NEWS_SECONDS + 20) * 1_000,
          mostBytes: mostOf(running.length),
        });
        this.#take(said(answer, "follow the processes of", ".").body);
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (this.#end.signal.aborted) break;
        log.debug("processes of a workspace cannot be followed now", { error: String(error) });
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pause);
          Deno.unrefTimer(timer as unknown as number);
          this.#end.signal.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve();
          }, { once: true });
        });
        pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
      } finally {
        this.#asked = undefined;
      }
    }
    this.#isFollowing = false;
  }

  /** Records: `o|e <number> <at> <length>` and so many bytes; `x <number> <end>`; `g <number>`: there is none. */
  #take(records: Uint8Array): void {
    for (let at = 0; at < records.length;) {
      const end = records.indexOf(10, at);
      if (end < 0) return;
      const [kind, number, ...words] = new TextDecoder().decode(records.subarray(at, end)).split(" ");
      at = end + 1;
      const process = this.#known.get(Number(number));
      if (kind === "o" || kind === "e") {
        const length = Number(words[1]);
        if (!(length >= 0)) return;
        process?.output(kind === "o" ? "stdout" : "stderr", Number(words[0]), records.slice(at, at + length));
        at += length;
      } else if (kind === "x") {
        if (process?.isOver === false) process.end(exitOf(words));
      } else if (kind === "g" && process?.isOver === false) process.end({ signal: "SIGKILL" });
    }
  }
}

/** Bytes that can be said of so many processes at once. */
function mostOf(processes: number): number {
  return (processes + 1) * (2 * MOST_OUTPUT + MOST_WORDS);
}

function argumentsOf({ number, seen }: Running): readonly [number, number, number] {
  return [number, seen.stdout, seen.stderr];
}

function notStarted(code: "not_found" | "failed", what: string, why: string): SessionError {
  return new SessionError(code, `it could not be started: ${what}: ${why}`);
}
