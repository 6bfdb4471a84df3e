/** Probes that fail, in the node's words. */
import type { Evidence, Finding, NextStep } from "../types.ts";
import type { Facts } from "../facts.ts";
import { logEvidence } from "./ends.ts";
import { eventEvidence, type EventView } from "./event_view.ts";
import { containerNames, eventsOfPod, foldedBy, type PodContainer, type PodFacts } from "./pod_facts.ts";
import { correct, describePod, readLog } from "./steps.ts";
import type { ContainerView, PodView } from "./pod_view.ts";

export type Probe = "Readiness" | "Liveness" | "Startup";

/** A container with the newest failure of a probe. */
export interface ProbeHit extends PodContainer {
  readonly event: EventView | undefined;
}

/** The newest `Unhealthy` of a probe of one container; where an event does not name the container, of the pod's only one. */
export function probeEvent(
  read: PodFacts,
  pod: PodView,
  container: ContainerView,
  probe: Probe,
): EventView | undefined {
  return eventsOfPod(read, pod).find(({ reason, message, fieldPath }) => {
    const name = /\{([^}]*)\}/.exec(fieldPath)?.[1];
    const isOwn = name === undefined ? pod.containers.length === 1 : name === container.name;
    return reason === "Unhealthy" && isOwn && message.startsWith(`${probe} probe`);
  });
}

/** What a probe met: `it answers HTTP 503`, `connection refused`, its own words. */
export function probeWords(message: string): string {
  const status = /statuscode: (\d+)/i.exec(message)?.[1];
  if (status !== undefined) return `it answers HTTP ${status}`;
  if (/connection refused/i.test(message)) return "nothing listens on its port (connection refused)";
  if (/no route to host|network is unreachable/i.test(message)) return "its node does not reach it";
  if (/x509|tls:|certificate/i.test(message)) return "TLS fails";
  if (/deadline exceeded|timed? ?out|Client\.Timeout|i\/o timeout/i.test(message)) {
    return "it does not answer in time";
  }
  if (/service unhealthy/i.test(message)) return "its gRPC health service says that it is not well";
  if (/no such host/i.test(message)) return "its host name is not found";
  const own = /probe (?:failed|errored):\s*(.*)$/s.exec(message)?.[1]?.replace(/\s+/g, " ").trim() ?? "";
  return own === "" ? "its command fails" : own.length <= 160 ? own : `${own.slice(0, 159).toWellFormed()}…`;
}

/** One finding for each container and what its probe meets. @param says after the container's name */
export function probeFindings(
  facts: Facts,
  hits: readonly ProbeHit[],
  says: (group: readonly [ProbeHit, ...ProbeHit[]], words: string) => string,
): Finding[] {
  const wordsOf = ({ event }: ProbeHit) => event === undefined ? "" : probeWords(event.message);
  return foldedBy(hits, (hit) => `${hit.pod.namespace} ${hit.container.name} ${wordsOf(hit)}`).map(
    (group): Finding => {
      const [first] = group;
      const { pod, container, event } = first;
      const log = logEvidence(facts, first);
      const evidence: Evidence[] = [
        event === undefined
          ? { source: `status of pod ${pod.ref}`, quote: `${container.about} runs and is not ready` }
          : eventEvidence(event),
        ...(log === undefined ? [] : [log]),
      ];
      const next: NextStep[] = [
        readLog(first, container.state === "waiting"),
        describePod(pod),
        correct(facts, "the probe, if it asks for the wrong thing"),
      ];
      const who = containerNames(group).replace(/^[cis]/, (letter) => letter.toUpperCase());
      return {
        cause: `${who} ${says(group, wordsOf(first))}`,
        confidence: event === undefined ? "likely" : "certain",
        evidence,
        next,
      };
    },
  );
}
