/** One life of the operator: its memory, its caches, its controllers. It ends when the process dies, at any point. */
import { createDeployments, type Deployments } from "../../src/coder/mod.ts";
import { createListings, type Listings } from "../../src/inventory/mod.ts";
import type { Applier } from "../../src/kube/applier.ts";
import { createApplier } from "../../src/kube/apply/server_side_apply.ts";
import type { EventRecorder } from "../../src/kube/events/events.ts";
import {
  type ControlPlaneAccess,
  controlPlaneAccess,
} from "../../src/operator/visit/control_plane_access.ts";
import type { Controller } from "../../src/reconciler/controller.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { type WorkloadKinds, workloadKinds } from "../../src/workload/kinds.ts";
import type { ModelApi } from "./model_api.ts";
import { ModelCache } from "./model_cache.ts";
import { ModelClient } from "./model_client.ts";
import type { ModelCoder } from "./model_coder.ts";
import { ProcessClock, type VirtualClock } from "./virtual_clock.ts";
import type { Sender, Wire } from "./wire.ts";

/** What lives longer than a process. */
export interface Surroundings {
  readonly api: ModelApi;
  readonly wire: Wire;
  readonly clock: VirtualClock;
  readonly random: () => number;
  /** The Coder that answers at an address. */
  readonly coderAt: (url: string) => ModelCoder | undefined;
  /** Told of what no process may do, such as a subscriber that throws. */
  readonly mistake: (what: string) => void;
  /** Told of every Event. */
  readonly told: (reason: string, note: string) => void;
}

/** What controllers are made with: one of each in a process, as the composition root makes them. */
export interface Parts {
  readonly clock: ProcessClock;
  readonly client: ModelClient;
  readonly cache: ModelCache;
  readonly kinds: WorkloadKinds;
  readonly applier: Applier;
  readonly recorder: EventRecorder;
  readonly deployments: Deployments;
  readonly access: ControlPlaneAccess;
  readonly listings: Listings;
  readonly random: () => number;
  readonly now: () => Date;
}

/** See the file's head. */
export class OperatorProcess implements Sender {
  readonly clock: ProcessClock;
  readonly cache: ModelCache;
  isDead = false;
  readonly #around: Surroundings;
  readonly #end = new AbortController();
  readonly #runs: Promise<void>[] = [];

  constructor(readonly name: string, around: Surroundings, make: (parts: Parts) => readonly Controller[]) {
    const { api, wire, random } = around;
    this.#around = around;
    const clock = this.clock = new ProcessClock(around.clock);
    const client = new ModelClient(api, wire, this);
    const cache = this.cache = new ModelCache(api, clock, around.mistake);
    const kinds = workloadKinds(cache);
    const now = () => clock.date();
    const deployments = createDeployments({
      clock,
      connect: (_key, { url }) => {
        const coder = around.coderAt(url);
        if (coder === undefined) throw new Error(`no Coder is at ${url}`);
        return coder.transport(wire, this, url);
      },
    });
    const redact = (text: string) => text;
    const parts: Parts = {
      clock,
      client,
      cache,
      kinds,
      applier: createApplier({ client, cache, log: silentLogger }),
      recorder: { event: (_object, _type, reason, note) => this.isDead || around.told(reason, note) },
      deployments,
      access: controlPlaneAccess({
        client,
        kinds,
        deployments,
        reach: { endpoints: new Map(), route: "direct" },
        redact,
        keepSecret: () => {},
        now,
      }),
      listings: createListings({ clock, wallTime: () => clock.now(), random }),
      random,
      now,
    };
    for (const controller of make(parts)) {
      this.#runs.push(controller.run({ stop: this.#end.signal, abort: this.#end.signal }));
    }
  }

  /** Its memory is lost; what it has sent may arrive yet. */
  kill(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.clock.stop();
    this.#around.wire.died(this);
    this.#end.abort(new Error("the process has died"));
    this.cache.stop();
  }
}
