/** The operator as its own process, from source or compiled, for tests, demo, benchmarks and soak runs. */
import { freePorts } from "../cluster/ports.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** How the operator is started. */
export interface OperatorOptions {
  kubeconfig: string;
  /** @default {"controller"} */
  mode?: string;
  /** A compiled binary; absent means from source. */
  binary?: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** In a process group of its own, so that Ctrl-C on the terminal does not reach it. @default {false} */
  detached?: boolean;
  /** Where its log goes besides memory. */
  onLine?: (line: string) => void;
}

/** One running operator. Dispose of it with `await using`. */
export interface OperatorProcess extends AsyncDisposable {
  readonly pid: number;
  readonly healthUrl: string;
  readonly metricsUrl: string;
  /** Exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** Everything it logged so far, one entry a line. */
  readonly lines: readonly string[];
  /** Resolves when `/readyz` answers 200. @default {timeoutMs: 60_000} */
  ready(timeoutMs?: number): Promise<void>;
  /** Sends a signal and waits for the end. Resolves to the exit code. */
  stop(signal?: "SIGTERM" | "SIGINT" | "SIGKILL", timeoutMs?: number): Promise<number>;
  /** Resident memory in bytes, and its peak, from /proc. */
  memory(): { rss: number; peak: number };
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
}

/** A loopback port of {@linkcode freePorts}. */
export function freePort(): Promise<number> {
  const [port = 0] = freePorts(1);
  return Promise.resolve(port);
}

/** Starts an operator. Does not wait until it is ready. */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const [health, metricsPort] = [await freePort(), await freePort()];
  const { mode = "controller" } = options;
  const ownArgs = options.args ?? [];
  // The standard port is one for all processes of the machine.
  const isMcpSaid = ownArgs.some((arg) => arg.startsWith("--mcp-bind-address="));
  const mcp = mode === "all" && !isMcpSaid ? [`--mcp-bind-address=127.0.0.1:${await freePort()}`] : [];
  // Outside of a cluster it would be the API server's service proxy, which needs rights that are optional.
  const isAccessSaid = ownArgs.some((arg) => arg.startsWith("--coder-access="));
  const args = [
    mode,
    `--kubeconfig=${options.kubeconfig}`,
    ...(isAccessSaid ? [] : ["--coder-access=direct"]),
    `--health-bind-address=127.0.0.1:${health}`,
    `--metrics-bind-address=127.0.0.1:${metricsPort}`,
    "--log-format=json",
    ...mcp,
    ...ownArgs,
  ];
  const [program, prefix] = options.binary === undefined
    ? [Deno.execPath(), ["run", "-A", "--no-check", `${root}/main.ts`]]
    : [options.binary, []];
  const child = new Deno.Command(program, {
    args: [...prefix, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: options.detached ?? false,
    env: { POD_NAMESPACE: "coder-system", ...options.env },
  }).spawn();
  const lines: string[] = [];
  const collected = Promise.all([
    collect(child.stdout, lines, options),
    collect(child.stderr, lines, options),
  ]);
  const ended = child.status.then(async (status) => {
    await collected;
    return status.code;
  });
  let over = false;
  ended.then(() => over = true, () => over = true);
  const healthUrl = `http://127.0.0.1:${health}`;
  const metricsUrl = `http://127.0.0.1:${metricsPort}`;
  const stop = async (signal: Deno.Signal = "SIGTERM", timeoutMs = 40_000) => {
    if (!over) child.kill(signal);
    const killer = setTimeout(() => over || child.kill("SIGKILL"), timeoutMs);
    try {
      return await ended;
    } finally {
      clearTimeout(killer);
    }
  };
  return {
    pid: child.pid,
    healthUrl,
    metricsUrl,
    ended,
    lines,
    ready: (timeoutMs = 60_000) => untilReady(healthUrl, timeoutMs, () => over, lines),
    stop,
    memory: () => readMemory(child.pid),
    metrics: async () => await (await fetch(`${metricsUrl}/metrics`)).text(),
    [Symbol.asyncDispose]: async () => {
      await stop("SIGTERM", 40_000);
    },
  };
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  lines: string[],
  options: OperatorOptions,
): Promise<void> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)
  ) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      lines.push(line);
      options.onLine?.(line);
    }
  }
  if (rest !== "") lines.push(rest);
}

async function untilReady(url: string, timeoutMs: number, over: () => boolean, lines: readonly string[]) {
  const deadline = performance.now() + timeoutMs;
  let last = "no answer yet";
  while (performance.now() < deadline && !over()) {
    try {
      const response = await fetch(`${url}/readyz?verbose`);
      last = await response.text();
      if (response.ok) return;
    } catch (error) {
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const why = over() ? "it has ended" : `not ready after ${timeoutMs} ms: ${last}`;
  throw new Error(`the operator did not become ready: ${why}\n${lines.slice(-30).join("\n")}`);
}

function readMemory(pid: number): { rss: number; peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const field = (name: string) => 1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? "0");
  return { rss: field("VmRSS"), peak: field("VmHWM") };
}
