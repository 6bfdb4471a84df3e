/** A program at a pseudo-terminal, and what is seen on it. */
// deno-lint-ignore-file no-control-regex -- what is drawn is read back

export interface PtyOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
  /** @default {`CODER_K8S_BINARY`, else from source} */
  readonly binary?: string | undefined;
  /** Is told what is written, as it comes. */
  readonly onOutput?: (text: string) => void;
}

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const PATIENCE_MS = 180_000;

export class Pty implements AsyncDisposable {
  /** All that was written. */
  output = "";
  /** Exit code, and whether the terminal was left in raw mode. */
  ended: { readonly exit: number; readonly raw: boolean } | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #onOutput: (text: string) => void;
  #wake = () => {};
  #isOver = false;

  constructor({ args, env = {}, columns = 100, rows = 24, binary, onOutput = () => {} }: PtyOptions) {
    this.#onOutput = onOutput;
    const program = binary ?? Deno.env.get("CODER_K8S_BINARY") ?? "";
    const whole = program === ""
      ? [Deno.execPath(), "run", "-A", "--no-check", `${root}/main.ts`]
      : [program];
    this.#child = new Deno.Command("python3", {
      args: [`${root}/tests/ui/terminal.py`, String(columns), String(rows), ...whole, ...args],
      env: { TERM: "xterm-256color", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event = JSON.parse(line);
        if ("exit" in event) this.ended = event;
        else {
          this.output += event.output;
          this.#onOutput(event.output);
        }
      }
      this.#wake();
    }
    this.#isOver = true;
    this.#wake();
  }

  /** What is seen: lines that were drawn since the screen was last cleared, without styles. */
  get screen(): string {
    const from = this.output.lastIndexOf("\x1b[2J");
    const lines: string[] = [];
    for (const part of this.output.slice(from < 0 ? 0 : from).split(/(?=\x1b\[\d+;1H)/)) {
      const at = /^\x1b\[(\d+);1H/.exec(part);
      if (at === null) continue;
      lines[Number(at[1]) - 1] = part.slice(at[0].length).replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").trimEnd();
    }
    return Array.from(lines, (line) => line ?? "").join("\n");
  }

  async until(isSo: (pty: Pty) => boolean, what: string): Promise<void> {
    const timer = setTimeout(() => this.#wake(), PATIENCE_MS);
    const end = performance.now() + PATIENCE_MS;
    try {
      while (!isSo(this)) {
        if (performance.now() >= end) throw new Error(`waited for ${what}; what is seen:\n${this.screen}`);
        if (this.#isOver) throw new Error(`ended before ${what}:\n${this.output.slice(-2_000)}`);
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #command(command: object): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  }

  type(text: string): Promise<void> {
    return this.#command({ type: text });
  }

  resize(columns: number, rows: number): Promise<void> {
    return this.#command({ resize: [columns, rows] });
  }

  signal(number: number): Promise<void> {
    return this.#command({ signal: number });
  }

  /** Resolves when the program has ended. */
  async end(): Promise<{ readonly exit: number; readonly raw: boolean }> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
    await this.#reading;
    clearTimeout(timer);
    if (this.ended === undefined) throw new Error("it did not end");
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.signal(9).catch(() => {});
    await this.#reading;
    await this.#input.close().catch(() => {});
    await this.#child.status;
  }
}
