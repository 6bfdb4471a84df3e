/** `coder-k8s coordinator` and `coder-k8s worker` as processes of their own, from source or compiled. */

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** One running process. Dispose of it with `await using`. */
export interface SandboxProcess extends AsyncDisposable {
  readonly pid: number;
  /** Exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** Its log, one JSON object a line; lines of standard output besides. */
  readonly lines: readonly string[];
  /** The first line that `look` accepts, now or later; rejects once the process has ended, or after two minutes. */
  line<R>(look: (entry: Record<string, unknown>) => R | undefined, what: string): Promise<R>;
  /** Where a server of it listens: `MCP`, `metrics`, … */
  address(server: string): Promise<string>;
  /** Sends a signal and waits for the end. Resolves to the exit code. */
  stop(signal?: Deno.Signal): Promise<number>;
}

export interface SandboxProcessOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** @default {`CODER_K8S_BINARY`, else from source} */
  readonly binary?: string | undefined;
}

const PATIENCE_MS = 120_000;
const KILL_MS = 60_000;

/** Starts it; does not wait. */
export function startProcess(options: SandboxProcessOptions): SandboxProcess {
  const binary = options.binary ?? Deno.env.get("CODER_K8S_BINARY");
  const [program, prefix] = binary === undefined || binary === ""
    ? [Deno.execPath(), ["run", "-A", "--no-check", `${root}/main.ts`]]
    : [binary, []];
  const child = new Deno.Command(program, {
    args: [...prefix, ...options.args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { ...options.env },
  }).spawn();
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const collected = Promise.all([child.stdout, child.stderr].map((stream) =>
    collect(stream, (line) => {
      lines.push(line);
      for (const wake of [...waiting]) wake();
    })
  ));
  let over = false;
  const ended = child.status.then(async ({ code }) => {
    await collected;
    over = true;
    for (const wake of [...waiting]) wake();
    return code;
  });
  const line: SandboxProcess["line"] = (look, what) =>
    new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        waiting.delete(wake);
      };
      const fail = (why: string) => {
        done();
        reject(
          new Error(`${options.args[0]}: ${why} ${what}; its last lines:\n${lines.slice(-20).join("\n")}`),
        );
      };
      let seen = 0;
      const wake = () => {
        while (seen < lines.length) {
          const found = look(entryOf(lines[seen++]!));
          if (found === undefined) continue;
          done();
          return resolve(found);
        }
        if (over) fail("ended before");
      };
      const timer = setTimeout(() => fail(`waited ${PATIENCE_MS / 1_000} s for`), PATIENCE_MS);
      waiting.add(wake);
      wake();
    });
  const stop = async (signal: Deno.Signal = "SIGTERM") => {
    if (!over) {
      try {
        child.kill(signal);
      } catch {
        // It has just ended by itself.
      }
    }
    const killer = setTimeout(() => over || child.kill("SIGKILL"), KILL_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(killer);
    }
  };
  return {
    pid: child.pid,
    ended,
    lines,
    line,
    address: (server) =>
      line(
        (entry) =>
          entry["msg"] === "listening" && entry["server"] === server ? String(entry["address"]) : undefined,
        `the port of ${server}`,
      ),
    stop,
    [Symbol.asyncDispose]: async () => void await stop(),
  };
}

function entryOf(line: string): Record<string, unknown> {
  try {
    const entry = JSON.parse(line);
    return typeof entry === "object" && entry !== null ? entry : {};
  } catch {
    return { text: line };
  }
}

async function collect(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    parts.forEach(take);
  }
  if (rest !== "") take(rest);
}
