/** The one Python process that the worker starts, and the socket at which sessions' inits call. */
import { SessionError } from "../types.ts";
import { Calls } from "./calls.ts";
import { type Frame, FrameReader } from "./frames.ts";
import { encodeHeader } from "./frames.ts";
import { bootstrap, MODULES } from "./python.ts";
import type { SandboxHostOptions } from "./types.ts";

export interface Launcher {
  readonly ready: Record<string, unknown>;
  /** Where inits connect to. */
  readonly socket: string;
  readonly calls: Calls;
  /** Resolves with the connection of the init that says `token`. */
  expect(token: string): Promise<{ readonly connection: Deno.Conn; readonly reader: FrameReader }>;
  close(): Promise<void>;
}

/** Starts it. Rejects with `SessionError` where there is no Python, or it does not come up. */
export async function startLauncher(
  options: SandboxHostOptions,
  onEvent: (frame: Frame) => void,
  onEnd: () => void,
): Promise<Launcher> {
  const directory = await Deno.makeTempDir({ prefix: "sandbox-" });
  await Deno.chmod(directory, 0o700);
  const socket = `${directory}/s`;
  const listener = Deno.listen({ transport: "unix", path: socket });
  const expected = new Map<
    string,
    (got: { readonly connection: Deno.Conn; readonly reader: FrameReader }) => void
  >();
  const accepting = accept(listener, expected);
  const ready = Promise.withResolvers<Record<string, unknown>>();
  const child = new Deno.Command(options.python ?? "python3", {
    args: ["-I", "-S", "-E", "-c", bootstrap],
    clearEnv: true,
    env: inherited(),
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const stdout = child.stdout.getReader({ mode: "byob" });
  const first = encodeHeader({ modules: MODULES, options }, 0);
  await writer.write(first);
  const calls = new Calls({
    connection: {
      read: async (into) => {
        const { value } = await stdout.read(new Uint8Array(into.length));
        if (value === undefined || value.length === 0) return null;
        into.set(value);
        return value.length;
      },
      write: async (bytes) => (await writer.write(bytes), bytes.length),
      close: () => void writer.close().catch(() => {}),
    },
    onEvent: (frame) => {
      if (frame.header["event"] === "ready") ready.resolve(frame.header);
      else onEvent(frame);
    },
    onEnd: () => {
      ready.reject(new SessionError("failed", "the sandbox launcher (python3) ended before it was ready"));
      onEnd();
    },
    ended: () =>
      new SessionError("unavailable", "the sandbox launcher ended; it is started anew by the next call"),
  });
  return {
    ready: await ready.promise,
    socket,
    calls,
    expect: (token) => new Promise((resolve) => expected.set(token, resolve)),
    async close() {
      calls.close();
      listener.close();
      await child.status;
      await accepting;
      await Deno.remove(directory, { recursive: true });
    },
  };
}

function inherited(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of ["PATH", "HOME", "PYENV_ROOT", "PYENV_VERSION"]) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

async function accept(
  listener: Deno.Listener,
  expected: Map<string, (got: { readonly connection: Deno.Conn; readonly reader: FrameReader }) => void>,
): Promise<void> {
  for await (const connection of listener) {
    const reader = new FrameReader(connection);
    void reader.next().then((frame) => {
      const token = frame?.header["hello"];
      const resolve = typeof token === "string" ? expected.get(token) : undefined;
      if (resolve === undefined) return connection.close();
      expected.delete(token as string);
      resolve({ connection, reader });
    }, () => connection.close());
  }
}
