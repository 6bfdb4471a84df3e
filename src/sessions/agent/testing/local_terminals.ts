/** For tests: terminals on real pseudo-terminals of this machine, which break and fall silent when a test says so. */
import type { Terminal, TerminalEnd } from "../../../coder/terminal.ts";
import program from "./pty.py" with { type: "text" };

export interface LocalTerminalsOptions {
  /** The agent's directory, and home of its user. @default {a new one, removed with the terminals} */
  readonly home?: string | undefined;
  /** The user's login shell. @default {"sh"} */
  readonly shell?: string | undefined;
  /** Besides `HOME` and `PATH`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Where programs are found. @default {that of this process} */
  readonly path?: string | undefined;
}

/** One terminal, and what a test does to it. */
export interface LocalTerminal extends Terminal {
  /** How many bytes came out of it so far, and how many characters were typed. */
  readonly seen: { readonly out: number; readonly typed: number };
  /** The connection breaks: the command goes on, and nobody sees it. */
  cut(): void;
  /** Breaks after so many more bytes have come out, in the middle of whatever that is. */
  cutAfter(bytes: number): void;
  /** Nothing more comes out of it, and what is typed goes nowhere; nobody is told. */
  freeze(): void;
  /** The agent has ended: the command is hung up. */
  hangUp(): void;
}

/** A workspace of this machine. */
export interface LocalTerminals extends AsyncDisposable {
  readonly home: string;
  /** All that were opened, in order. */
  readonly opened: readonly LocalTerminal[];
  open(command: string, signal: AbortSignal): Promise<LocalTerminal>;
  /** Ends all terminals, as where the agent ends. */
  hangUp(): Promise<void>;
}

export async function localTerminals(options: LocalTerminalsOptions = {}): Promise<LocalTerminals> {
  const home = options.home ?? await Deno.realPath(await Deno.makeTempDir({ prefix: "workspace-" }));
  const opened: Opened[] = [];
  const hangUp = async () => {
    for (const terminal of opened) terminal.hangUp();
    await Promise.all(opened.map((terminal) => terminal.ended));
  };
  return {
    home,
    opened,
    open(command, signal) {
      signal.throwIfAborted();
      const terminal = new Opened(options, home, command);
      opened.push(terminal);
      return Promise.resolve(terminal);
    },
    hangUp,
    async [Symbol.asyncDispose]() {
      await hangUp();
      if (options.home === undefined) {
        await new Deno.Command("chmod", { args: ["-R", "u+rwX", home] }).output();
        // What was begun in it may write there until its end.
        for (let attempt = 0;; attempt++) {
          try {
            return await Deno.remove(home, { recursive: true });
          } catch (error) {
            if (error instanceof Deno.errors.NotFound) return;
            if (attempt > 600) throw error;
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
        }
      }
    },
  };
}

class Opened implements LocalTerminal {
  readonly reconnect = crypto.randomUUID();
  readonly seen = { out: 0, typed: 0 };
  readonly output: ReadableStream<Uint8Array>;
  readonly ended: Promise<unknown>;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #closed = Promise.withResolvers<TerminalEnd>();
  #show: ReadableStreamDefaultController<Uint8Array> | undefined;
  #room = Promise.withResolvers<void>();
  #left = Infinity;
  #isFrozen = false;

  constructor(options: LocalTerminalsOptions, home: string, command: string) {
    this.#child = new Deno.Command("python3", {
      args: ["-I", "-S", "-c", program, options.shell ?? "sh", command],
      cwd: home,
      clearEnv: true,
      env: { HOME: home, PATH: options.path ?? Deno.env.get("PATH") ?? "/usr/bin:/bin", ...options.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.output = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#show = controller),
      pull: () => this.#room.resolve(),
      cancel: () => this.close(),
    }, { highWaterMark: 65_536, size: (chunk) => chunk.length });
    this.ended = Promise.all([this.#read(), this.#child.status]);
  }

  get closed(): Promise<TerminalEnd> {
    return this.#closed.promise;
  }

  async type(text: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#show === undefined) throw new Error("the terminal is closed");
    const bytes = new TextEncoder().encode(text);
    this.seen.typed += bytes.length;
    if (!this.#isFrozen) await this.#writer.write(bytes);
  }

  close(): void {
    this.#end({ code: 1000, reason: "" });
  }

  cut(): void {
    this.#end({ code: 1006, reason: "" });
  }

  cutAfter(bytes: number): void {
    this.#left = bytes;
    if (bytes <= 0) this.cut();
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  hangUp(): void {
    this.#isFrozen = false;
    this.#writer.close().catch(() => {});
    this.#end({ code: 1000, reason: "" });
  }

  #end(end: TerminalEnd): void {
    const show = this.#show;
    if (show === undefined) return;
    this.#show = undefined;
    this.#room.resolve();
    try {
      show.close();
    } catch {
      // Its reader has let go of it.
    }
    this.#closed.resolve(end);
  }

  /** Reads on after the end, as Coder does: the command must not wait for those who look. */
  async #read(): Promise<void> {
    for await (const chunk of this.#child.stdout) {
      const show = this.#show;
      if (this.#isFrozen || show === undefined) continue;
      const bytes = chunk.subarray(0, Math.min(chunk.length, this.#left));
      this.seen.out += bytes.length;
      this.#left -= bytes.length;
      show.enqueue(bytes);
      if (this.#left <= 0) {
        this.cut();
        continue;
      }
      while (this.#show !== undefined && (show.desiredSize ?? 0) <= 0) {
        this.#room = Promise.withResolvers();
        await this.#room.promise;
      }
    }
    this.#end({ code: 1000, reason: "" });
  }
}
