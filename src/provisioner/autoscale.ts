/**
 * How many provisioner pods there should be for the work there is: more at once, fewer after a while, and idle ones go
 * first. A pure decision: whoever asks for it keeps the memory, writes the marks, then the number.
 */
import type { ProvisionerSpec } from "../api/provisioner.ts";
import { durationMs } from "../api/duration.ts";
import { type DemandMemory, remember } from "./demand_memory.ts";
import { type CostChange, type Daemon, markIdle, type ProvisionerPod, sortPods } from "./idle_pods.ts";
import { isPending, matches, type ProvisionerJob, type Queue } from "./job_match.ts";

/** `spec.autoscale`, with its defaults. */
export interface AutoscaleSettings {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly pendingJobsPerReplica: number;
  readonly scaleDownDelayMs: number;
}

/** What a decision rests on. */
export interface AutoscaleInput {
  readonly settings: AutoscaleSettings;
  readonly queue: Queue;
  /** `spec.replicas` of the Deployment as it is. */
  readonly replicas: number;
  /** The Deployment is replacing its pods: which of them would go, nobody can say. */
  readonly rollingOut: boolean;
  readonly pods: readonly ProvisionerPod[];
  /** Pending and running jobs of the organization; undefined where Coder could not be asked. */
  readonly jobs: readonly ProvisionerJob[] | undefined;
  /** False where the list was cut off: there are at least these jobs. @default {true} */
  readonly jobsComplete?: boolean;
  /** Daemons of the organization; with them, pods are known to be idle also where jobs do not tell their worker. */
  readonly daemons?: readonly Daemon[] | undefined;
  /** Of the last decision; undefined for the first one, which takes the pods that there are for needed. */
  readonly memory: DemandMemory | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The work, as far as it is known. */
export interface Demand {
  /** Jobs that wait and that these provisioners may take. */
  readonly pending: number;
  /** Jobs that pods work on which stay. */
  readonly running: number;
  /** Pods for that, without limits. */
  readonly pods: number;
}

/** What to do. */
export interface AutoscaleDecision {
  /** For the Deployment; always within the limits. */
  readonly replicas: number;
  /** Marks to write before the number. */
  readonly costs: readonly CostChange[];
  readonly memory: DemandMemory;
  /** Undefined where Coder could not be asked. */
  readonly demand: Demand | undefined;
  /** For people: why so many. */
  readonly because: string;
  /** When time alone may change the answer, in milliseconds from now. */
  readonly lookAgainMs?: number;
}

/** How soon marks that were just written are looked for, in milliseconds. */
const MARKS_MS = 1_000;

/** Reads `spec.autoscale`. Limits that contradict each other, which older objects may have, leave the upper one. */
export function autoscaleSettings(given: NonNullable<ProvisionerSpec["autoscale"]>): AutoscaleSettings {
  const maxReplicas = Math.max(1, given.maxReplicas);
  return {
    minReplicas: Math.min(maxReplicas, Math.max(0, given.minReplicas ?? 1)),
    maxReplicas,
    pendingJobsPerReplica: Math.max(1, given.pendingJobsPerReplica ?? 1),
    scaleDownDelayMs: durationMs(given.scaleDownDelay ?? "") ?? 300_000,
  };
}

/** Decides. */
export function decideReplicas(input: AutoscaleInput): AutoscaleDecision {
  const { settings, replicas, jobs, now } = input;
  const { minReplicas, maxReplicas, scaleDownDelayMs } = settings;
  const limit = (pods: number) => Math.min(maxReplicas, Math.max(minReplicas, pods));
  const work = sortPods({ ...input, jobs: jobs ?? [], daemons: input.daemons ?? [] });
  const demand = jobs === undefined ? undefined : demandOf(input, jobs, work.running);
  // While nobody can say what is needed, what is there is needed: fewer only after a full delay of knowing better.
  const needed = demand === undefined || input.jobsComplete === false
    ? Math.max(demand?.pods ?? 0, replicas)
    : demand.pods;
  const before = input.memory ?? [{ demand: replicas, at: now }];
  const memory = remember(before, needed, { now, delayMs: scaleDownDelayMs });
  const [peak = { demand: needed, at: now }] = memory;
  const target = limit(peak.demand);
  const held = target > limit(needed) ? { lookAgainMs: peak.at + scaleDownDelayMs - now } : {};
  const answer = { memory, demand, ...held };
  const present = work.idle.length + work.busy.length;
  // Pods that are not there yet go before all others. Those that are to go already keep their marks until they are gone.
  const surplus = (to: number) => Math.max(0, present - to);
  const leaving = markIdle(work, surplus(replicas)).changes;

  if (target >= replicas) {
    const because = target > replicas || demand === undefined || target === limit(needed)
      ? reason(demand, target, settings)
      : `${reason(demand, limit(needed), settings)}; ${target} stay for a while`;
    return { ...answer, replicas: target, costs: leaving, because };
  }
  if (replicas > maxReplicas) {
    const { changes } = markIdle(work, surplus(maxReplicas));
    const because = `spec.autoscale.maxReplicas is ${maxReplicas}`;
    return { ...answer, replicas: maxReplicas, costs: changes, because, lookAgainMs: MARKS_MS };
  }
  if (input.rollingOut) {
    const because = "pods are being replaced: fewer once that is done";
    return { ...answer, replicas: limit(replicas), costs: leaving, because };
  }
  const fewer = limit(Math.min(replicas, Math.max(target, work.busy.length)));
  const { changes, settled } = markIdle(work, surplus(fewer));
  if (fewer < replicas && !settled) {
    const because = `${reason(demand, fewer, settings)}; idle pods are marked first`;
    return { ...answer, replicas, costs: changes, because, lookAgainMs: MARKS_MS };
  }
  return { ...answer, replicas: fewer, costs: changes, because: reason(demand, fewer, settings) };
}

function demandOf(
  { settings, queue }: AutoscaleInput,
  jobs: readonly ProvisionerJob[],
  running: number,
): Demand {
  const pending = jobs.filter((job) => isPending(job) && matches(job, queue)).length;
  return { pending, running, pods: running + Math.ceil(pending / settings.pendingJobsPerReplica) };
}

function reason(demand: Demand | undefined, pods: number, settings: AutoscaleSettings): string {
  if (demand === undefined) return "the jobs in Coder are not known: the pods that are there stay";
  const work = `jobs running here: ${demand.running}, waiting: ${demand.pending}`;
  if (pods === settings.maxReplicas && demand.pods > pods) return `${work}; maxReplicas is ${pods}`;
  if (pods === settings.minReplicas && demand.pods < pods) return `${work}; minReplicas is ${pods}`;
  return work;
}
