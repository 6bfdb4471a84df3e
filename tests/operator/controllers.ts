/** Controllers of the product in this process, on a real cluster, with everything that they are made from. */
import { createDeployments, type Deployments } from "../../src/coder/mod.ts";
import type { Applier } from "../../src/kube/applier.ts";
import { createApplier } from "../../src/kube/apply/server_side_apply.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createEventSender, type EventRecorder } from "../../src/kube/events/events.ts";
import type { SharedCache } from "../../src/kube/informer.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import type { Logger } from "../../src/telemetry/logger.ts";
import { PrometheusMetrics } from "../../src/telemetry/prometheus.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { waitFor } from "../cluster/mod.ts";

/** What controllers are made from, as the program's own composition has it. */
export interface OperatorParts {
  readonly client: KubeClient;
  readonly cache: SharedCache;
  readonly applier: Applier;
  readonly recorder: EventRecorder;
  readonly log: Logger;
  readonly metrics: PrometheusMetrics;
  readonly redactor: Redactor;
  readonly redact: (text: string) => string;
  /** Registers secrets that must never be said. */
  readonly keepSecret: (...secrets: string[]) => void;
  readonly deployments: Deployments;
  /** Namespaces to work in. */
  readonly namespaces: readonly string[];
  /** Where the Coders are, and how to get there. */
  readonly reach: { readonly endpoints: ReadonlyMap<string, string>; readonly route: "direct" };
}

/**
 * Makes the controllers to run. The first one is the one of the passes, which {@linkcode RunningOperator.again} means; the
 * others visit Coder.
 */
export type StartControllers = (parts: OperatorParts) => readonly [Controller, ...Controller[]];

export interface ControllersOptions {
  kubeconfig: string;
  /** The first one is home: names without a namespace are names there. */
  namespaces: readonly [string, ...string[]];
  /** Where the Coders are, by `namespace/name` of their control planes. */
  endpoints: ReadonlyMap<string, string>;
  start: StartControllers;
}

/** An operator that runs. At its end nothing is drained but Events. */
export interface RunningOperator extends AsyncDisposable {
  /** Log lines so far, newest last, as people would see them. */
  readonly lines: string[];
  readonly parts: OperatorParts;
  /** Asks for one more pass over an object of the home namespace and waits for its end; the number of passes so far. */
  again(name: string): Promise<number>;
  /** Asks for a visit to Coder now, for an object of the home namespace. */
  visit(name: string): void;
  /** Passes over an object of the home namespace that have ended, in the controller of that place in the list. */
  passes(name: string, controller?: number): number;
  /** Ends it in the middle of whatever it does, Events that were not sent included. */
  crash(): Promise<void>;
}

const STOPPED = new Error("the test ends");

/** Starts the controllers and waits until the cache has everything. */
export async function startControllers(options: ControllersOptions): Promise<RunningOperator> {
  const { kubeconfig, namespaces, endpoints, start } = options;
  const [namespace] = namespaces;
  const lines: string[] = [];
  const redactor = new Redactor();
  const redact = (text: string) => redactor.text(text);
  const log = createLogger({
    level: "debug",
    format: "json",
    redactor,
    write: (line) => void lines.push(line),
  });
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig, env: {} }), logger: log });
  const cache = createSharedCache({ client, log, freeze: true });
  const metrics = new PrometheusMetrics();
  const recorder = createEventSender({ client, reportingInstance: "test", logger: log, redact });
  const deployments = createDeployments({ metrics });
  const parts: OperatorParts = {
    client,
    cache,
    applier: createApplier({ client, cache, log }),
    recorder,
    log,
    metrics,
    redactor,
    redact,
    keepSecret: (...secrets) => secrets.forEach((secret) => redactor.add(secret)),
    deployments,
    namespaces,
    reach: { endpoints, route: "direct" },
  };
  const controllers = start(parts);
  const [pass, ...visits] = controllers;
  const stop = new AbortController();
  cache.start(stop.signal);
  await cache.whenSynced(AbortSignal.timeout(120_000));
  const signals = { stop: stop.signal, abort: stop.signal };
  const runs = Promise.all(controllers.map((controller) => controller.run(signals)));
  const passes = (name: string, index = 0) =>
    lines.filter((line) =>
      /"(reconciled|reconcile failed)/.test(line) && line.includes(`"name":"${name}"`) &&
      line.includes(`"namespace":"${namespace}"`) &&
      line.includes(`"controller":"${controllers[index]?.name}"`)
    ).length;
  const end = async () => {
    if (stop.signal.aborted) return;
    stop.abort(STOPPED);
    await runs;
    await recorder.close(0);
    deployments.close();
    await cache.whenStopped();
    client.close();
  };
  return {
    lines,
    parts,
    passes: (name, controller) => passes(name, controller),
    async again(name) {
      const before = passes(name);
      pass.enqueue({ namespace, name });
      await waitFor(() => passes(name) > before && pass.inHand().length === 0, {
        what: `one more pass over ${name}`,
        intervalMs: 10,
      });
      return passes(name);
    },
    visit: (name) => visits.forEach((controller) => controller.enqueue({ namespace, name })),
    crash: end,
    async [Symbol.asyncDispose]() {
      if (!stop.signal.aborted) await recorder.close(30_000);
      await end();
    },
  };
}
