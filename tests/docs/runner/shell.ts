/** One bash that takes blocks, one after the other, and keeps its variables and its directory between them. */
import { join } from "node:path";
import { sleep, waitFor } from "../../cluster/mod.ts";
import type { Block } from "./page.ts";

export interface ShellOptions {
  /** Where it begins. */
  readonly cwd: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** For its own files; nothing else is there. */
  readonly dir: string;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** How one run of a block ended. */
interface Ran {
  readonly code: number;
  readonly output: string;
}

const BETWEEN_RETRIES_MS = 500;
/** How many lines of output an error shows. */
const SHOWN_LINES = 60;
const END_GRACE_MS = 20_000;

/** Dispose of it with `await using`: everything that it has started ends with it. */
export class PageShell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: AsyncIterator<string>;
  readonly #background: { readonly block: Block; readonly file: string }[] = [];
  #over = false;
  #serial = 0;

  constructor(private readonly options: ShellOptions) {
    this.#child = new Deno.Command("bash", {
      args: ["--noprofile", "--norc"],
      cwd: options.cwd,
      env: { ...options.env },
      clearEnv: true,
      // A group of its own, which all that it starts belongs to.
      detached: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#child.status.then(() => this.#over = true);
    this.#input = this.#child.stdin.getWriter();
    this.#answers = linesOf(this.#child.stdout);
  }

  /** Does what a block says. @throws {Error} with its output, when it does not go as the page says */
  async run(block: Block): Promise<void> {
    if (block.kind === "file") return await this.#write(block);
    if (block.background) return await this.#begin(block);
    const isOne = block.retryMs === undefined && !block.fails;
    const deadline = performance.now() + (block.retryMs ?? 0);
    while (true) {
      const ran = await this.#once(block, isOne);
      const problem = problemOf(block, ran);
      if (problem === undefined) return;
      if (performance.now() >= deadline) {
        throw failure(
          block,
          block.retryMs === undefined ? problem : `${problem}, and so it stayed`,
          ran.output,
        );
      }
      await sleep(BETWEEN_RETRIES_MS, this.options.signal);
    }
  }

  /** What runs in the background must not have failed by the end of the page. */
  async finish(): Promise<void> {
    for (const { block, file } of this.#background) {
      const code = await Deno.readTextFile(`${file}.code`).catch(() => "");
      if (/^[1-9]/.test(code)) {
        throw failure(block, `it ended with exit code ${code.trim()}`, await readOutput(file));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    this.#signal("SIGTERM");
    // The group outlives its leader.
    const gone = async () => !(await groupLives(this.#child.pid));
    await waitFor(gone, { what: "the page's processes to end", timeoutMs: END_GRACE_MS })
      .catch(() => this.#signal("SIGKILL"));
    await this.#child.status;
    await this.#answers.return?.();
  }

  /** One run of a block: in the shell itself, or, where its failure is borne, below it. */
  async #once(block: Block, inShell: boolean): Promise<Ran> {
    const file = await this.#script(block.text);
    const strict = "set -eu -o pipefail";
    const command = inShell
      ? `${strict}; . ${file} >${file}.out 2>&1 </dev/null; set +eu +o pipefail; echo 0`
      : `( ${strict}; . ${file} ) >${file}.out 2>&1 </dev/null; echo $?`;
    const code = await this.#ask(block, command, file);
    return { code, output: await readOutput(file) };
  }

  async #begin(block: Block): Promise<void> {
    const file = await this.#script(block.text);
    const run = `( set -eu -o pipefail; . ${file} ) >${file}.out 2>&1 </dev/null`;
    await this.#ask(block, `{ ${run}; echo $? >${file}.code; } >/dev/null 2>&1 & echo 0`, file);
    const code = () => Deno.readTextFile(`${file}.code`).catch(() => "");
    await waitFor(async () => {
      const output = await readOutput(file);
      return block.expect.every(({ pattern }) => pattern.test(output)) || await code() !== "";
    }, { what: "its output", timeoutMs: block.timeoutMs, signal: this.options.signal }).catch(() => {});
    const ran = { code: Number(await code() || 0), output: await readOutput(file) };
    const problem = problemOf(block, ran);
    if (problem !== undefined) throw failure(block, problem, ran.output);
    this.#background.push({ block, file });
  }

  async #write(block: Block): Promise<void> {
    const file = await this.#script(block.text);
    const target = `'${(block.name ?? "").replaceAll("'", `'\\''`)}'`;
    const command = `{ mkdir -p "$(dirname ${target})" && cp ${file} ${target}; } >${file}.out 2>&1; echo $?`;
    const code = await this.#ask(block, command, file);
    if (code !== 0) throw failure(block, "the file cannot be written", await readOutput(file));
  }

  async #script(text: string): Promise<string> {
    const file = join(this.options.dir, `block-${this.#serial++}`);
    await Deno.writeTextFile(file, text);
    return file;
  }

  /** Gives bash one line, and waits for the exit code that it tells. */
  async #ask(block: Block, command: string, file: string): Promise<number> {
    if (this.#over) throw new Error("the shell of the page has ended");
    const late = AbortSignal.timeout(block.timeoutMs);
    const signal = AbortSignal.any([late, this.options.signal]);
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      await this.#input.write(new TextEncoder().encode(`${command}\n`));
      const answer = await Promise.race([this.#answers.next(), stopped]);
      if (answer.done !== true) return Number(answer.value);
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#signal("SIGKILL");
      const what = late.aborted ? `it took longer than ${block.timeoutMs / 1_000} s` : String(signal.reason);
      throw failure(block, what, await readOutput(file));
    } finally {
      signal.removeEventListener("abort", stop);
    }
    // With `set -e`, the shell ends where a command fails.
    const { code } = await this.#child.status;
    if (code === 0) throw failure(block, "it has ended the shell (exit)", await readOutput(file));
    return code;
  }

  /** Whether there was anybody to tell. */
  #signal(signal: Deno.Signal): boolean {
    try {
      Deno.kill(-this.#child.pid, signal);
      return true;
    } catch {
      return false;
    }
  }
}

/** Whether a process group has a member that has not ended; those that nobody has waited for do not count. */
async function groupLives(group: number): Promise<boolean> {
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await Deno.readTextFile(`/proc/${name}/stat`).catch(() => "");
    const [state, , of] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (Number(of) === group && state !== "Z" && state !== "X") return true;
  }
  return false;
}

function problemOf(block: Block, { code, output }: Ran): string | undefined {
  if (block.fails && code === 0) return "it succeeded, and the page says that it fails";
  if (!block.fails && code !== 0) return `it ended with exit code ${code}`;
  const missing = block.expect.find(({ pattern }) => !pattern.test(output));
  return missing && `its output has no ${JSON.stringify(missing.text)}`;
}

function failure(block: Block, problem: string, output: string): Error {
  const lines = output.trimEnd().split("\n");
  const left = lines.length > SHOWN_LINES ? [`… (${lines.length - SHOWN_LINES} lines before)`] : [];
  const shown = [...left, ...lines.slice(-SHOWN_LINES)].join("\n");
  return new Error(
    `line ${block.line}: ${problem}\n--- commands ---\n${block.text.trimEnd()}\n--- output ---\n${shown}`,
  );
}

async function readOutput(file: string): Promise<string> {
  return await Deno.readTextFile(`${file}.out`).catch(() => "");
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
