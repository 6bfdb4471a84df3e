/** The one Python process that the worker starts, and the socket at which the inits of sessions call. */
import type { Logger } from "../../telemetry/logger.ts";
import { SessionError } from "../types.ts";
import { Calls } from "./calls.ts";
import { type Frame, FrameReader } from "./frames.ts";
import { type Ready, readySchema } from "./messages.ts";
import { bootstrap, MODULES } from "./python.ts";
import type { SandboxHostOptions } from "./types.ts";

/** One that has connected, with what it has sent so far. */
export interface InitConnection {
  readonly connection: Deno.Conn;
  readonly reader: FrameReader;
}

export interface Launcher {
  readonly ready: Ready;
  /** Of the process. */
  readonly pid: number;
  /** Where inits connect to. */
  readonly socket: string;
  readonly calls: Calls;
  /** Resolves with the connection of the init that says `token`. Rejects with the reason of `signal`. */
  expect(token: string, signal: AbortSignal): Promise<InitConnection>;
  /** Ends it, and everything that it has started. */
  close(): Promise<void>;
}

/** User namespaces made after the mounts or before them, a /proc of their own, control groups. */
export type Without = "late" | "early" | "proc" | "cgroups";

export interface LauncherHandlers {
  readonly log: Logger;
  readonly without: readonly Without[];
  readonly socketDirectory: string | undefined;
  /** What it tells without being asked. */
  onEvent(frame: Frame): void;
  /** Once. */
  onEnd(): void;
}

/** Milliseconds for it to come up, and to end everything. */
const START_MS = 60_000;
const END_MS = 20_000;
/** What shims of Python installations want to know. Nothing else of the worker's environment gets there. */
const INHERITED = ["PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION", "LANG"];

/** Starts it. Rejects with `SessionError` where there is no Python, or it does not come up. */
export async function startLauncher(
  options: SandboxHostOptions,
  handlers: LauncherHandlers,
  signal: AbortSignal,
): Promise<Launcher> {
  signal.throwIfAborted();
  // A path of its own and short: names of sockets have 107 bytes at most, and nobody else may call here.
  const directory = await Deno.makeTempDir({
    prefix: "sandbox-",
    ...(handlers.socketDirectory === undefined ? {} : { dir: handlers.socketDirectory }),
  });
  const socket = `${directory}/s`;
  let door: Door;
  try {
    await Deno.chmod(directory, 0o700);
    door = new Door(Deno.listen({ transport: "unix", path: socket }));
  } catch (error) {
    await Deno.remove(directory, { recursive: true });
    throw new SessionError(
      "unavailable",
      `the socket of the sandboxes, ${socket}, could not be made: ${
        messageOf(error)
      }. Let TMPDIR name a short path`,
      { cause: error },
    );
  }
  const python = options.python ?? "python3";
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: ["-I", "-S", "-E", "-c", bootstrap],
      clearEnv: true,
      env: inherited(),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    await door.close();
    await Deno.remove(directory, { recursive: true });
    throw new SessionError(
      "unavailable",
      `sandboxes need ${python}, which could not be started: ${
        messageOf(error)
      }. Install Python 3.8 or later, or name it`,
      { cause: error },
    );
  }
  const running = new Running(child, door, directory, socket, handlers);
  try {
    await running.begin(options, handlers.without, signal);
    return running;
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** Hands connections to who waits for them. */
class Door {
  readonly #waiting = new Map<string, (got: InitConnection) => void>();
  readonly #done: Promise<void>;

  constructor(readonly listener: Deno.Listener) {
    this.#done = this.#accept();
  }

  async expect(token: string, signal: AbortSignal): Promise<InitConnection> {
    const got = Promise.withResolvers<InitConnection>();
    const abort = () => got.reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.set(token, got.resolve);
    try {
      return await got.promise;
    } finally {
      this.#waiting.delete(token);
      signal.removeEventListener("abort", abort);
    }
  }

  async close(): Promise<void> {
    this.listener.close();
    await this.#done;
  }

  async #accept(): Promise<void> {
    try {
      for await (const connection of this.listener) void this.#welcome(connection);
    } catch {
      // It was closed.
    }
  }

  async #welcome(connection: Deno.Conn): Promise<void> {
    const reader = new FrameReader(connection);
    const frame = await reader.next().catch(() => undefined);
    const token = frame?.header["hello"];
    const welcome = typeof token === "string" ? this.#waiting.get(token) : undefined;
    if (welcome === undefined) return connection.close();
    welcome({ connection, reader });
  }
}

class Running implements Launcher {
  readonly calls: Calls;
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #complaints: Promise<string>;
  #known: Ready | undefined;
  #cameUp = false;
  #closed: Promise<void> | undefined;

  constructor(
    readonly child: Deno.ChildProcess,
    readonly door: Door,
    readonly directory: string,
    readonly socket: string,
    handlers: LauncherHandlers,
  ) {
    this.#writer = child.stdin.getWriter();
    this.#complaints = readComplaints(child.stderr, handlers.log);
    this.#ready.promise.catch(() => {});
    this.calls = new Calls({
      connection: this.#duplex(),
      onEvent: (frame) => {
        if (frame.header["event"] === "node-root") return this.#ready.reject(nodeRoot());
        if (frame.header["event"] !== "ready") return handlers.onEvent(frame);
        const ready = readySchema.safeParse(frame.header);
        if (ready.success) {
          this.#cameUp = true;
          this.#ready.resolve(ready.data);
        } else {this.#ready.reject(
            new SessionError("internal", `the sandbox launcher says: ${ready.error.message}`),
          );}
      },
      onEnd: () => {
        void this.#complaints.then((text) =>
          this.#ready.reject(
            new SessionError(
              "unavailable",
              `the sandbox launcher ended while it came up. It says: ${text || "nothing"}`,
            ),
          )
        );
        // What did not come up was nobody's yet: whoever starts it hears of it.
        if (this.#cameUp) handlers.onEnd();
      },
      ended: () =>
        new SessionError(
          "unknown_outcome",
          "the sandbox launcher ended in the middle of this; the next call starts it anew",
        ),
    });
  }

  get ready(): Ready {
    return this.#known!;
  }

  get pid(): number {
    return this.child.pid;
  }

  async begin(options: SandboxHostOptions, without: readonly Without[], signal: AbortSignal): Promise<void> {
    // Only what it knows: the rest is the worker's.
    const { directory, allowUnisolated, uids, readOnlyPaths, environment, network, forwards } = options;
    const { refusesNodeRoot = false } = options;
    this.calls.send({
      modules: MODULES,
      options: {
        directory,
        allowUnisolated,
        refusesNodeRoot,
        uids,
        readOnlyPaths,
        environment,
        network,
        forwards,
        without,
        socket: this.socket,
      },
    });
    const late = AbortSignal.any([signal, AbortSignal.timeout(START_MS)]);
    const abort = () => this.#ready.reject(late.reason);
    late.addEventListener("abort", abort, { once: true });
    try {
      this.#known = await this.#ready.promise;
    } finally {
      late.removeEventListener("abort", abort);
    }
  }

  expect(token: string, signal: AbortSignal): Promise<InitConnection> {
    return this.door.expect(token, signal);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.calls.close();
    const timer = setTimeout(() => {
      try {
        this.child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }, END_MS);
    await this.child.status;
    clearTimeout(timer);
    await this.door.close();
    await this.#complaints;
    await Deno.remove(this.directory, { recursive: true }).catch(() => {});
  }

  #duplex() {
    const stdout = this.child.stdout.getReader({ mode: "byob" });
    const writer = this.#writer;
    return {
      read: async (into: Uint8Array) => {
        const { value } = await stdout.read(new Uint8Array(into.length));
        if (value === undefined || value.length === 0) return null;
        into.set(value);
        return value.length;
      },
      write: async (bytes: Uint8Array) => {
        await writer.write(bytes);
        return bytes.length;
      },
      close: () => {
        // The end of its input is what it waits for.
        writer.close().catch(() => {});
        stdout.cancel().catch(() => {});
      },
    };
  }
}

function nodeRoot(): SessionError {
  return new SessionError(
    "unavailable",
    "this process is root of its node, with CAP_SYS_ADMIN: whoever gets out of a session would own the node. The pod was " +
      "given no user namespace of its own: does it say hostUsers: false, and does the cluster know that (Kubernetes 1.33, or " +
      "1.30 with the feature gate UserNamespacesSupport; older ones drop it without a word), its container runtime, too " +
      "(containerd 2.0, CRI-O 1.25; Linux 6.3)? On other clusters take SYS_ADMIN away, or run it as another user. Where the " +
      "pod is a virtual machine (Kata Containers), start it with --allow-node-root",
  );
}

function inherited(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

/** What it writes to its error stream: of tracebacks, the end. */
async function readComplaints(stream: ReadableStream<Uint8Array>, log: Logger): Promise<string> {
  let text = "";
  try {
    for await (
      const chunk of stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    ) {
      text = (text + chunk).slice(-4_096);
      log.warn("the sandbox launcher says", { text: chunk.slice(0, 4_096) });
    }
  } catch {
    // It was closed.
  }
  return text.trim();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
