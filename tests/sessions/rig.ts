/** A coordinator with workers of its own, as processes, and official MCP clients of several callers. */
import { mintWorkerToken, parseWorkerKeys } from "../../src/sessions/wire/worker_tokens.ts";
import { type ClientKind, type ConnectedClient, LATEST } from "../mcp/clients.ts";
import { type SandboxProcess, startProcess } from "./process.ts";

export const CALLERS = {
  ann: "ann-0123456789abcdef",
  bob: "bob-0123456789abcdef",
  root: "root-0123456789abcdef",
};
export type CallerName = keyof typeof CALLERS;

export interface RigOptions {
  /** Flags of the coordinator besides those that the rig needs. */
  readonly args?: readonly string[];
  /** The coordinator has a worker in its own process. @default {false} */
  readonly embedded?: boolean;
  /** Ids of workers that are started at once. @default {["w1"]}, none where one is embedded */
  readonly workers?: readonly string[];
  /** Flags of each of them. */
  readonly workerArgs?: readonly string[];
  /** Variables of all of them. */
  readonly env?: Readonly<Record<string, string>>;
  readonly binary?: string | undefined;
}

export interface SandboxRig extends AsyncDisposable {
  readonly coordinator: SandboxProcess;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** A directory of the rig's own, gone at its end. */
  readonly directory: string;
  /** Where a worker has its sessions. */
  workspaces(id: string): string;
  worker(id: string): SandboxProcess;
  /** Starts one, and waits until the coordinator has it. */
  startWorker(id: string, args?: readonly string[]): Promise<SandboxProcess>;
  client(caller?: CallerName, kind?: ClientKind): Promise<ConnectedClient>;
  /** A GET, as a caller. */
  get(path: string, caller?: CallerName): Promise<{ readonly status: number; readonly text: string }>;
  /** The text of the coordinator's `/metrics`. */
  metrics(): Promise<string>;
}

export const KEY = "a key of the tests that is long enough for anybody";

/** Starts it, and waits until all its workers are there. */
export async function startRig(options: RigOptions = {}): Promise<SandboxRig> {
  const { embedded = false, binary } = options;
  const directory = await Deno.makeTempDir({ prefix: "coder-k8s-sessions-" });
  const file = async (name: string, text: string) => {
    await Deno.writeTextFile(`${directory}/${name}`, text);
    return `${directory}/${name}`;
  };
  const keys = await file("keys", KEY);
  const tokens = await file(
    "tokens",
    Object.entries(CALLERS).map(([name, token]) => `${name} ${token}\n`).join(""),
  );
  const workspaces = (id: string) => `${directory}/workspaces-${id}`;
  const coordinator = startProcess({
    binary,
    env: options.env,
    args: [
      "coordinator",
      "--bind-address=127.0.0.1:0",
      "--metrics-bind-address=127.0.0.1:0",
      "--debug-bind-address=0",
      "--log-format=json",
      `--auth-token-file=${tokens}`,
      "--admins=root",
      ...(embedded
        ? [
          "--embedded-worker",
          `--workspaces-dir=${workspaces("embedded")}`,
          `--cache-dir=${directory}/cache-embedded`,
        ]
        : ["--grpc-bind-address=127.0.0.1:0", `--worker-key-file=${keys}`]),
      ...(options.args ?? []),
    ],
  });
  const running = new Map<string, SandboxProcess>();
  const startWorker = async (id: string, args: readonly string[] = []) => {
    const token = await mintWorkerToken(parseWorkerKeys(KEY), {
      workerId: id,
      ttlMs: 3_600_000,
      now: Date.now(),
    });
    const worker = startProcess({
      binary,
      env: { ...options.env, WORKER_TOKEN: token },
      args: [
        "worker",
        `--coordinator=http://${await workersPort(coordinator)}`,
        `--worker-id=${id}`,
        "--health-bind-address=127.0.0.1:0",
        "--metrics-bind-address=127.0.0.1:0",
        "--log-format=json",
        `--workspaces-dir=${workspaces(id)}`,
        `--cache-dir=${directory}/cache-${id}`,
        ...(options.workerArgs ?? []),
        ...args,
      ],
    });
    running.set(id, worker);
    await untilReady(`http://${await worker.address("health probes")}/ready`, worker);
    return worker;
  };
  try {
    const url = `http://${await coordinator.address("MCP")}`;
    const workers = options.workers ?? (embedded ? [] : ["w1"]);
    await Promise.all(workers.map((id) => startWorker(id)));
    const metricsUrl = `http://${await coordinator.address("metrics")}/metrics`;
    return {
      coordinator,
      url,
      directory,
      workspaces,
      startWorker,
      worker: (id) => running.get(id)!,
      client: (caller = "ann", kind = LATEST) => kind.connect({ url: `${url}/mcp`, token: CALLERS[caller] }),
      async get(path, caller) {
        const headers: Record<string, string> = caller === undefined
          ? {}
          : { authorization: `Bearer ${CALLERS[caller]}` };
        const answer = await fetch(`${url}${path}`, { headers });
        return { status: answer.status, text: await answer.text() };
      },
      metrics: async () => await (await fetch(metricsUrl)).text(),
      [Symbol.asyncDispose]: () => end(running, coordinator, directory),
    };
  } catch (error) {
    await end(running, coordinator, directory);
    throw error;
  }
}

async function end(
  running: ReadonlyMap<string, SandboxProcess>,
  coordinator: SandboxProcess,
  directory: string,
): Promise<void> {
  await Promise.all([...running.values()].map((worker) => worker.stop()));
  await coordinator.stop();
  await Deno.remove(directory, { recursive: true });
}

/** Where workers dial. */
export function workersPort(coordinator: SandboxProcess): Promise<string> {
  return coordinator.line(
    ({ msg, address }) => msg === "listening for workers" ? String(address) : undefined,
    "the port of workers",
  );
}

/** Waits until a probe answers 200. */
export async function untilReady(url: string, process: SandboxProcess): Promise<void> {
  const until = performance.now() + 60_000;
  let last = "";
  while (performance.now() < until) {
    const answer = await fetch(url);
    last = await answer.text();
    if (answer.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} was not ready for 60 s: ${last}\n${process.lines.slice(-20).join("\n")}`);
}
