/** The MCP server: what lets AI clients operate Coder and its resources. */
import { createAuthenticationConfig, createAuthorizer, testClientCertificates } from "../identity/mod.ts";
import { answerRedaction } from "../mcp/answers/redacted.ts";
import { createMcpEndpoint } from "../mcp/http/endpoint.ts";
import { controlPlaneKind } from "../workload/kinds.ts";
import { proveRuntime } from "./aggregated/server.ts";
import { aggregatedWorld } from "./aggregated/shared_world.ts";
import { createAdmission } from "./mcp/admission.ts";
import { admissionSettings } from "./mcp/admission_settings.ts";
import { mcpAudit } from "./mcp/audit.ts";
import { cachedKinds, servedKinds } from "./mcp/caller_cluster.ts";
import { mcpCoders } from "./mcp/coders.ts";
import { mcpSurface } from "./mcp/mcp_surface.ts";
import { checkNamespaces } from "./mcp/namespaces.ts";
import { sharedSecrets } from "./mcp/plans.ts";
import { reachedCoders } from "./mcp/reached_coders.ts";
import { readyAnswer } from "./mcp/ready.ts";
import { mcpServer } from "./mcp/server.ts";
import { mcpSessions } from "./mcp/sessions.ts";
import { tlsFiles } from "./mcp/tls_files.ts";
import { productUi } from "./mcp/ui.ts";
import type { PartFactory } from "./part.ts";
import { shutdownTimes } from "./shutdown_times.ts";

/** Makes the server; nothing is listened to before the caches have synced. */
export const mcpPart: PartFactory = (core) => {
  const { config, health, metrics, redactor, client, coder } = core;
  const log = core.log.child({ part: "mcp" });
  // What the aggregated API knows of Coder is known here, too, where it is served by this process.
  const shared = config.app === "all" && config.aggregatedBindAddress !== null
    ? aggregatedWorld(core)
    : undefined;
  const reviews = client.separate();
  const authorize = shared?.authorize ?? createAuthorizer({ client: reviews, log, metrics });
  const authentication = config.mcpAuth.includes("x509")
    ? shared?.authentication ?? createAuthenticationConfig({ client: reviews, log })
    : undefined;
  const coders = mcpCoders(
    core,
    shared?.backends ??
      reachedCoders({
        controlPlanes: controlPlaneKind(core.cache, config.namespace),
        client,
        coder,
        redactor,
      }),
  );
  const secrets = sharedSecrets(core);
  const audit = mcpAudit(core);
  const sessions = mcpSessions({ config, redactor, metrics, log, health });
  const surface = mcpSurface(config, sessions.sessions);
  const admission = createAdmission({
    settings: admissionSettings(config),
    url: config.mcpUrl,
    client,
    authorize,
    authentication,
    coders: coders.codersFor,
    redactor,
    log,
    metrics,
    cached: cachedKinds(core),
    served: shared === undefined ? [] : servedKinds(shared, coders.carriesFor),
  });
  const tls = tlsFiles(config, admission, log);
  const redaction = answerRedaction(redactor);
  const ui = productUi({
    config,
    auth: config.mcpAuth,
    replica: core.instance,
    sessions: surface.hasSessions ? sessions.sessions : undefined,
    redaction,
    metrics,
    log,
  });
  const endpoint = createMcpEndpoint({
    world: {
      surface,
      plans: secrets.plans,
      keys: secrets.keys,
      audit: ui.audit(audit.write),
      redaction,
    },
    // A mode without its port does not come here.
    address: config.mcpBindAddress ?? { hostname: "127.0.0.1", port: 0 },
    admit: admission.admit,
    tls: tls?.source,
    ready: () => readyAnswer(health),
    ...(admission.resource === undefined ? {} : { resourceMetadata: admission.resource.document }),
    pages: ui.pages,
    allowedHosts: config.mcpAllowedHosts,
    allowedOrigins: config.mcpAllowedOrigins,
    rate: config.mcpRateLimit,
    burst: config.mcpRateBurst,
    maxBodyBytes: config.mcpMaxBody,
    streamLimits: { all: config.mcpMaxStreams },
    deadlineMs: config.mcpCallTimeout,
    legacySse: config.mcpLegacySse,
    legacyElicitation: config.mcpLegacyElicitation,
    metrics,
    log,
  });
  return {
    runnables: [
      ...secrets.runnables,
      coders.runnable,
      ...(surface.hasSessions ? [sessions.runnable] : []),
      ...(tls === undefined ? [] : [tls.runnable]),
      mcpServer({
        endpoint,
        proveRuntime: config.mcpAuth.includes("proxy") || config.mcpAuth.includes("x509")
          ? (signal) => proveRuntime(testClientCertificates, signal)
          : undefined,
        checkNamespaces: (signal) => checkNamespaces(client, config.mcpNamespaces, log, signal),
        whenKeysReady: secrets.whenReady,
        whenSessionsReady: surface.hasSessions ? sessions.whenReady : undefined,
        whenCertificateReady: tls?.whenReady,
        authentication: authentication && { source: authentication, runs: shared === undefined },
        health,
        ...shutdownTimes(core),
      }),
    ],
    flush: [coders.flush, audit.flush, {
      name: "connections of MCP callers",
      run() {
        admission.close();
        reviews.close();
        return Promise.resolve();
      },
    }],
  };
};
