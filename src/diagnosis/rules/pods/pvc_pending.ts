/** A volume claim does not get its volume. */
import { list, record, text, time } from "../../foreign.ts";
import { timeText } from "../../core_events.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { eventEvidence, eventsOf, type EventView } from "../../pods/event_view.ts";
import { podFacts, YOUNG_MS } from "../../pods/pod_facts.ts";
import { describeObject } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Confidence, Finding, NextStep, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** Provisioners take a while. */
const SLOW_MS = 60_000;

/** See the file's head. */
export const pvcPending: Rule = {
  id: "pvc-pending",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "claims", "events"],
  depth: 86,
  explains: [...NOT_STARTED, "unschedulable-volume", "volume-mount-failing"],
  docs: {
    title: "A volume claim stays pending",
    symptom: "The pod stays Pending; its PersistentVolumeClaim is not bound.",
    cause:
      "Its storage class does not exist, none is named and there is no default one, the storage refuses to make " +
      "the volume, or the provisioner of the class does not run.",
    evidence: "The words about the claim: ProvisioningFailed, FailedBinding.",
    remedy: "Name a storage class that exists, or look after the storage's driver.",
  },
  find(facts) {
    const { events, now } = podFacts(facts);
    return list(valueOf(facts.claims)).map(record).flatMap((claim): Finding[] => {
      const { metadata, spec, status } = claim;
      const name = text(record(metadata)["name"]);
      const namespace = text(record(metadata)["namespace"]);
      const phase = text(record(status)["phase"]) || "Pending";
      const created = time(record(metadata)["creationTimestamp"]);
      if (name === "" || phase === "Bound") return [];
      const uid = text(record(metadata)["uid"]);
      const about = eventsOf(events, { kind: "PersistentVolumeClaim", namespace, name, uid });
      const read: Claim = {
        name: `${namespace}/${name}`,
        storageClass: record(spec)["storageClassName"],
        volume: text(record(spec)["volumeName"]),
        phase,
        age: created === 0 ? 0 : now - created,
      };
      const told = phase === "Lost" ? lost(read) : reasonOf(read, about);
      if (told === undefined) return [];
      return [{
        cause: told.cause,
        confidence: told.confidence,
        evidence: [
          ...(told.event === undefined ? [] : [eventEvidence(told.event)]),
          {
            source: `volume claim ${read.name}`,
            at: timeText(now),
            quote: `phase ${phase}, storage class ${text(read.storageClass) || "none"}`,
          },
        ],
        next: [...told.next, describeObject("pvc", namespace, name)],
      }];
    });
  },
};

interface Claim {
  /** With its namespace. */
  readonly name: string;
  readonly storageClass: unknown;
  readonly volume: string;
  readonly phase: string;
  readonly age: number;
}

interface Told {
  readonly cause: string;
  readonly confidence: Confidence;
  readonly event?: EventView | undefined;
  readonly next: readonly NextStep[];
}

const CLASSES: NextStep = {
  text: "See which storage classes there are.",
  command: "kubectl get storageclass",
};

function lost({ name }: Claim): Told {
  return {
    cause: `The volume claim ${name} has lost its volume: the volume was deleted.`,
    confidence: "certain",
    next: [{ text: "See which volumes there are.", command: "kubectl get pv" }],
  };
}

function reasonOf(claim: Claim, events: readonly EventView[]): Told | undefined {
  const { name, age } = claim;
  const failed = events.find(({ reason, message }) =>
    reason === "ProvisioningFailed" || reason === "FailedBinding" || reason === "VolumeMismatch" ||
    /storageclass.* not found|no persistent volumes available/i.test(message)
  );
  const says = (words: string, confidence: Confidence = "certain", event = failed): Told => ({
    cause: `The volume claim ${name} gets no volume: ${words}.`,
    confidence,
    event,
    next: [CLASSES],
  });
  if (failed !== undefined) {
    const missing = /storageclass(?:\.storage\.k8s\.io)? "([^"]+)" not found/i.exec(failed.message)?.[1];
    if (missing !== undefined) return says(`there is no storage class ${missing}`);
    if (/no storage class is set/i.test(failed.message)) {
      return says("it names no storage class, and there is no default one");
    }
    if (failed.reason === "ProvisioningFailed") return says("the storage does not make it, see its words");
    return says("no volume fits it");
  }
  // A claim that waits until its pod has a node is as it should be.
  if (events.some(({ reason }) => reason === "WaitForFirstConsumer" || reason === "WaitForPodScheduled")) {
    return undefined;
  }
  const waiting = events.find(({ reason }) => reason === "ExternalProvisioning");
  if (waiting !== undefined && age > SLOW_MS) {
    const driver = /provisioner '([^']+)'/i.exec(waiting.message)?.[1];
    return says(
      `the provisioner${driver === undefined ? "" : ` ${driver}`} has not made it yet, and may not run`,
      "likely",
      waiting,
    );
  }
  if (text(claim.storageClass) === "" && claim.volume === "" && age > YOUNG_MS) {
    return says("it names no storage class, and none was set by default", "likely", undefined);
  }
  return undefined;
}
