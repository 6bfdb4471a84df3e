/** Is each Coder reached, and is it one that is understood? */
import { z } from "zod";
import { sayings } from "../finding.ts";
import { conditionOf, conditions, listOf, metadata } from "../shapes.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";
import { FIRST_CODER_MINOR, TESTED_CODER_MINORS } from "../versions.ts";

const say = sayings("control-planes");
/** More are not asked one by one. */
const MOST_ASKED = 50;

const controlPlane = z.object({
  metadata,
  spec: z.object({ replicas: z.number().optional().catch(undefined) }).catch({}),
  status: z.object({ phase: z.string().catch(""), conditions }).catch({ phase: "", conditions: [] }),
});

export const controlPlanes: Check = {
  id: "control-planes",
  phases: ["after"],
  async run(world) {
    const reading = await world.read("/apis/coder.com/v1alpha1/codercontrolplanes", listOf(controlPlane));
    if (reading.state === "unread") return [say.unread("Control planes", reading)];
    const all = reading.state === "seen" ? reading.value.items : [];
    if (all.length === 0) {
      return [say.ok("There is no control plane yet: kubectl apply -f a CoderControlPlane.")];
    }
    const findings = (await Promise.all(all.slice(0, MOST_ASKED).map((each) => one(each, world)))).flat();
    if (all.length <= MOST_ASKED) return findings;
    return [...findings, say.unknown(`${all.length - MOST_ASKED} more control planes were not asked.`)];
  },
};

async function one(
  { metadata: { namespace, name }, spec, status }: z.infer<typeof controlPlane>,
  world: CheckWorld,
): Promise<Finding[]> {
  const what = `Control plane ${namespace}/${name}`;
  const diagnose = `coder-k8s diagnose controlplane ${name} -n ${namespace}`;
  if (spec.replicas === 0) return [say.ok(`${what} is scaled to nothing.`)];
  const ready = conditionOf(status.conditions, "Ready");
  if (ready?.status !== "True") {
    const why = ready?.message ||
      (status.phase === "" ? "the operator has said nothing yet" : `it is ${status.phase}`);
    return [say.failed(`${what} is not ready: ${why}`, diagnose)];
  }
  const reachable = conditionOf(status.conditions, "CoderReachable");
  if (reachable?.status === "False") {
    return [say.failed(`${what}: the operator does not reach its Coder: ${reachable.message}`, diagnose)];
  }
  const answer = await world.coder(namespace, name);
  if ("why" in answer) {
    return [
      reachable?.status === "True"
        ? say.ok(
          `${what} is ready, and the operator reaches its Coder (from here it was not: ${answer.why}).`,
        )
        : say.unknown(`${what} is ready; its Coder was not reached from here: ${answer.why}`, diagnose),
    ];
  }
  return [versionFinding(what, answer.version)];
}

function versionFinding(what: string, version: string): Finding {
  const [, major, minor] = /^v?(\d+)\.(\d+)\./.exec(version) ?? [];
  const is = Number(minor);
  const ready = `${what} is ready, Coder ${version} answers`;
  if (major !== "2" || is < FIRST_CODER_MINOR) {
    return say.failed(
      `${ready}, and is too old: 2.${FIRST_CODER_MINOR} is the first that is understood.`,
      "Upgrade it: set a newer tag in spec.image.",
    );
  }
  if (is > Math.max(...TESTED_CODER_MINORS)) return say.warning(`${ready}; it is newer than those tested.`);
  return say.ok(`${ready}.`);
}
