/** A Secret or ConfigMap that a container's settings name is not there, or lacks a key. */
import { timeText } from "../../core_events.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { configWords, type MissingConfig } from "../../pods/missing_config.ts";
import {
  containerNames,
  eventsOfPod,
  foldedBy,
  type PodContainer,
  podFacts,
  unwellContainers,
} from "../../pods/pod_facts.ts";
import { describePod, isName, kubectl } from "../../pods/steps.ts";
import type { Evidence, Finding, NextStep, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const configMissing: Rule = {
  id: "config-missing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 86,
  explains: NOT_STARTED,
  docs: {
    title: "A Secret or ConfigMap is missing, or lacks a key",
    symptom: "The pod waits with CreateContainerConfigError.",
    cause:
      "An environment variable is taken out of a Secret or ConfigMap that does not exist, or that has no such key.",
    evidence: "The node's words, which name the object and the key.",
    remedy: "Make the object or add the key; the node tries again by itself.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = unwellContainers(read).flatMap((one): (PodContainer & MissingConfig & Quoted)[] => {
      const { pod, container } = one;
      if (container.state !== "waiting" || container.reason !== "CreateContainerConfigError") return [];
      const event = eventsOfPod(read, pod).find(({ message }) => configWords(message) !== undefined);
      const missing = configWords(container.message) ?? configWords(event?.message ?? "");
      if (missing === undefined) return [];
      const status = {
        source: `status of pod ${pod.ref}`,
        at: timeText(read.now),
        quote: `${container.reason}: ${container.message}`,
      };
      return [{
        ...one,
        ...missing,
        evidence: [status, ...(event === undefined ? [] : [eventEvidence(event)])],
      }];
    });
    return foldedBy(hits, ({ pod, kind, name, key }) => [pod.namespace, kind, name, key].join(" ")).map(
      (group): Finding => {
        const [{ pod, kind, name, key, evidence }] = group;
        const object = `${kind} ${pod.namespace}/${name}`;
        const who = containerNames(group);
        return {
          cause: key === ""
            ? `The ${object}, which ${who} needs, does not exist.`
            : `The ${object} has no key ${key}, which ${who} needs.`,
          confidence: "certain",
          evidence,
          next: [...steps(pod.namespace, { kind, name, key }), describePod(pod)],
        };
      },
    );
  },
};

interface Quoted {
  readonly evidence: readonly Evidence[];
}

/** How it is made or completed; values are asked for, never on the command line. */
function steps(namespace: string, { kind, name, key }: MissingConfig): NextStep[] {
  if (!isName(name) || !isName(key || "none")) return [];
  if (key === "") {
    return [{
      text: `Make the ${kind} ${name}, with the keys that the pod names.`,
      command: kubectl(
        namespace,
        "create",
        ...(kind === "Secret" ? ["secret", "generic"] : ["configmap"]),
        name,
        `--from-file=${kind === "Secret" ? "KEY=/dev/stdin" : "KEY=FILE"}`,
      ),
    }];
  }
  const lower = kind.toLowerCase();
  return [
    { text: `Add the key ${key}.`, command: kubectl(namespace, "edit", lower, name) },
    { text: "See which keys there are.", command: kubectl(namespace, "describe", lower, name) },
  ];
}
