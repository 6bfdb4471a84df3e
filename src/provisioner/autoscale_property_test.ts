/** A Deployment and a queue of jobs in small, under a decision each moment: what must never happen does not. */
import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../telemetry/testing/random.ts";
import { type AutoscaleDecision, type AutoscaleSettings, decideReplicas } from "./autoscale.ts";
import type { DemandMemory } from "./demand_memory.ts";
import { DELETION_COST, type ProvisionerPod } from "./idle_pods.ts";
import type { ProvisionerJob } from "./job_match.ts";

const TAGS = { scope: "organization", owner: "", region: "eu" };
const queue = { organizationID: "o", tags: { region: "eu" } };

interface Pod {
  name: string;
  cost: string | undefined;
  /** The cost as the ReplicaSet's controller knows it. */
  seen: string | undefined;
  deleting: boolean;
  job: string | undefined;
}

class World {
  pods: Pod[] = [];
  jobs: ProvisionerJob[] = [];
  replicas: number;
  memory: DemandMemory | undefined;
  now = 1_000_000;
  lost = 0;
  #ids = 0;

  constructor(readonly random: () => number, readonly settings: AutoscaleSettings) {
    this.replicas = below(random, settings.maxReplicas + 1);
    this.converge();
  }

  get staying(): Pod[] {
    return this.pods.filter(({ deleting }) => !deleting);
  }

  /** As the ReplicaSet does it: the lowest cost first, then as it likes. */
  converge(): void {
    while (this.staying.length < this.replicas) {
      this.pods.push({
        name: `pod-${this.#ids++}`,
        cost: undefined,
        seen: undefined,
        deleting: false,
        job: undefined,
      });
    }
    while (this.staying.length > this.replicas) {
      const lowest = Math.min(...this.staying.map(({ seen }) => Number(seen ?? 0)));
      const victim = pick(this.random, this.staying.filter(({ seen }) => Number(seen ?? 0) === lowest));
      if (victim.job !== undefined) this.lost++;
      victim.deleting = true;
    }
    this.pods = this.pods.filter(({ deleting, job }) => !deleting || job !== undefined);
  }

  arrive(): void {
    const foreign = this.random() < 0.2;
    this.jobs.push({
      id: `job-${this.#ids++}`,
      organizationID: foreign ? "elsewhere" : "o",
      status: "pending",
      tags: TAGS,
      workerName: "",
    });
  }

  /** Idle pods take jobs in order. */
  work(): void {
    for (const pod of this.staying.filter(({ job }) => job === undefined)) {
      const index = this.jobs.findIndex((job) => job.status === "pending" && job.organizationID === "o");
      const job = this.jobs[index];
      if (job === undefined) return;
      this.jobs[index] = { ...job, status: "running", workerName: pod.name };
      pod.job = job.id;
    }
  }

  finish(): void {
    const pod = this.pods.find(({ job }) => job !== undefined && this.random() < 0.5);
    if (pod === undefined) return;
    this.jobs = this.jobs.filter(({ id }) => id !== pod.job);
    pod.job = undefined;
  }

  view(): ProvisionerPod[] {
    return this.pods.map(({ name, deleting, cost }) => ({ name, deleting, deletionCost: cost }));
  }

  decide(jobs: readonly ProvisionerJob[] | undefined, jobsComplete = true): AutoscaleDecision {
    const { settings, replicas, memory, now } = this;
    const pods = this.view();
    return decideReplicas({
      settings,
      queue,
      replicas,
      rollingOut: false,
      pods,
      jobs,
      jobsComplete,
      memory,
      now,
    });
  }

  /** As a reconciler does it: marks, then the number. */
  carryOut({ replicas, costs, memory }: AutoscaleDecision): void {
    for (const { pod, cost } of costs) {
      const found = this.pods.find(({ name }) => name === pod);
      assert.ok(found !== undefined, `${DELETION_COST} on ${pod}, which is not there`);
      found.cost = cost;
    }
    this.memory = memory;
    this.replicas = replicas;
    this.converge();
    // What was written in one moment is known in the next.
    for (const pod of this.pods) pod.seen = pod.cost;
  }
}

function randomSettings(random: () => number): AutoscaleSettings {
  const maxReplicas = 1 + below(random, 12);
  return {
    minReplicas: below(random, maxReplicas + 1),
    maxReplicas,
    pendingJobsPerReplica: 1 + below(random, 3),
    scaleDownDelayMs: pick(random, [0, 60_000, 300_000]),
  };
}

interface Life {
  moments: number;
  /** Sometimes the list of jobs is that of the moment before. @default {false} */
  stale?: boolean;
  check?: (before: number, decision: AutoscaleDecision) => void;
}

/** Jobs come and go; the list of them is sometimes cut off, or not to be had. */
function live(world: World, { moments, stale = false, check }: Life): void {
  const { random } = world;
  for (let moment = 0; moment < moments; moment++) {
    const old = [...world.jobs];
    world.now += below(random, 30_000);
    const busyTime = Math.floor(moment / 40) % 2 === 0;
    for (let i = below(random, busyTime ? 4 : 2); i > 0; i--) {
      if (busyTime || random() < 0.2) world.arrive();
    }
    if (random() < 0.6) world.finish();
    world.work();
    const dice = random();
    const cut = dice < 0.1;
    const seen = stale && dice > 0.7 ? old : world.jobs;
    const jobs = dice < 0.05 ? undefined : cut ? seen.slice(0, 2) : seen;
    const before = world.replicas;
    const decision = world.decide(jobs, !cut);
    check?.(before, decision);
    world.carryOut(decision);
  }
}

Deno.test("the number stays within its limits, and no pod that works is taken away", () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = seededRandom(seed);
    const world = new World(random, randomSettings(random));
    const { minReplicas, maxReplicas } = world.settings;
    const check = (before: number, { replicas }: AutoscaleDecision) => {
      const what = `seed ${seed}: ${before} → ${replicas} of ${minReplicas} to ${maxReplicas}`;
      assert.ok(replicas >= minReplicas && replicas <= maxReplicas, what);
      const working = world.staying.filter(({ job }) => job !== undefined).length;
      assert.ok(replicas >= before || replicas >= working, `${what}, ${working} work`);
    };
    live(world, { moments: 200, check });
    assert.equal(world.lost, 0, `seed ${seed}: pods that worked were taken away`);
  }
});

Deno.test("what was asked for within the delay is never gone below: noise makes no pods come and go", () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(1_000 + seed);
    const world = new World(random, { ...randomSettings(random), scaleDownDelayMs: 120_000 });
    const { minReplicas, maxReplicas } = world.settings;
    const asked: { at: number; pods: number }[] = [];
    const check = (before: number, { replicas, demand }: AutoscaleDecision) => {
      if (demand !== undefined) asked.push({ at: world.now, pods: demand.pods });
      const recent = asked.filter(({ at }) => world.now - at < 120_000).map(({ pods }) => pods);
      const most = Math.min(maxReplicas, Math.max(0, ...recent));
      assert.ok(replicas >= most, `seed ${seed}: ${replicas} pods where ${most} were asked for lately`);
      const reason = Math.max(minReplicas, demand?.pods ?? 0);
      assert.ok(replicas <= before || replicas <= reason, `seed ${seed}: up to ${replicas} for ${reason}`);
    };
    live(world, { moments: 200, stale: true, check });
  }
});

Deno.test("when the work is done, it comes to rest at the lower limit, without marks", () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = seededRandom(5_000 + seed);
    const world = new World(random, randomSettings(random));
    live(world, { moments: 60 });
    for (let i = 0; i < 400 && world.jobs.some(({ organizationID }) => organizationID === "o"); i++) {
      world.now += 10_000;
      world.work();
      world.finish();
      world.carryOut(world.decide(world.jobs));
    }
    assert.equal(world.jobs.filter(({ organizationID }) => organizationID === "o").length, 0, `seed ${seed}`);
    for (let i = 0; i < 4; i++) {
      world.now += world.settings.scaleDownDelayMs;
      world.carryOut(world.decide(world.jobs));
    }
    assert.equal(world.replicas, world.settings.minReplicas, `seed ${seed}`);
    assert.ok(world.pods.every(({ cost }) => cost === undefined), `seed ${seed}: marks are left`);
    const rest = world.decide(world.jobs);
    assert.deepEqual([rest.costs, rest.lookAgainMs], [[], undefined], `seed ${seed}`);
  }
});

Deno.test("the same facts lead to the same decision", () => {
  const random = seededRandom(42);
  const world = new World(random, randomSettings(random));
  const check = () => assert.deepEqual(world.decide(world.jobs), world.decide(world.jobs));
  live(world, { moments: 50, check });
});
