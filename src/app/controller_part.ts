/** The controllers: what turns resources into running Coder deployments. */
import { CoderControlPlanes } from "../api/control_plane.ts";
import { createOperatorDatabase } from "../coder/database/database.ts";
import { visitController } from "../controlplane/coder/controller.ts";
import { VisitResults } from "../controlplane/coder/results.ts";
import { visitSteps } from "../controlplane/coder/steps.ts";
import { controlPlaneController } from "../controlplane/controller.ts";
import { createEventSender } from "../kube/events/events.ts";
import { createApplier } from "../kube/apply/server_side_apply.ts";
import type { Redactor } from "../telemetry/redactor.ts";
import { workloadKinds } from "../workload/kinds.ts";
import { coderDeployments, reachOptions } from "./coder_calls.ts";
import { definitionsCheck, definitionsLog } from "./definitions.ts";
import { leaderElection } from "./election.ts";
import type { PartFactory } from "./part.ts";

/** How long Events that are not sent yet may hold up the end, in milliseconds. */
const FLUSH_MS = 3_000;

/** Events are many where much happens at once: they must never take the controllers' share of the API server. */
const EVENT_RATE = { qps: 50, burst: 100 };

/** Makes the controllers, each on the one cache, applier and recorder of the process. */
export const controllerPart: PartFactory = (core) => {
  const { config, client, cache, health, redactor, metrics, instance } = core;
  const log = core.log.child({ part: "controller" });
  const redact = (text: string) => redactor.text(text);
  const eventClient = client.separate(EVENT_RATE);
  const recorder = createEventSender({
    client: eventClient,
    reportingInstance: instance,
    redact,
    logger: log,
    metrics,
  });
  const applier = createApplier({ client, cache, log, metrics });
  const results = new VisitResults();
  const controlPlanes = controlPlaneController({
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
    results,
    controller: { concurrency: config.concurrency, deadlineMs: config.reconcileTimeout },
  });
  const deployments = coderDeployments(core);
  const database = createOperatorDatabase();
  const visits = visitController({
    tools: {
      client,
      applier,
      kinds: workloadKinds(cache, config.namespace),
      events: recorder,
      database,
      redact,
      keepSecret: keeper(redactor),
      now: () => new Date(),
      random: Math.random,
    },
    deployments,
    reach: reachOptions(core),
    steps: visitSteps({ clusterDomain: config.clusterDomain }),
    results,
    onNews: (key) => controlPlanes.enqueue(key),
    log,
    metrics,
  });
  const own = [cache.informer(CoderControlPlanes)];
  health.add("readiness", "definitions", definitionsCheck(own));
  return {
    controllers: [controlPlanes, visits],
    runnables: [definitionsLog({ informers: own, log })],
    flush: [{ name: "events", run: () => recorder.close(FLUSH_MS).finally(() => eventClient.close()) }, {
      name: "connections to Coder",
      run: async () => {
        deployments.close();
        await database.close();
      },
    }],
    ...(config.leaderElect ? { election: leaderElection(core) } : {}),
  };
};

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
