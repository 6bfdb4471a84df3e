/** The controllers of the product from the parts of a test, as the program composes them. */
import { createListings, type ListingsOptions } from "../../src/inventory/mod.ts";
import { provisionerControllers } from "../../src/app/controllers/provisioners.ts";
import { proxyControllers } from "../../src/app/controllers/workspace_proxies.ts";
import type { SharedParts } from "../../src/app/controllers/shared.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { controlPlaneAccess } from "../../src/operator/visit/control_plane_access.ts";
import { workloadKinds } from "../../src/workload/kinds.ts";
import type { OperatorParts, StartControllers } from "./controllers.ts";

/** What a test may choose. */
export interface ComposeOptions {
  /** Pace of shared lists. */
  listings?: ListingsOptions;
  /** What passes and visits take for the time; the waits of their queues are real ones. @default {the wall clock} */
  now?: () => Date;
}

/** Provisioners: passes, then visits. */
export function provisioners(options: ComposeOptions = {}): StartControllers {
  return (parts) => atLeastOne(provisionerControllers(sharedParts(parts, options)));
}

/** Workspace proxies: passes, then visits. */
export function workspaceProxies(options: ComposeOptions = {}): StartControllers {
  return (parts) => atLeastOne(proxyControllers(sharedParts(parts, options)));
}

function sharedParts(parts: OperatorParts, options: ComposeOptions): SharedParts {
  const { listings, now = () => new Date() } = options;
  const {
    client,
    cache,
    applier,
    recorder,
    log,
    metrics,
    redact,
    keepSecret,
    namespaces,
    deployments,
    reach,
  } = parts;
  const kinds = workloadKinds(cache, namespaces);
  const shared = {
    core: { metrics },
    log,
    deployments,
    reach,
    access: controlPlaneAccess({ client, kinds, deployments, reach, redact, keepSecret, now }),
    listings: createListings({ metrics, log, wallTime: () => now().getTime(), ...listings }),
    pass: { client, cache, applier, recorder, log, metrics, redact, namespaces, reconciler: { now } },
    visit: {
      client,
      applier,
      kinds,
      events: recorder,
      redact,
      keepSecret,
      now,
      random: Math.random,
    },
  };
  // What is left out belongs to the process, and controllers do not look at it.
  return shared as unknown as SharedParts;
}

function atLeastOne(controllers: Controller[]): readonly [Controller, ...Controller[]] {
  const [first, ...others] = controllers;
  if (first === undefined) throw new Error("there are no controllers");
  return [first, ...others];
}
