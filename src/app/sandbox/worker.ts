/** `coder-k8s worker`: dials its coordinator, and carries out what it is given, until it is told to stop. */
import { parseCoordinatorAddresses } from "../../sessions/wire/coordinator_address.ts";
import { isProxied } from "../../sessions/wire/look_up.ts";
import { createWorkerLinks, type WorkerLinks } from "../../sessions/wire/many_coordinators.ts";
import type { Health } from "../../telemetry/health.ts";
import { whenAborted } from "../../telemetry/clock.ts";
import type { RunOptions } from "../app.ts";
import { listen } from "../listen.ts";
import { dropPermissions } from "../permissions.ts";
import { realSystem, runToEnd, type StartNotes } from "../process.ts";
import { buildInfo } from "../version.ts";
import type { WorkerConfig } from "./config.ts";
import { Ends } from "./ends.ts";
import { isInPod } from "./in_pod.ts";
import { openObserved } from "./observed.ts";
import { openWorkerCore } from "./worker_core.ts";
import { forgetSecrets, openWorkerTokens, workerTls } from "./worker_tokens.ts";

/** Runs it as the process. Resolves to the exit code. */
export function runWorker(config: WorkerConfig, notes: StartNotes): Promise<number> {
  // What sessions run is started by this process, and must not find them.
  forgetSecrets();
  return runToEnd(config, notes, realSystem(serveWorker));
}

/** Serves until `signal` aborts; then it takes no new sessions, finishes what it has, and says farewell. */
export async function serveWorker(config: WorkerConfig, options: RunOptions): Promise<void> {
  const { signal, log, redactor, drop = dropPermissions } = options;
  const { version, commit } = buildInfo();
  log.info("starting", { mode: "worker", version, commit, worker: config.workerId });
  if (config.workspace !== undefined) {
    log.info("sessions run in this Coder workspace, as its user", { found_by: config.workspace.foundBy });
  }
  const tokens = await openWorkerTokens(config, { log, redactor });
  await using ends = new Ends();
  const { metrics, health, tracer } = openObserved(config, options, "coder-k8s-worker", ends);
  let links: WorkerLinks | undefined;
  health.add("readiness", "coordinator", () => {
    const { connected, known } = links?.count ?? { connected: 0, known: 0 };
    return connected > 0 ? "" : `connected to 0 of ${known} coordinators: one is enough`;
  });
  if (config.healthBindAddress !== null) {
    const handler = (request: Request) => healthAnswer(health, request);
    const server = listen({ name: "health probes", address: config.healthBindAddress, handler, log });
    ends.add("health probes", () => server.close());
  }
  await drop("worker", undefined, true);
  // Wrong ones are told before anything is made.
  const coordinators = parseCoordinatorAddresses(config.coordinator, config.insecure);
  const forbidden = coordinators.map(({ hostname }) => hostname);
  const context = { log, metrics, tracer, signal };
  const core = config.workspace === undefined
    ? await openWorkerCore(
      { ...config, forbidden },
      { ...context, isInPod: isInPod(options.environment) },
      ends,
    )
    : await (await import("./workspace_core.ts")).openWorkspaceCore(config, context, ends);
  const client = links = createWorkerLinks({
    workerId: config.workerId,
    urls: config.coordinator,
    allowInsecure: config.insecure,
    token: tokens,
    isProxied: isProxied((name) => options.environment[name]),
    tls: () => workerTls(config),
    hello: core.hello,
    executor: core.executor,
    heartbeatMs: config.heartbeatInterval,
    drainMs: config.shutdownTimeout,
    log,
    metrics,
  });
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
