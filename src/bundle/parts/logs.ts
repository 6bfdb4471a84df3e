/** Logs of the operator and of what it runs. Pods of workspaces are people's own: never theirs. */
import { Pods } from "../../api/kubernetes/resources.ts";
import type { Pod } from "../../api/kubernetes/types.ts";
import { keyOf } from "../../api/object.ts";
import { MANAGED_BY, MANAGED_BY_LABEL } from "../../workload/labels.ts";
import type { Gatherer } from "../gatherer.ts";
import { inLanes } from "../lanes.ts";

const LINES = 5_000;
const BYTES = 1_000_000;
const MOST_PODS = 60;
/** So many are read side by side. */
const LANES = 6;

/** The operator's own pods, by its manifests' label. */
export function isOperator({ metadata }: Pod): boolean {
  return metadata.labels?.["app"] === "coder-k8s" ||
    metadata.labels?.["app.kubernetes.io/name"] === "coder-k8s";
}

function isManaged({ metadata }: Pod): boolean {
  return metadata.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
}

/** `namespaces/<namespace>/logs/<pod>_<container>.log`, and `…_previous.log` where it was started again. */
export async function gatherLogs(gatherer: Gatherer, pods: readonly Pod[], sinceMs: number): Promise<void> {
  const ours = pods.filter((pod) => isOperator(pod) || isManaged(pod));
  if (ours.length > MOST_PODS) gatherer.gap("logs", `only ${MOST_PODS} of ${ours.length} pods were read`);
  const jobs = ours.slice(0, MOST_PODS).flatMap((pod) => jobsOf(pod));
  await inLanes(jobs, LANES, (job) => gatherLog(gatherer, job, sinceMs));
}

interface LogJob {
  readonly pod: Pod;
  readonly container: string;
  readonly previous: boolean;
}

function jobsOf(pod: Pod): LogJob[] {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].flatMap(({ name, restartCount, state }) => {
    // Nothing was written where nothing was ever started.
    const begun = state?.waiting === undefined || (restartCount ?? 0) > 0;
    const current = begun ? [{ pod, container: name, previous: false }] : [];
    return (restartCount ?? 0) > 0 ? [...current, { pod, container: name, previous: true }] : current;
  });
}

async function gatherLog(
  gatherer: Gatherer,
  { pod, container, previous }: LogJob,
  sinceMs: number,
): Promise<void> {
  const { namespace, name } = keyOf(pod);
  const suffix = previous ? "_previous" : "";
  const read = await gatherer.tried(
    `log of ${namespace}/${name}, container ${container}${previous ? ", the run before" : ""}`,
    (signal) =>
      gatherer.world.cluster.text(Pods, { namespace, name }, "log", {
        query: {
          container,
          previous,
          timestamps: true,
          tailLines: LINES,
          limitBytes: BYTES,
          ...(previous ? {} : { sinceSeconds: Math.max(1, Math.ceil(sinceMs / 1_000)) }),
        },
        maxBytes: BYTES,
        signal,
      }),
  );
  if (read === undefined || read.bytes.length === 0) return;
  const text = new TextDecoder().decode(read.bytes);
  const about = `log of container ${container}${previous ? " before its restart" : ""}`;
  const path = `namespaces/${namespace}/logs/${name}_${container}${suffix}.log`;
  gatherer.text(path, about, isOperator(pod) && !previous ? 3 : 4, text);
}
