/**
 * Which pods work on a job, and which one may go. Kubernetes removes the pods with the lowest deletion cost first, so
 * that idle ones get a low cost before there are fewer.
 */
import { isRunning, matches, type ProvisionerJob, type Queue } from "./job_match.ts";

/** On a pod: what Kubernetes goes by when it removes some of a ReplicaSet. */
export const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
/** Of idle pods that should go first. Any other value is somebody else's, and stays. */
export const IDLE_COST = "-100";

/** A pod of the Deployment. */
export interface ProvisionerPod {
  readonly name: string;
  /** It is being deleted: it takes no new jobs, and Kubernetes does not count it any more. */
  readonly deleting: boolean;
  /** The value of {@linkcode DELETION_COST}. */
  readonly deletionCost?: string | undefined;
}

/** A daemon as Coder lists it. */
export interface Daemon {
  readonly name: string;
  /** `idle`, `busy` or `offline`. */
  readonly status: string;
  /** Of the key that it signed in with. */
  readonly keyID?: string | undefined;
}

/** An annotation to write; undefined takes it away. */
export interface CostChange {
  readonly pod: string;
  readonly cost: string | undefined;
}

/** The pods that stay, and the jobs that they work on. */
export interface PodWork {
  /** Nobody says that they work on anything. */
  readonly idle: readonly ProvisionerPod[];
  /** They work on a job, or may. */
  readonly busy: readonly ProvisionerPod[];
  /** Running jobs of pods that stay. */
  readonly running: number;
}

/** What Coder says. */
export interface WorkFacts {
  readonly pods: readonly ProvisionerPod[];
  readonly jobs: readonly ProvisionerJob[];
  readonly daemons: readonly Daemon[];
  readonly queue: Queue;
}

/**
 * Sorts pods by what jobs and daemons say. A daemon has the name of its pod, which Coder cuts at the first dot where
 * nobody has set it. A job of ours of which nobody can say the pod may be that of every pod whose daemon is not known.
 */
export function sortPods({ pods, jobs, daemons, queue }: WorkFacts): PodWork {
  const staying = pods.filter(({ deleting }) => !deleting);
  const here = new Set(staying.flatMap(({ name }) => daemonNames(name)));
  const known = new Set(pods.flatMap(({ name }) => daemonNames(name)));
  const listed = new Map<string, boolean>();
  for (const { name, status } of daemons) listed.set(name, listed.get(name) === true || status === "busy");
  const unplaced = new Set(
    daemons.filter(({ name, status, keyID = "" }) =>
      status !== "offline" && !known.has(name) && queue.keyIDs?.includes(keyID) === true
    ).map(({ name }) => name),
  );
  const running = jobs.filter(isRunning);
  const placed = running.filter(({ workerName }) => here.has(workerName));
  const somewhere = running.filter((job) =>
    job.workerName === "" ? matches(job, queue) : unplaced.has(job.workerName)
  );
  const workers = new Set(placed.map(({ workerName }) => workerName));
  const isBusy = ({ name }: ProvisionerPod) => {
    const names = daemonNames(name);
    return names.some((daemon) => workers.has(daemon) || listed.get(daemon) === true) ||
      (somewhere.length > 0 && !names.some((daemon) => listed.has(daemon)));
  };
  return {
    idle: staying.filter((pod) => !isBusy(pod)),
    busy: staying.filter(isBusy),
    running: placed.length + somewhere.length,
  };
}

/** The names that a pod's daemon may have. */
export function daemonNames(pod: string): string[] {
  const short = pod.split(".", 1)[0] ?? pod;
  return short === pod ? [pod] : [pod, short];
}

/** Marks so that `count` idle pods go first. */
export interface Marking {
  readonly changes: readonly CostChange[];
  /** The marks that are to be are there already. */
  readonly settled: boolean;
}

/** Keeps marks that are right, adds those that are missing, and takes all others away. */
export function markIdle({ idle, busy }: PodWork, count: number): Marking {
  const free = idle.filter(({ deletionCost }) => deletionCost === undefined || deletionCost === IDLE_COST);
  const ordered = [...free].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const missing = ordered.slice(0, count).filter((pod) => !isMarked(pod));
  const surplus = [...ordered.slice(count), ...busy].filter(isMarked);
  return {
    changes: [
      ...missing.map(({ name }) => ({ pod: name, cost: IDLE_COST })),
      ...surplus.map(({ name }) => ({ pod: name, cost: undefined })),
    ],
    // A mark too many on an idle pod does no harm; one on a busy pod does.
    settled: missing.length === 0 && !busy.some(isMarked),
  };
}

function rank(pod: ProvisionerPod): number {
  return isMarked(pod) ? 0 : 1;
}

function isMarked({ deletionCost }: ProvisionerPod): boolean {
  return deletionCost === IDLE_COST;
}
