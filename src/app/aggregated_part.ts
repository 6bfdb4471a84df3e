/** The aggregated API server: what makes `kubectl get coderworkspaces` work. */
import { createApiServer } from "../aggregated/serving/mod.ts";
import { AGGREGATION_GROUP } from "../api/aggregated.ts";
import { VERSION } from "../api/definition.ts";
import { servingCertificate } from "./aggregated/certificate.ts";
import { aggregatedServer } from "./aggregated/server.ts";
import { aggregatedWorld } from "./aggregated/shared_world.ts";
import type { PartFactory } from "./part.ts";
import { shutdownTimes } from "./shutdown_times.ts";
import { buildInfo } from "./version.ts";

/** Makes the server; nothing is listened to before the caches have synced. */
export const aggregatedPart: PartFactory = (core) => {
  const { config, health, metrics, scrape } = core;
  const log = core.log.child({ part: "aggregated-apiserver" });
  const world = aggregatedWorld(core);
  const { client, authentication, authenticate, authorize, backends, storages, beside } = world;
  const certificate = servingCertificate(core, client, log);
  const { version, commit, built } = buildInfo();
  const server = createApiServer({
    served: { group: AGGREGATION_GROUP, version: VERSION },
    storages: [...storages],
    authenticate,
    authorize,
    authentication,
    certificate,
    health,
    version: { version, commit, built },
    scrape,
    limits: {
      reads: config.maxRequestsInflight,
      writes: config.maxMutatingRequestsInflight,
      maxBodyBytes: config.maxRequestBody,
      deadlineMs: config.requestTimeout,
    },
    log,
    metrics,
  });
  return {
    runnables: [aggregatedServer({
      server,
      // A mode without its port does not come here.
      address: config.aggregatedBindAddress ?? { hostname: "127.0.0.1", port: 0 },
      certificate,
      authentication,
      backends,
      beside,
      health,
      ...shutdownTimes(core),
    })],
    flush: [{
      name: "connections for reviews",
      run() {
        world.close();
        return Promise.resolve();
      },
    }],
  };
};
