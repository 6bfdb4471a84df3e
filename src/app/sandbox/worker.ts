/** `coder-k8s worker`: dials its coordinator, and carries out what it is given, until it is told to stop. */
import { createWorkerClient } from "../../sessions/wire/client.ts";
import { parseCoordinatorAddress } from "../../sessions/wire/coordinator_address.ts";
import type { ClientTls } from "../../sessions/wire/tls.ts";
import type { Health } from "../../telemetry/health.ts";
import { whenAborted } from "../../telemetry/clock.ts";
import type { RunOptions } from "../app.ts";
import { listen } from "../listen.ts";
import { dropPermissions } from "../permissions.ts";
import { realSystem, runToEnd, type StartNotes } from "../process.ts";
import { buildInfo } from "../version.ts";
import type { WorkerConfig } from "./config.ts";
import { Ends } from "./ends.ts";
import { openObserved } from "./observed.ts";
import { openWorkerCore } from "./worker_core.ts";

/** Runs it as the process. Resolves to the exit code. */
export function runWorker(config: WorkerConfig, notes: StartNotes): Promise<number> {
  return runToEnd(config, notes, realSystem(serveWorker));
}

/** Serves until `signal` aborts; then it takes no new sessions, finishes what it has, and says farewell. */
export async function serveWorker(config: WorkerConfig, options: RunOptions): Promise<void> {
  const { signal, log, redactor, drop = dropPermissions } = options;
  const { version, commit } = buildInfo();
  log.info("starting", { mode: "worker", version, commit, worker: config.workerId });
  const token = await tokenOf(config);
  redactor.add(await token());
  await using ends = new Ends();
  const { metrics, health, tracer } = openObserved(config, options, "coder-k8s-worker", ends);
  let isConnected = () => false;
  health.add("readiness", "coordinator", () => isConnected() ? "" : "the coordinator is not connected");
  if (config.healthBindAddress !== null) {
    const handler = (request: Request) => healthAnswer(health, request);
    const server = listen({ name: "health probes", address: config.healthBindAddress, handler, log });
    ends.add("health probes", () => server.close());
  }
  await drop("worker", undefined, true);
  // Wrong ones are told before anything is made.
  const coordinator = parseCoordinatorAddress(config.coordinator, config.insecure);
  const core = await openWorkerCore(
    { ...config, forbidden: [coordinator.hostname] },
    { log, metrics, tracer, signal },
    ends,
  );
  const client = createWorkerClient({
    workerId: config.workerId,
    url: config.coordinator,
    allowInsecure: config.insecure,
    token,
    tls: () => tlsOf(config),
    hello: core.hello,
    executor: core.executor,
    heartbeatMs: config.heartbeatInterval,
    drainMs: config.shutdownTimeout,
    log,
    metrics,
  });
  isConnected = () => client.isConnected;
  const stop = new AbortController();
  const running = client.run(stop.signal);
  try {
    await Promise.race([running, whenAborted(signal)]);
    health.startDraining();
    client.drain();
    await running;
  } finally {
    stop.abort();
  }
}

/** `/health`, as the documents have it, is `/healthz`; `/ready` is `/readyz`. */
export function healthAnswer(health: Health, request: Request): Response {
  const url = new URL(request.url);
  const path = { "/health": "/healthz", "/ready": "/readyz" }[url.pathname];
  if (path !== undefined) url.pathname = path;
  return health.handler(new Request(url, { method: request.method }));
}

/** The token, read anew each time where it is in a file: it may be replaced. */
async function tokenOf({ token, tokenFile }: WorkerConfig): Promise<() => Promise<string>> {
  const read = async () => {
    if (token !== undefined) return token;
    if (tokenFile === undefined) throw new Error("A worker needs --token-file, or WORKER_TOKEN.");
    try {
      return (await Deno.readTextFile(tokenFile)).trim();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`--token-file: ${tokenFile} cannot be read: ${why}`, { cause });
    }
  };
  await read();
  return read;
}

async function tlsOf({ caFile, certFile, keyFile }: WorkerConfig): Promise<ClientTls> {
  const read = (file: string | undefined) =>
    file === undefined ? Promise.resolve(undefined) : Deno.readTextFile(file);
  const [caPem, certPem, keyPem] = await Promise.all([read(caFile), read(certFile), read(keyFile)]);
  return { caPem, certPem, keyPem };
}
