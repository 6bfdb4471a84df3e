/** Do the pods run, and are they of this version? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { conditionOf, type Deployment, deployment, listOf, metadata } from "../shapes.ts";
import { DEPLOYMENTS } from "../names.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";

const say = sayings("deployments");

const containerState = z.object({
  name: z.string().catch(""),
  state: z.object({
    waiting: z.object({ reason: z.string().catch(""), message: z.string().catch("") }).optional().catch(
      undefined,
    ),
  }).catch({}),
});
const pod = z.object({
  metadata,
  status: z.object({
    phase: z.string().catch(""),
    containerStatuses: z.array(containerState).catch([]),
    conditions: z.array(z.object({
      type: z.string(),
      status: z.string(),
      message: z.string().catch(""),
    })).catch([]),
  }),
});

export const deployments: Check = {
  id: "deployments",
  phases: ["after"],
  async run(world) {
    const reading = await world.read(DEPLOYMENTS, listOf(deployment));
    if (reading.state !== "seen") return [];
    const ours = reading.value.items.filter(({ metadata }) => metadata.namespace === world.namespace);
    return (await Promise.all(ours.map((each) => one(each, world)))).flat();
  },
};

async function one(each: Deployment, world: CheckWorld): Promise<Finding[]> {
  const { metadata: { name }, spec: { replicas, template }, status } = each;
  const findings: Finding[] = [];
  const next = `kubectl -n ${world.namespace} describe pods -l app.kubernetes.io/name=coder-k8s`;
  if (replicas === 0) {
    findings.push(
      say.failed(
        `Deployment ${name} has no replicas.`,
        `kubectl -n ${world.namespace} scale deployment ${name} --replicas=2`,
      ),
    );
  } else if (status.readyReplicas === 0) {
    findings.push(
      say.failed(`Deployment ${name} has no ready pod of ${replicas}${await because(each, world)}.`, next),
    );
  } else if (status.readyReplicas < replicas) {
    findings.push(say.warning(
      `Deployment ${name} has ${status.readyReplicas} ready pods of ${replicas}${await because(
        each,
        world,
      )}.`,
      next,
    ));
  } else findings.push(say.ok(`Deployment ${name}: ${status.readyReplicas} of ${replicas} pods are ready.`));
  for (
    const { image } of template.spec.containers.filter(({ name }) =>
      name === "coder-k8s" || name === each.metadata.name
    )
  ) {
    const tag = /:([^:@/]+)(?:@|$)/.exec(image)?.[1] ?? "latest";
    if (world.version !== "dev" && tag.replace(/^v/, "") !== world.version && /^v?\d/.test(tag)) {
      findings.push(say.warning(
        `Deployment ${name} runs ${tag}, and this program is ${world.version}.`,
        "Use the program of that version, or upgrade: coder-k8s install",
      ));
    }
  }
  return findings;
}

/** Why a pod is not ready, in the words of the cluster; empty where nothing says it. */
async function because({ spec, status }: Deployment, world: CheckWorld): Promise<string> {
  const labels = Object.entries(spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`).join(",");
  const path = `/api/v1/namespaces/${world.namespace}/pods?labelSelector=${encodeURIComponent(labels)}`;
  const pods = await world.read(path, listOf(pod));
  const waiting = pods.state !== "seen" ? undefined : pods.value.items
    .flatMap(({ status }) => status.containerStatuses.map(({ state }) => state.waiting))
    .find((state) => state !== undefined && state.reason !== "");
  if (waiting !== undefined) {
    return `: ${waiting.reason}${waiting.message === "" ? "" : `, ${waiting.message}`}`;
  }
  const unscheduled = pods.state !== "seen" ? undefined : pods.value.items
    .flatMap(({ status }) => status.conditions)
    .find(({ type, status, message }) => type === "PodScheduled" && status === "False" && message !== "");
  if (unscheduled !== undefined) return `: ${unscheduled.message}`;
  const failure = conditionOf(status.conditions, "ReplicaFailure");
  return failure?.status === "True" ? `: ${failure.message}` : "";
}
