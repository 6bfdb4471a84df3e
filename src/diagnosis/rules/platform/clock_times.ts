/** Times that clocks of others have given to what was seen. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { record, text, time } from "../../foreign.ts";
import { eventEvidence, eventView } from "../../pods/event_view.ts";
import { podView } from "../../pods/pod_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence } from "../../types.ts";

/** What is less is a matter of the way. */
export const LEAST_MS = 60_000;
/** Coder calls a daemon offline that it has not heard of for 90 seconds. */
const DAEMON_MS = 90_000;
/** And an agent disconnected within a few minutes. */
const AGENT_MS = 300_000;

/** A time that somebody's clock has given to something. */
export interface Stamp {
  /** `Coder`, or where in Kubernetes. */
  readonly clock: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly evidence: Evidence;
  /** The node whose clock it is, where that is known. */
  readonly node?: string | undefined;
  /** It has to be this young, in milliseconds. */
  readonly youngerThan?: number | undefined;
}

/** Times in what was seen, whoever's clock they are of; `at` is 0 where there is none. */
export function stampsOf(facts: Facts): Stamp[] {
  return [...coderStamps(facts), ...eventStamps(facts), ...podStamps(facts), ...leaseStamps(facts)];
}

function coderStamps({ build, daemons, jobs, now }: Facts): Stamp[] {
  const stamp = (source: string, word: string, at: string | undefined, youngerThan?: number): Stamp => ({
    clock: "Coder",
    at: time(at),
    evidence: {
      source: `${source} in Coder`,
      at: timeText(time(at)),
      quote: `${word} ${at ?? ""}, which is ${distance(time(at), now)}`,
    },
    youngerThan,
  });
  const seen = valueOf(build);
  const ofBuild = seen === undefined ? [] : [
    stamp(`build ${seen.number}`, "created_at", seen.createdAt),
    stamp(`job of build ${seen.number}`, "started_at", seen.job.startedAt),
    stamp(`job of build ${seen.number}`, "completed_at", seen.job.completedAt),
    ...seen.agents.flatMap(({ disconnectedAt, lastConnectedAt, name, status }) => [
      stamp(
        `agent ${name} (${status})`,
        "last_connected_at",
        lastConnectedAt,
        status === "connected" ? AGENT_MS : undefined,
      ),
      stamp(`agent ${name} (${status})`, "disconnected_at", disconnectedAt),
    ]),
  ];
  return [
    ...ofBuild,
    ...(valueOf(daemons) ?? []).map(({ lastSeenAt, name, status }) =>
      stamp(
        `daemon ${name} (${status})`,
        "last_seen_at",
        lastSeenAt,
        status === "idle" || status === "busy" ? DAEMON_MS : undefined,
      )
    ),
    ...(valueOf(jobs) ?? []).map(({ createdAt, id }) =>
      stamp(`provisioner job ${id.slice(0, 8)}`, "created_at", createdAt)
    ),
  ];
}

function eventStamps({ events, now }: Facts): Stamp[] {
  return (valueOf(events) ?? []).map((event) => {
    const view = eventView(event);
    const source = record(record(event)["source"]);
    const node = text(source["host"]);
    const component = text(source["component"]) || text(record(event)["reportingComponent"]);
    const { at } = view;
    return {
      clock: node === "" ? component === "" ? "Kubernetes" : component : `node ${node}`,
      at,
      node: node === "" ? undefined : node,
      evidence: at - now > LEAST_MS ? withDistance(eventEvidence(view), at, now) : eventEvidence(view),
    };
  });
}

/** Conditions of pods are the kubelet's, but for that of the scheduler. */
function podStamps({ now, pods }: Facts): Stamp[] {
  return (valueOf(pods) ?? []).map(podView).flatMap(({ conditions, createdAt, node, ref }) => [
    {
      clock: "the Kubernetes API server",
      at: createdAt,
      evidence: {
        source: `pod ${ref}`,
        at: timeText(createdAt),
        quote: `creationTimestamp, which is ${distance(createdAt, now)}`,
      },
    },
    ...conditions.filter(({ at, type }) => at > 0 && node !== "" && type !== "PodScheduled").map((
      { at, type },
    ) => ({
      clock: `node ${node}`,
      at,
      node,
      evidence: {
        source: `condition ${type} of pod ${ref}`,
        at: timeText(at),
        quote: `lastTransitionTime, which is ${distance(at, now)}`,
      },
    })),
  ]);
}

function leaseStamps({ now, operatorLease }: Facts): Stamp[] {
  const lease = record(valueOf(operatorLease));
  const { namespace, name } = record(lease["metadata"]);
  const spec = record(lease["spec"]);
  const at = time(spec["renewTime"]);
  return [{
    clock: "the operator",
    at,
    evidence: {
      source: `lease ${text(namespace)}/${text(name)} of ${text(spec["holderIdentity"]) || "nobody"}`,
      at: timeText(at),
      quote: `renewTime, which is ${distance(at, now)}`,
    },
  }];
}

function withDistance(evidence: Evidence, at: number, now: number): Evidence {
  return { ...evidence, quote: `${evidence.quote} (${distance(at, now)})` };
}

function distance(at: number, now: number): string {
  return at > now ? `${duration(at - now)} yet to come` : `${duration(now - at)} ago`;
}

/** `90 seconds`, `12 minutes`, `5 hours`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 120) return `${seconds} seconds`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}
