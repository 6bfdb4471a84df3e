/** The composition root: makes one of everything, gives it to the parts of the mode, runs them to the end. */
import { hostname } from "node:os";
import type { ClusterConnection } from "../kube/config/connection.ts";
import { loadKubeConfig } from "../kube/config/kube_config.ts";
import { leaseNamespace, newIdentity } from "../kube/lease/lease_names.ts";
import { createRestClient } from "../kube/rest/rest_client.ts";
import { createReviewer } from "../kube/reviews.ts";
import { createSharedCache, type SharedCacheOptions } from "../kube/cache/shared_cache.ts";
import { createManager } from "../reconciler/manager.ts";
import { Health } from "../telemetry/health.ts";
import type { HttpServer } from "../telemetry/http_server.ts";
import type { Logger } from "../telemetry/logger.ts";
import { LoopMonitor } from "../telemetry/loop_monitor.ts";
import { metricsHandler } from "../telemetry/metrics_endpoint.ts";
import { registerProcessMetrics } from "../telemetry/process_metrics.ts";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import { coderAccess } from "./coder_calls.ts";
import type { Config } from "./config.ts";
import { listen } from "./listen.ts";
import { scrapeAuthorizer } from "./metrics_access.ts";
import { writesAuditFile } from "./mcp_config.ts";
import { partsOf } from "./modes.ts";
import type { Core, Part } from "./part.ts";
import { dropPermissions } from "./permissions.ts";
import { logReadiness } from "./readiness_log.ts";
import { registerBuild } from "./build_metric.ts";
import { buildInfo } from "./version.ts";

/** What a run is given besides its configuration. */
export interface RunOptions {
  /** Ends the run in order. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly redactor: Redactor;
  readonly environment: Readonly<Record<string, string>>;
  /** Gives up what the mode does not need. @default {dropPermissions} */
  readonly drop?: typeof dropPermissions;
  /** Deadlines, stall checks and back-off of the watches, shortened by tests. @default the cache's own */
  readonly watches?: Pick<SharedCacheOptions, "times" | "retry">;
}

/**
 * Runs the configured mode until `signal` aborts and everything has ended. Rejects where it cannot start (a kubeconfig
 * that cannot be used, a port that is taken) or cannot go on; an API server that does not answer and CRDs that are not
 * there are waited for.
 */
export async function runApp(config: Config, options: RunOptions): Promise<void> {
  const { signal, log, redactor, environment, drop = dropPermissions, watches = {} } = options;
  const build = buildInfo();
  log.info("starting", { mode: config.app, version: build.version, commit: build.commit });

  const metrics = new PrometheusMetrics({
    onCollectFailure: (metric, error) => log.warn("a metric could not be read", { metric, error }),
  });
  registerProcessMetrics(metrics);
  registerBuild(metrics);
  const health = new Health({ redact: (text) => redactor.text(text) });
  const ended = new AbortController();
  const loops = new LoopMonitor({ metrics });
  health.add("liveness", "event-loop", () => loops.check());
  let starting = "the process is starting";
  const startingDone = health.add("readiness", "start", () => starting);

  const servers: HttpServer[] = [];
  const closing: (() => void)[] = [];
  try {
    loops.start(ended.signal);
    void logReadiness({ health, log, signal: AbortSignal.any([signal, ended.signal]), startedAt: 0 });
    if (config.healthBindAddress !== null) {
      const handler = (request: Request) => health.handler(request);
      servers.push(listen({ name: "health probes", address: config.healthBindAddress, handler, log }));
    }
    const connection = loadKubeConfig({
      kubeconfig: config.kubeconfig,
      context: config.context,
      env: environment,
    });
    const instance = environment["POD_NAME"] || hostname();
    const identity = newIdentity();
    const serves = partsOf(config).some(({ name }) => name === "mcp-http");
    const permissions = await drop(config.app, connection.execCommand, serves && writesAuditFile(config));
    log.debug("permissions dropped", { ...permissions });
    log.info("API server", describe(connection));

    const client = createRestClient({
      connection,
      userAgent: `coder-k8s/${build.version} (${config.app})`,
      qps: config.kubeApiQps,
      burst: Math.max(1, config.kubeApiBurst),
      metrics,
      logger: log,
    });
    closing.push(() => client.close());
    if (config.metricsBindAddress !== null) {
      const authorize = config.metricsAccess === "protected"
        // Its own connections: a scrape must not wait behind the controllers' calls.
        ? { authorize: scrapeAuthorizer(createReviewer({ client: client.separate() })) }
        : {};
      const handler = metricsHandler({ metrics, log, ...authorize });
      servers.push(listen({ name: "metrics", address: config.metricsBindAddress, handler, log }));
    }

    const cache = createSharedCache({ client, log, metrics, ...watches });
    const coder = coderAccess({ config, client, metrics });
    closing.unshift(() => coder.deployments.close());
    const core: Core = {
      config,
      log,
      metrics,
      scrape: metrics,
      health,
      redactor,
      client,
      cache,
      coder,
      identity,
      instance,
      leaseNamespace: leaseNamespace({ flag: config.leaderElectionNamespace, env: environment }),
      ownNamespace: leaseNamespace({ env: environment }),
    };
    const parts: Part[] = [];
    for (const { load } of partsOf(config)) {
      const make = await load();
      parts.push(make(core));
    }
    const election = parts.find((part) => part.election !== undefined)?.election;
    const manager = createManager({
      cache,
      controllers: parts.flatMap((part) => part.controllers ?? []),
      runnables: parts.flatMap((part) => part.runnables ?? []),
      flush: parts.flatMap((part) => part.flush ?? []),
      ...(election === undefined ? {} : { election }),
      health,
      drainMs: config.shutdownTimeout,
      log,
    });
    starting = "";
    startingDone();
    await manager.run(signal);
    await cache.whenStopped();
  } finally {
    ended.abort();
    for (const close of closing) close();
    await Promise.all(servers.map((server) => server.close()));
  }
}

function describe(connection: ClusterConnection): Record<string, unknown> {
  const { server, source, context, namespace } = connection;
  return { server: server.href.replace(/\/$/, ""), from: source, context, namespace };
}
