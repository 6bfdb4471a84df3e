/** Pods and claims that the API server refused, in the words of controllers and of Terraform. */
import type { Facts } from "../facts.ts";
import { list, record, text } from "../foreign.ts";
import { valueOf } from "../seen.ts";
import type { Evidence, NextStep } from "../types.ts";
import { eventEvidence, type EventView } from "./event_view.ts";
import { podFacts } from "./pod_facts.ts";
import { isReadyPod } from "./pod_view.ts";
import { seeEvents } from "./steps.ts";

/** One refusal. */
export interface Refusal {
  readonly words: string;
  readonly evidence: Evidence;
  /** `ReplicaSet lab/dev-5d4f` or `the template's build`: what wanted to make it. */
  readonly who: string;
  readonly namespace: string;
  readonly next: readonly NextStep[];
}

const REASONS = new Set(["FailedCreate", "ReplicaSetCreateError"]);
/** Controllers try again after 1,000 seconds at the latest: what is older is over. */
const LONGEST_PAUSE_MS = 1_200_000;
const REFUSED =
  /is forbidden:|exceeded quota|failed quota|admission webhook|failed calling webhook|violates PodSecurity|ValidatingAdmissionPolicy/i;

/** The newest of each who; nothing of those that were followed by a pod. */
export function refusals(facts: Facts): readonly Refusal[] {
  return [...ofEvents(facts), ...ofBuild(facts)];
}

function ofEvents(facts: Facts): Refusal[] {
  const { events, all, now } = podFacts(facts);
  if (record(record(valueOf(facts.deployment))["spec"])["replicas"] === 0) return [];
  const newest = new Map<string, EventView>();
  for (const event of events) {
    if (!REASONS.has(event.reason) || (event.at !== 0 && now - event.at > LONGEST_PAUSE_MS)) continue;
    const key = `${event.kind}/${event.namespace}/${event.name}`;
    if (newest.has(key)) continue;
    newest.set(key, event);
  }
  return [...newest.values()].filter((event) => !isOver(event)).map((event) => ({
    words: event.message,
    evidence: eventEvidence(event),
    who: `${event.kind} ${event.namespace}/${event.name}`,
    namespace: event.namespace,
    next: [seeEvents(event.namespace, event.kind, event.name)],
  }));

  /** It got its pod later, or a newer one of the same Deployment runs. */
  function isOver({ kind, name, at }: EventView): boolean {
    return all.some((pod) => {
      const isOwn = pod.owner.name === name && pod.owner.kind === kind;
      const isFamily = isOwn || (kind === "ReplicaSet" && familyOf(pod.owner.name) === familyOf(name));
      return isOwn ? pod.createdAt >= at : isFamily && isReadyPod(pod) && pod.createdAt > at;
    });
  }
}

function familyOf(replicaSet: string): string {
  return replicaSet.replace(/-[a-z0-9]+$/, "");
}

/** Terraform quotes the API server in its log and in the job's error. */
function ofBuild(facts: Facts): Refusal[] {
  const build = record(valueOf(facts.build));
  const job = record(build["job"]);
  const status = text(job["status"]);
  if (status !== "failed" && status !== "running") return [];
  const lines = list(valueOf(facts.buildLog)).map(record);
  const line = lines.findLast((one) => one["level"] === "error" && REFUSED.test(text(one["text"]))) ??
    lines.findLast((one) => REFUSED.test(text(one["text"])));
  const number = typeof build["number"] === "number" ? ` ${build["number"]}` : "";
  const words = text(line?.["text"]) || (REFUSED.test(text(job["error"])) ? text(job["error"]) : "");
  if (words === "") return [];
  const at = text(line?.["at"]) || text(job["completedAt"]);
  const source = line === undefined ? `error of build${number}` : `log of build${number}`;
  return [{
    words,
    evidence: { source, ...(at === "" ? {} : { at }), quote: words },
    who: `build${number}`,
    namespace: "",
    next: [{
      text: "See the build's log.",
      tool: {
        name: "get_workspace_build_log",
        arguments: { namespace: facts.subject.namespace, name: facts.subject.name, tailLines: 100 },
      },
    }],
  }];
}

/** What was to be made: `pod`, `volume claim` or the plural that is quoted. */
export function refusedThing(words: string): string {
  const plural = /\b([a-z]+) "[^"]*" is forbidden/.exec(words)?.[1];
  if (plural === "persistentvolumeclaims") return "volume claim";
  return plural === undefined || plural === "pods" ? "pod" : plural.replace(/s$/, "");
}
