/** The step `Autoscale`: as many pods as there is work, and idle ones go first. */
import { Pods } from "../../api/kubernetes/resources.ts";
import type { Deployment, Pod } from "../../api/kubernetes/types.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import { keyText } from "../../api/object.ts";
import { BY_TARGET } from "../../workload/kinds.ts";
import { ownDeployment } from "../../operator/children/deployment.ts";
import { DELETION_COST } from "../../workload/provisioner_pods.ts";
import {
  type AutoscaleDecision,
  type AutoscaleSettings,
  autoscaleSettings,
  decideReplicas,
} from "../autoscale.ts";
import type { DemandMemory } from "../demand_memory.ts";
import type { CostChange, Daemon, ProvisionerPod } from "../idle_pods.ts";
import { isRunning, jobOf, type ProvisionerJob } from "../job_match.ts";
import { podsOf } from "./running_pods.ts";
import type { Visit, VisitStep, VisitTools } from "./visit.ts";

const TYPE = "Autoscaling";

/** Jobs that were listed longer ago than this, in milliseconds, say nothing of the work there is. */
const OLD_MS = 60_000;

interface Memory {
  readonly demand: DemandMemory;
  /** The change that was told last. */
  readonly told: string;
}

interface Jobs {
  readonly jobs: readonly ProvisionerJob[];
  readonly complete: boolean;
}

/** Makes the step; it remembers what was asked for lately. */
export function autoscaleStep(): VisitStep {
  const memories = new Map<string, Memory>();
  return {
    name: "Autoscale",
    async run(visit, tools) {
      const uid = visit.object.metadata.uid ?? "";
      const { provisioner: { spec }, report } = visit;
      const live = ownDeployment(visit, tools);
      if (spec.autoscale === undefined || live === undefined) {
        memories.delete(uid);
        return report.noCondition(TYPE);
      }
      if (tools.kinds.autoscalers.byIndex(BY_TARGET, keyText(visit.deploymentKey)).length > 0) {
        memories.delete(uid);
        const message = "A HorizontalPodAutoscaler decides about the number of pods, not spec.autoscale";
        return report.condition({ type: TYPE, status: "False", reason: "AutoscaledByOthers", message });
      }
      const before = memories.get(uid);
      const jobs = await jobsOf(visit, tools);
      const pods = podsOf(visit, tools);
      const settings = autoscaleSettings(spec.autoscale);
      const replicas = live.spec?.replicas ?? 1;
      const decision = decideReplicas({
        settings,
        queue: { organizationID: visit.organizationID ?? "", tags: spec.tags, keyIDs: visit.keyIDs },
        replicas,
        rollingOut: isReplacing(live),
        pods: pods.map(podFacts),
        jobs: jobs?.jobs,
        jobsComplete: jobs?.complete ?? false,
        daemons: await daemonsOf(visit, tools, jobs),
        memory: before?.demand,
        now: tools.now().getTime(),
      });
      const told = `${replicas} ${decision.replicas}`;
      memories.set(uid, { demand: decision.memory, told });
      visit.replicas = decision.replicas;
      if (decision.lookAgainMs !== undefined) report.lookAgain(decision.lookAgainMs);
      say(visit, decision, settings);
      if (decision.replicas !== replicas && told !== before?.told) {
        const note = `From ${replicas} to ${decision.replicas} pods: ${decision.because}`;
        tools.events.event(visit.object, "Normal", "Scaled", note, "Scale");
      }
      await mark(decision.costs, pods, visit, tools);
    },
    forget: (uid) => void memories.delete(uid),
  };
}

/** The work of the organization; undefined where nobody knows. */
async function jobsOf(
  { organizationID, place, report, signal }: Visit,
  { listings, now }: VisitTools,
): Promise<Jobs | undefined> {
  if (place === undefined || organizationID === undefined) return undefined;
  const { latest, lookAgainMs } = await listings.jobs(place, organizationID, { signal });
  report.lookAgain(lookAgainMs);
  if (latest === undefined || now().getTime() - latest.takenAt > OLD_MS) return undefined;
  return { jobs: latest.jobs.map(jobOf), complete: latest.complete };
}

/** Asked only where an older Coder does not say who works on a job. */
async function daemonsOf(
  { organizationID = "", place, signal }: Visit,
  { listings }: VisitTools,
  jobs: Jobs | undefined,
): Promise<readonly Daemon[] | undefined> {
  const isNameless = jobs?.jobs.some((job) => isRunning(job) && job.workerName === "") === true;
  if (place === undefined || !isNameless) return undefined;
  const { latest } = await listings.daemons(place, organizationID, { signal, pace: "work" });
  return latest?.daemons.map(({ key_id: keyID, name, status }) => ({ name, status, keyID }));
}

/** Older pods are there yet, or the cluster has not seen the latest change. */
function isReplacing({ metadata: { generation = 0 }, status }: Deployment): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0 } = status ?? {};
  return observedGeneration < generation || updatedReplicas < replicas;
}

function podFacts({ metadata: { annotations, deletionTimestamp, name = "" } }: Pod): ProvisionerPod {
  return { name, deleting: deletionTimestamp !== undefined, deletionCost: annotations?.[DELETION_COST] };
}

function say(
  { report }: Visit,
  { demand }: AutoscaleDecision,
  { maxReplicas, minReplicas }: AutoscaleSettings,
): void {
  // How many jobs there are changes all the time: that is for the Event of a change.
  const limits = `${minReplicas} to ${maxReplicas}`;
  report.condition(
    demand === undefined
      ? {
        type: TYPE,
        status: "False",
        reason: "JobsUnknown",
        message: `The jobs in Coder are not known; what is there of ${limits} pods stays`,
      }
      : {
        type: TYPE,
        status: "True",
        reason: "FollowsJobs",
        message: `The number of pods, ${limits}, follows the jobs in Coder`,
      },
  );
}

/** Before there are fewer pods, those that may go are marked. */
async function mark(
  costs: readonly CostChange[],
  pods: readonly Pod[],
  { signal }: Visit,
  { client, kinds }: VisitTools,
): Promise<void> {
  for (const { cost, pod: name } of costs) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const { namespace = "", uid } = pod?.metadata ?? {};
    const body = { metadata: { uid, annotations: { [DELETION_COST]: cost ?? null } } };
    try {
      kinds.pods.observe(await client.patch(Pods, { namespace, name }, { type: "merge", body }, { signal }));
    } catch (error) {
      // It is gone, or another one has its name: the next visit sees that.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
