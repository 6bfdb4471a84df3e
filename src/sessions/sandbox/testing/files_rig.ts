/** For tests: operations on files, on the real Python, without a sandbox around them. */
import { SessionError, type SessionErrorCode } from "../../types.ts";
import { Calls } from "../calls.ts";
import { encodeHeader } from "../frames.ts";
import { bootstrap, MODULES } from "../python.ts";
import driver from "./driver.py" with { type: "text" };

export interface FilesRigOptions {
  /** With `openat2`, or walking by hand. @default true */
  readonly beneath?: boolean;
  /** @default true */
  readonly isolated?: boolean;
  /** Whom it runs as; the session's directory is theirs. */
  readonly uid?: number;
  readonly diskBytes?: number;
  /** @default 60_000 */
  readonly timeoutMs?: number;
}

export interface FileCallOptions {
  /** What is left of the disk. */
  readonly free?: number;
  /** In a child, with its limits, as long operations are. */
  readonly fork?: boolean;
}

/** The modules that the operations consist of, and what drives them here. */
const NEEDED = ["frames", "paths", "globs", "walks", "writes", "edits", "search", "tars", "archive", "files"];

export class FilesRig implements AsyncDisposable {
  readonly #calls: Calls;
  readonly #child: Deno.ChildProcess;
  readonly #options: FilesRigOptions;

  private constructor(
    /** The session's directory. */
    readonly root: string,
    /** What lies beside it, and must not be reached. */
    readonly outside: string,
    readonly spool: string,
    readonly base: string,
    options: FilesRigOptions,
  ) {
    this.#options = options;
    this.#child = new Deno.Command("python3", {
      args: ["-I", "-S", "-E", "-B", "-c", bootstrap],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const writer = this.#child.stdin.getWriter();
    const reader = this.#child.stdout.getReader();
    let rest = new Uint8Array();
    this.#calls = new Calls({
      connection: {
        async read(into) {
          if (rest.length === 0) {
            const { done, value } = await reader.read();
            if (done) return null;
            rest = value;
          }
          const count = Math.min(rest.length, into.length);
          into.set(rest.subarray(0, count));
          rest = rest.subarray(count);
          return count;
        },
        async write(bytes) {
          await writer.write(bytes);
          return bytes.length;
        },
        close() {
          writer.close().catch(() => {});
        },
      },
      onEvent: () => {},
      onEnd: () => {},
      ended: () => new Error("the driver of file operations ended"),
    });
    const first = encodeHeader({
      modules: { ...Object.fromEntries(NEEDED.map((name) => [name, MODULES[name]])), launcher: driver },
      options: {
        root,
        spool,
        uid: options.uid ?? null,
        beneath: options.beneath ?? true,
        limits: { disk_bytes: options.diskBytes ?? 2 ** 30, isolated: options.isolated ?? true },
      },
    }, 0);
    writer.write(first).catch(() => {});
  }

  static async open(options: FilesRigOptions = {}): Promise<FilesRig> {
    const base = await Deno.realPath(await Deno.makeTempDir({ prefix: "files-" }));
    const [root, outside, spool] = [`${base}/workspace`, `${base}/outside`, `${base}/spool`];
    for (const each of [root, outside, spool]) await Deno.mkdir(each);
    await Deno.chmod(base, 0o755);
    if (options.uid !== undefined) {
      for (const each of [root, spool]) await Deno.chown(each, options.uid, options.uid);
    }
    return new FilesRig(root, outside, spool, base, options);
  }

  /** One operation, as `Sandbox.file`. Rejects with `SessionError`. */
  async file(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body?: Uint8Array | string,
    { free, fork }: FileCallOptions = {},
  ): Promise<{ output: Record<string, unknown>; body: Uint8Array }> {
    const header = {
      op: "file",
      name: op,
      input,
      ...(free === undefined ? {} : { limits: { disk_free: free } }),
      ...(fork ? { fork } : {}),
    };
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const frame = await this.#call(header, bytes);
    return { output: frame.header["output"] as Record<string, unknown>, body: frame.body };
  }

  /** Runs Python there: `argument` is what is given, `result` what comes back, `root_fd` and `limits` are there. */
  async python(code: string, argument: unknown = null): Promise<unknown> {
    const { header } = await this.#call({ op: "python", code, argument });
    return (header["output"] as Record<string, unknown>)["result"];
  }

  /** The text of a file below the session's directory, by another way than the one under test. */
  text(path: string): Promise<string> {
    return Deno.readTextFile(`${this.root}/${path}`);
  }

  /** What kind of error it rejects with, and the message: `forbidden: …`. */
  async refusal(
    op: string,
    input: Readonly<Record<string, unknown>>,
    body?: Uint8Array | string,
    options?: FileCallOptions,
  ): Promise<string> {
    try {
      await this.file(op, input, body, options);
    } catch (error) {
      if (error instanceof SessionError) return `${error.code}: ${error.message}`;
      throw error;
    }
    throw new Error(`${op} ${JSON.stringify(input)} was not refused`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calls.close();
    // What it waits for now is the end of its input.
    await this.#child.status;
    await new Deno.Command("chmod", { args: ["-R", "u+rwX", this.base] }).output();
    await Deno.remove(this.base, { recursive: true });
  }

  async #call(header: Readonly<Record<string, unknown>>, body?: Uint8Array) {
    const frame = await this.#calls.call(
      header,
      body,
      AbortSignal.timeout(this.#options.timeoutMs ?? 60_000),
    );
    const { error, message } = frame.header;
    if (error !== undefined) throw new SessionError(error as SessionErrorCode, String(message));
    return frame;
  }
}
