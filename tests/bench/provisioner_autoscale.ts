/** A queue of jobs: how long until there are as many pods as there is work. */
import { Deployments } from "../../src/api/kubernetes/resources.ts";
import type { Deployment } from "../../src/api/kubernetes/types.ts";
import { CoderProvisioners } from "../../src/api/provisioner.ts";
import { provisionerName } from "../../src/workload/names.ts";
import { sleep } from "../cluster/mod.ts";
import { addJob, type FakeCoder } from "../fake-coder/mod.ts";
import { countByRoute, inWords, isVerification, total } from "./coder_requests.ts";
import { type Ground, NAMESPACE } from "./provisioner_ground.ts";
import { spread } from "./ready.ts";
import { WatchedObject } from "./watch_one.ts";

const NAME = "auto";
/** Jobs that wait, and so the pods that are wanted. */
const JOBS = 8;
const ROUNDS = 5;
/** Jobs come at another moment between two lists in each round, in milliseconds. */
const STEP_MS = 3_000;

interface Round {
  /** Seconds from the jobs: until the Deployment says so many replicas, until they are ready. */
  scaled: number;
  ready: number;
  /** Seconds from the end of the jobs until one pod is left. */
  down: number;
}

/** Scales one provisioner, which is alone with its Coder, from one pod to eight and back, a few times. */
export async function autoscale(ground: Ground): Promise<void> {
  const { cluster, coders, lone, rows } = ground;
  const fake = coders.get(lone.quiet);
  await using deployment = await WatchedObject.open(cluster.kubeconfig, Deployments, {
    namespace: NAMESPACE,
    name: provisionerName(NAME),
  });
  await ground.create(CoderProvisioners.plural, CoderProvisioners.kind, NAME, {
    controlPlaneRef: { name: lone.quiet },
    tags: { bench: NAME },
    autoscale: { minReplicas: 1, maxReplicas: 2 * JOBS, pendingJobsPerReplica: 1, scaleDownDelay: "1s" },
  });
  await deployment.until(({ status }) => status?.readyReplicas === 1, "one pod");
  const since = performance.now();
  const rounds: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(1_000 + round * STEP_MS);
    rounds.push(await once(fake, deployment));
  }
  const minutes = (performance.now() - since) / 60_000;
  const counts = countByRoute(fake.requests, { since });
  const rate = total(counts, isVerification) / minutes;
  push(
    rows,
    `autoscale, ${JOBS} jobs that wait, ${ROUNDS} times: until spec.replicas follows`,
    rounds,
    "scaled",
  );
  push(rows, "the same until all of these pods are ready", rounds, "ready");
  push(rows, "from the end of the jobs until one pod is left (scaleDownDelay 1s)", rounds, "down");
  rows.push({
    what: `requests a minute to that Coder meanwhile, the control plane's own aside (${
      inWords(counts, isVerification)
    })`,
    measured: rate.toFixed(2),
    value: rate,
  });
}

async function once(fake: FakeCoder, deployment: WatchedObject<Deployment>): Promise<Round> {
  const { state } = fake;
  const started = performance.now();
  const seconds = (from: number) => (performance.now() - from) / 1_000;
  for (let job = 0; job < JOBS; job++) addJob(state, { tags: { bench: NAME } });
  await deployment.until(({ spec }) => spec?.replicas === JOBS, `${JOBS} replicas`);
  const scaled = seconds(started);
  await deployment.until(({ status }) => status?.readyReplicas === JOBS, `${JOBS} ready pods`);
  const ready = seconds(started);
  state.provisionerJobs.length = 0;
  const ended = performance.now();
  await deployment.until(({ status }) => status?.replicas === 1, "one pod again");
  return { scaled, ready, down: seconds(ended) };
}

function push(rows: Ground["rows"], what: string, rounds: readonly Round[], field: keyof Round): void {
  const { median, most } = spread(rounds.map((round) => round[field]));
  rows.push({ what, measured: `${median.toFixed(1)} s, at most ${most.toFixed(1)} s`, value: median });
}
