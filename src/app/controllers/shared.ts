/** What all controllers of the process work with, made once. */
import { createOperatorDatabase } from "../../coder/database/database.ts";
import type { OperatorDatabase } from "../../coder/database/mod.ts";
import type { Deployments } from "../../coder/mod.ts";
import { createListings, type Listings } from "../../inventory/mod.ts";
import type { Applier } from "../../kube/applier.ts";
import { createApplier } from "../../kube/apply/server_side_apply.ts";
import { createEventSender, type EventSender } from "../../kube/events/events.ts";
import { type ControlPlaneAccess, controlPlaneAccess } from "../../operator/visit/control_plane_access.ts";
import type { ReachOptions } from "../../operator/visit/reach.ts";
import type { VisitTools } from "../../operator/visit/visit.ts";
import type { PassControllerOptions } from "../../operator/pass/controller.ts";
import type { Redactor } from "../../telemetry/redactor.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { workloadKinds } from "../../workload/kinds.ts";
import type { Core } from "../part.ts";

/** How long Events that are not sent yet may hold up the end, in milliseconds. */
const FLUSH_MS = 3_000;

/** Events are many where much happens at once: they must never take the controllers' share of the API server. */
const EVENT_RATE = { qps: 50, burst: 100 };

/** See the file's head. */
export interface SharedParts {
  readonly core: Core;
  readonly log: Logger;
  readonly recorder: EventSender;
  readonly applier: Applier;
  readonly deployments: Deployments;
  readonly database: OperatorDatabase;
  readonly reach: ReachOptions;
  readonly access: ControlPlaneAccess;
  readonly listings: Listings;
  /** For controllers of passes. */
  readonly pass: Omit<PassControllerOptions<never, never>, "results" | "reconciler">;
  /** For controllers of visits. */
  readonly visit: VisitTools & { readonly applier: Applier };
  /** What is to be done at the end of the process, in order. */
  readonly flush: { readonly name: string; run(): Promise<void> }[];
}

/** Makes them. Declares the kinds in the cache. */
export function sharedParts(core: Core): SharedParts {
  const { config, client, cache, redactor, metrics, instance, coder: { deployments, reach } } = core;
  const log = core.log.child({ part: "controller" });
  const redact = (text: string) => redactor.text(text);
  const keepSecret = keeper(redactor);
  const eventClient = client.separate(EVENT_RATE);
  const recorder = createEventSender({
    client: eventClient,
    reportingInstance: instance,
    redact,
    logger: log,
    metrics,
  });
  const applier = createApplier({ client, cache, log, metrics });
  const kinds = workloadKinds(cache, config.namespace);
  const database = createOperatorDatabase();
  return {
    core,
    log,
    recorder,
    applier,
    deployments,
    database,
    reach,
    access: controlPlaneAccess({ client, kinds, deployments, reach, redact, keepSecret }),
    listings: createListings({ metrics, log }),
    pass: {
      client,
      cache,
      applier,
      recorder,
      log,
      metrics,
      redact,
      namespaces: config.namespace,
      workspaceNamespaces: config.workspaceNamespaces,
      clusterDomain: config.clusterDomain,
      controller: { concurrency: config.concurrency, deadlineMs: config.reconcileTimeout },
    },
    visit: {
      client,
      applier,
      kinds,
      events: recorder,
      redact,
      keepSecret,
      now: () => new Date(),
      random: Math.random,
    },
    flush: [{ name: "events", run: () => recorder.close(FLUSH_MS).finally(() => eventClient.close()) }, {
      name: "connections to databases",
      run: () => database.close(),
    }],
  };
}

/** Each secret is registered once, however often it is read. */
function keeper(redactor: Redactor): (...secrets: string[]) => void {
  const known = new Set<string>();
  return (...secrets) => {
    for (const secret of secrets) {
      if (known.has(secret)) continue;
      known.add(secret);
      redactor.add(secret);
    }
  };
}
