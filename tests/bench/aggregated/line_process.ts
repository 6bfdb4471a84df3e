/** Processes that are talked to in lines of JSON. */

/** One of them. `await using` closes its input, and waits for its end. */
export class LineProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  readonly #what: string;

  /** @param first said at once */
  constructor(program: string, args: readonly string[], first?: unknown) {
    this.#what = program;
    this.#child = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
    if (first !== undefined) this.say(first).catch(() => {});
  }

  get pid(): number {
    return this.#child.pid;
  }

  async say(what: unknown): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
  }

  /** Its next line. Throws where it has ended. */
  async next(): Promise<unknown> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`${this.#what} has ended with ${(await this.#child.status).code}`);
    return JSON.parse(value);
  }

  /** Says something, and gives what is said back. */
  async ask(what: unknown): Promise<unknown> {
    await this.say(what);
    return await this.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.return?.();
    await this.#child.status;
  }
}

/** Whole lines of a stream. */
export async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest: string[] = [];
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const [first = "", ...lines] = text.split("\n");
    rest.push(first);
    if (lines.length === 0) continue;
    yield rest.join("");
    rest = [lines.pop() ?? ""];
    yield* lines;
  }
}
