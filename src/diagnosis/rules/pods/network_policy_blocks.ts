/** The pod runs, nothing is heard of what is in it, and a network policy does not let it out. */
import type { Facts } from "../../facts.ts";
import { list, record, text, time } from "../../foreign.ts";
import { timeText } from "../../core_events.ts";
import { type Egress, egressOf } from "../../pods/egress.ts";
import { named, podFacts } from "../../pods/pod_facts.ts";
import { isReadyPod, type PodView } from "../../pods/pod_view.ts";
import { kubectl, readLog } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import { areDaemonsShown, isConnected, ownDaemons, subjectOf } from "../provisioners/seen.ts";
import type { Confidence, Evidence, Finding, Rule } from "../../types.ts";

/** Agents and daemons connect within seconds of their start. */
const PATIENCE_MS = 60_000;

/** See the file's head. */
export const networkPolicyBlocks: Rule = {
  id: "network-policy-blocks",
  subjects: ["workspace", "provisioner"],
  needs: ["pods", "networkPolicies"],
  depth: 62,
  explains: ["agent-never-connected", "provisioner-not-connected", "app-unhealthy"],
  docs: {
    title: "A network policy keeps the pod from Coder",
    symptom: "The pod runs, and its agent or provisioner daemon never connects.",
    cause: "A NetworkPolicy selects the pod for what goes out, and allows neither DNS nor the way to Coder.",
    evidence: "That nothing has connected, and the policies that select the pod.",
    remedy: "Allow DNS (port 53) and the way to Coder's access URL in the policy.",
  },
  find(facts) {
    const silent = silence(facts);
    if (silent === undefined) return [];
    const { current, now } = podFacts(facts);
    return current.filter((pod) => isReadyPod(pod) && now - pod.createdAt > PATIENCE_MS).slice(0, 1).flatMap(
      (pod): Finding[] => {
        const egress = egressOf(pod, valueOf(facts.networkPolicies));
        const blocked = egress === undefined ? undefined : blockedBy(egress, portsOf(facts));
        if (egress === undefined || blocked === undefined) return [];
        return [finding(pod, egress, blocked, silent, now)];
      },
    );
  },
};

interface Blocked {
  readonly words: string;
  readonly confidence: Confidence;
}

function blockedBy(egress: Egress, ports: readonly number[]): Blocked | undefined {
  if (egress.isClosed) return { words: "lets nothing out", confidence: "likely" };
  if (!egress.allows(53, "UDP") && !egress.allows(53, "TCP")) {
    return { words: "does not let it ask DNS (port 53)", confidence: "likely" };
  }
  if (ports.some((port) => egress.allows(port, "TCP"))) return undefined;
  return { words: `does not let it out to Coder (port ${ports.join(" or ")})`, confidence: "possible" };
}

function finding(
  pod: PodView,
  { policies }: Egress,
  { words, confidence }: Blocked,
  silent: Evidence,
  now: number,
): Finding {
  const [container] = pod.containers.filter(({ kind }) => kind === "main");
  const which = named("network policy", policies).replace(/^network policys/, "network policies");
  return {
    cause: `Pod ${pod.ref} runs and nothing in it reaches Coder: the ${which} ${
      policies.length === 1 ? words : words.replace(/^lets/, "let").replace(/^does/, "do")
    }.`,
    confidence,
    evidence: [silent, {
      source: `network policies in ${pod.namespace}`,
      at: timeText(now),
      quote: `${policies.join(", ")}: ${
        policies.length === 1 ? "selects" : "select"
      } pod ${pod.name} for Egress`,
    }],
    next: [
      {
        text: "See what may go out, and allow DNS and the way to Coder's access URL.",
        command: kubectl(pod.namespace, "describe", "networkpolicy", ...policies.slice(0, 3)),
      },
      ...(container === undefined ? [] : [readLog({ pod, container }, false)]),
    ],
  };
}

/** Quotes that nothing has ever connected; undefined where something has, or nobody knows. */
function silence(facts: Facts): Evidence | undefined {
  return facts.subject.kind === "workspace" ? silentAgent(facts) : silentDaemons(facts);
}

function silentAgent(facts: Facts): Evidence | undefined {
  for (const agent of list(record(valueOf(facts.build))["agents"]).map(record)) {
    const { name, status, firstConnectedAt, createdAt } = agent;
    const isLate = status === "timeout" ||
      (status === "connecting" && time(createdAt) > 0 && facts.now - time(createdAt) > PATIENCE_MS);
    if (!isLate || firstConnectedAt !== undefined) continue;
    return {
      source: `agent ${text(name)} in Coder`,
      ...(time(createdAt) === 0 ? {} : { at: timeText(time(createdAt)) }),
      quote: `status ${text(status)}, never connected`,
    };
  }
  return undefined;
}

function silentDaemons(facts: Facts): Evidence | undefined {
  const view = subjectOf(facts);
  const own = view === undefined ? undefined : ownDaemons(facts, view);
  if (own === undefined || own.some(isConnected) || !areDaemonsShown(facts)) return undefined;
  const names = podFacts(facts).all.map(({ name }) => name).slice(0, 3).join(", ");
  return {
    source: "provisioner daemons in Coder",
    at: timeText(facts.now),
    quote: own.length === 0 ? `none is called as a pod: ${names}` : "all are offline",
  };
}

/** The ports that Coder may be asked at. */
function portsOf(facts: Facts): readonly number[] {
  const plane = record(valueOf(facts.controlPlane));
  const status = record(plane["status"]);
  const urls = facts.subject.kind === "workspace"
    ? [text(status["externalURL"]) || text(status["url"])]
    : [text(status["url"]), text(status["externalURL"])];
  const ports = urls.flatMap((url) => {
    const read = URL.parse(url);
    return read === null ? [] : [Number(read.port) || (read.protocol === "http:" ? 80 : 443)];
  });
  // What a Service's port leads to is what policies see.
  return [...new Set([...ports, 80, 443, 8080, 8443])];
}
