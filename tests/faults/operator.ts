/** The whole operator in this process, as `main.ts` would run it, with the deadlines of its watches in the test's hand. */
import { runApp, type RunOptions } from "../../src/app/app.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { waitFor } from "../cluster/mod.ts";
import { freePort } from "../operator/process.ts";
import { sampleOf } from "./metrics.ts";

/** One line of the log. */
export interface LogEntry {
  level: string;
  msg: string;
  [field: string]: unknown;
}

/** How it shall run. */
export interface LocalOptions {
  kubeconfig: string;
  /** Flags without their dashes; those of addresses are set. Coder is looked for at its Service, where nobody answers. */
  flags?: Readonly<Record<string, string>>;
  watches?: RunOptions["watches"];
  /** @default {"test"} */
  podName?: string;
}

/** A running operator. Disposing of it ends it in order. */
export interface LocalOperator extends AsyncDisposable {
  /** Everything that it logged, from debug on. */
  readonly entries: readonly LogEntry[];
  /** Resolves or rejects when it has ended. */
  readonly ended: Promise<void>;
  /** Log lines of level error. */
  failures(): LogEntry[];
  /** Waits until `/readyz` answers 200. */
  ready(timeoutMs?: number): Promise<void>;
  readyz(): Promise<{ status: number; body: string }>;
  /** A sample of `/metrics`: the sum of those whose labels match. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  stop(): Promise<void>;
}

/** Starts an operator. Does not wait until it is ready. */
export async function runOperator(options: LocalOptions): Promise<LocalOperator> {
  const [health, metrics] = [await freePort(), await freePort()];
  const flags = {
    app: "controller",
    kubeconfig: options.kubeconfig,
    "health-bind-address": `127.0.0.1:${health}`,
    "metrics-bind-address": `127.0.0.1:${metrics}`,
    // The API server's service proxy needs rights that are optional.
    "coder-access": "direct",
    ...options.flags,
  };
  const { settings, mistakes } = await loadSettings({
    flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value]])),
    environment: {},
    readTextFile: (path) => Deno.readTextFile(path),
  });
  if (settings === undefined) throw new Error(`the test's flags are wrong: ${JSON.stringify(mistakes)}`);
  const entries: LogEntry[] = [];
  const redactor = new Redactor();
  const stopping = new AbortController();
  const log = createLogger({
    level: "debug",
    redactor,
    write: (line) => void entries.push(JSON.parse(line) as LogEntry),
  });
  let over = false;
  const ended = runApp(settings, {
    signal: stopping.signal,
    log,
    redactor,
    environment: { POD_NAMESPACE: "coder-system", POD_NAME: options.podName ?? "test" },
    // The tests' own permissions go on being needed.
    drop: () => Promise.resolve({ dropped: [], kept: [] }),
    ...(options.watches === undefined ? {} : { watches: options.watches }),
  }).finally(() => over = true);
  ended.catch(() => {});
  const stop = async () => {
    stopping.abort(new Error("the test ends the operator"));
    await ended;
  };
  const readyz = async () => {
    const response = await fetch(`http://127.0.0.1:${health}/readyz?verbose`);
    return { status: response.status, body: await response.text() };
  };
  return {
    entries,
    ended,
    failures: () => entries.filter(({ level }) => level === "error"),
    readyz,
    async ready(timeoutMs = 60_000) {
      await waitFor(async () => {
        if (over) await ended;
        const { status, body } = await readyz();
        return status === 200 || Promise.reject(new Error(body));
      }, { what: "the operator to be ready", timeoutMs, intervalMs: 20 });
    },
    async metric(name, labels = {}) {
      const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text();
      return sampleOf(text, name, labels);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
