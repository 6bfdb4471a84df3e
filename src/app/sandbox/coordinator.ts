/** `coder-k8s coordinator`: sandbox sessions for MCP clients, on workers that dial in. Needs no Kubernetes. */
import { hostname } from "node:os";
import { answerRedaction } from "../../mcp/answers/redacted.ts";
import { openAuditLog } from "../../mcp/audit/mod.ts";
import { createMcpEndpoint } from "../../mcp/http/endpoint.ts";
import { serveMcpStdio } from "../../mcp/stdio.ts";
import type { ServingWorld } from "../../mcp/surface.ts";
import { testClientCertificates } from "../../identity/mod.ts";
import { whenAborted } from "../../telemetry/clock.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import type { RunOptions } from "../app.ts";
import { proveRuntime } from "../aggregated/server.ts";
import { listen } from "../listen.ts";
import type { StdioStreams } from "../mcp/stdio.ts";
import { readyAnswer } from "../mcp/ready.ts";
import { tlsFiles } from "../mcp/tls_files.ts";
import { dropPermissions } from "../permissions.ts";
import { realSystem, runToEnd, type StartNotes } from "../process.ts";
import { buildInfo } from "../version.ts";
import { coordinatorAdmission, everybody, ownCoders } from "./admission.ts";
import { openCoderWay } from "./coder_way.ts";
import type { CoordinatorConfig } from "./config.ts";
import { openCoordinatorCore } from "./coordinator_core.ts";
import { debugReport } from "./debug_report.ts";
import { debugSessions } from "./debug_sessions.ts";
import { Ends } from "./ends.ts";
import { isInPod } from "./in_pod.ts";
import { openObserved } from "./observed.ts";
import { openSessionStore } from "./session_store.ts";
import { sandboxSurface } from "./surface.ts";
import { coordinatorUi } from "./ui.ts";

/** Runs it as the process. Resolves to the exit code. */
export function runCoordinator(config: CoordinatorConfig, notes: StartNotes): Promise<number> {
  return runToEnd(config, notes, realSystem(serveCoordinator));
}

/** Serves until `signal` aborts, or over stdio until the client closes its end. */
export async function serveCoordinator(
  config: CoordinatorConfig,
  options: RunOptions,
  streams: StdioStreams = { input: Deno.stdin.readable, output: Deno.stdout.writable },
): Promise<void> {
  const { signal, log, redactor, drop = dropPermissions } = options;
  const { version, commit } = buildInfo();
  log.info("starting", { mode: "coordinator", version, commit });
  await using ends = new Ends();
  const { metrics, health, tracer } = openObserved(config, options, "coder-k8s-coordinator", ends);
  const coder = openCoderWay(config, metrics);
  if (coder !== undefined) ends.add("connections to Coder", () => coder.close());
  const callers = { coder, redactor, log, metrics };
  const admission = config.stdio
    ? everybody(await ownCoders(config, callers))
    : await coordinatorAdmission(config, callers);
  // What it is called cannot be asked once the permissions are gone.
  const replica = hostname();
  const writes = config.embeddedWorker !== undefined || config.dataDir !== undefined ||
    !["-", "off"].includes(config.auditLog);
  await drop(config.embeddedWorker === undefined ? "coordinator" : "worker", undefined, writes);
  const stores = await openSessionStore(config, { log, metrics, redactor, signal });
  ends.add("the session store", () => stores.close());
  const { secrets } = stores;
  health.add("readiness", "session store", () => stores.health() ?? "");
  ends.run("keys", (ended) => Promise.all(secrets.runnables.map((runnable) => runnable.run(ended))));
  await secrets.whenReady(signal);
  const core = await openCoordinatorCore(
    { ...config, inWorkspaces: coder !== undefined },
    { stores, log, metrics, tracer, redactor, coder, signal, isInPod: isInPod(options.environment) },
    ends,
  );
  // Standard output belongs to the protocol where that is how the client talks.
  const audit = config.stdio && config.auditLog === "-"
    ? { write: (record: object) => log.info("call", { ...record }), close: () => Promise.resolve() }
    : openAuditLog(config.auditLog, { redactor, log, metrics });
  ends.add("records of calls", () => audit.close());
  const redaction = answerRedaction(redactor);
  const ui = coordinatorUi(core.sessions, { config, replica, redaction, metrics, log });
  const world: ServingWorld = {
    surface: sandboxSurface(core.sessions, config),
    plans: secrets.plans,
    keys: secrets.keys,
    audit: ui.audit(audit.write),
    redaction,
  };
  if (config.debugBindAddress !== null) {
    const handler = debugReport({
      activity: core.activity,
      isOpen: !isLoopback(config.debugBindAddress.hostname),
    });
    try {
      const server = listen({ name: "debug reports", address: config.debugBindAddress, handler, log });
      ends.add("debug reports", () => server.close());
    } catch (error) {
      // Two of them on one machine want the same port by default.
      log.warn("there are no debug reports", { error });
    }
  }
  // A call may wait as long as a task may take; its own deadline comes first.
  const deadlineMs = config.taskTimeout + 10_000;
  if (config.stdio) {
    const admitted = await admission.admit(
      { headers: new Headers(), rawHeaders: [], peer: undefined },
      signal,
    );
    if ("refusal" in admitted) throw new Error(admitted.refusal.message);
    return await serveMcpStdio(world, admitted.visitor, { ...streams, signal, deadlineMs, tracer, log });
  }
  if (config.auth.includes("proxy")) await proveRuntime(testClientCertificates, signal);
  const tls = tlsFiles(config, admission, log);
  if (tls !== undefined) {
    ends.run("certificate of MCP", (ended) => tls.runnable.run(ended));
    await tls.whenReady(signal);
  }
  const endpoint = createMcpEndpoint({
    world,
    address: config.bindAddress,
    admit: admission.admit,
    tls: tls?.source,
    ready: () => readyAnswer(health),
    ...(admission.resource === undefined ? {} : { resourceMetadata: admission.resource.document }),
    pages: ui.pages,
    documents: new Map([["/debug/sessions", debugSessions(core.sessions, config)]]),
    allowedHosts: config.mcpAllowedHosts,
    allowedOrigins: config.mcpAllowedOrigins,
    rate: config.mcpRateLimit,
    burst: config.mcpRateBurst,
    maxBodyBytes: config.mcpMaxBody,
    streamLimits: { all: config.mcpMaxStreams },
    deadlineMs,
    legacySse: config.mcpLegacySse,
    metrics,
    tracer,
    log,
  });
  try {
    await endpoint.listen();
    await whenAborted(signal);
    health.startDraining();
    await endpoint.drain(config.shutdownTimeout);
  } finally {
    await endpoint.close();
  }
}
