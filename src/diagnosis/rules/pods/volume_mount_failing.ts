/** A volume cannot be attached or mounted. */
import { NOT_STARTED } from "../../pods/downstream.ts";
import { eventEvidence, type EventView } from "../../pods/event_view.ts";
import { configWords } from "../../pods/missing_config.ts";
import { eventsOfPod, foldedBy, podFacts, podNames, YOUNG_MS } from "../../pods/pod_facts.ts";
import { isOver, isReadyPod, type PodView } from "../../pods/pod_view.ts";
import { correct, describePod, isName, kubectl } from "../../pods/steps.ts";
import type { Finding, NextStep, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

const REASONS = new Set(["FailedMount", "FailedAttachVolume", "FailedMapVolume"]);

/** See the file's head. */
export const volumeMountFailing: Rule = {
  id: "volume-mount-failing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 85,
  explains: NOT_STARTED,
  docs: {
    title: "A volume cannot be mounted",
    symptom: "The pod has a node and stays in ContainerCreating.",
    cause:
      "A Secret or ConfigMap that it mounts is missing or lacks a key, its disk is still held by another node, or " +
      "the storage does not answer.",
    evidence: "The node's words: FailedMount, FailedAttachVolume.",
    remedy: "Make what is missing; let go of the disk on the other node; look after the storage's driver.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = read.current.flatMap((pod) => {
      if (isOver(pod) || isReadyPod(pod) || pod.containers.some(({ state }) => state === "running")) {
        return [];
      }
      const events = eventsOfPod(read, pod).filter(({ reason }) => REASONS.has(reason));
      // "Timed out" comes after what is the matter, and says less.
      const event = events.find(({ message }) => !isTimeout(message)) ?? events[0];
      // What a pod mounts is often made at the same time: it is tried again.
      const isYoung = pod.createdAt > 0 && read.now - pod.createdAt < YOUNG_MS;
      return event === undefined || (isYoung && event.count < 3) ? [] : [{ pod, event }];
    });
    return foldedBy(hits, ({ pod, event }) => `${pod.namespace} ${said(event, pod)}`).map(
      (group): Finding => {
        const [{ pod, event }] = group;
        return {
          cause: `The volumes of ${podNames(group.map((one) => one.pod))} cannot be mounted: ${
            said(event, pod)
          }`,
          confidence: "certain",
          evidence: [eventEvidence(event)],
          next: [...steps(event, pod), correct(facts, "the volumes"), describePod(pod)],
        };
      },
    );
  },
};

function isTimeout(message: string): boolean {
  return /timed out waiting for the condition|context deadline exceeded|timeout expired/i.test(message);
}

function said({ message }: EventView, { namespace }: PodView): string {
  const missing = configWords(message);
  if (missing !== undefined) return `the ${missing.kind} ${namespace}/${missing.name} does not exist.`;
  const key = /references non-existent (secret|config) key: (\S+)/i.exec(message);
  const volume = /for volume "([^"]+)"/i.exec(message)?.[1];
  if (key !== null) {
    return `the ${
      key[1]!.toLowerCase() === "secret" ? "Secret" : "ConfigMap"
    } of the volume ${volume} has no key ` +
      `${key[2]}.`;
  }
  if (/multi-attach error/i.test(message)) {
    return `${volume === undefined ? "a volume" : `the volume ${volume}`} is still attached to another node.`;
  }
  if (isTimeout(message)) {
    const left = /unmounted volumes=\[([^\]]*)\]/i.exec(message)?.[1];
    return `${left ? `the volumes ${left.trim()}` : "they"} did not come in time.`;
  }
  return `${volume === undefined ? "a volume" : `the volume ${volume}`} fails, see the node's words.`;
}

function steps({ message }: EventView, { namespace, claims }: PodView): NextStep[] {
  const missing = configWords(message);
  if (missing !== undefined && isName(missing.name)) {
    return [{
      text: `See which there are: ${missing.name} is needed.`,
      command: kubectl(namespace, "get", missing.kind.toLowerCase()),
    }];
  }
  if (/multi-attach/i.test(message)) {
    return [{
      text: "See which pod on which node holds the volume: it has to go first.",
      command: kubectl(namespace, "describe", "pvc", ...claims),
    }];
  }
  return [];
}
