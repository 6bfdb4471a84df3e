/** A container runs, and its readiness probe fails. */
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { podFacts, unwellContainers } from "../../pods/pod_facts.ts";
import { probeEvent, probeFindings } from "../../pods/probe_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** A start that takes longer is worth a word; milliseconds. */
const SLOW_MS = 20_000;
/** Where no event tells it, it has to be longer. */
const SILENT_MS = 60_000;

/** See the file's head. */
export const readinessFailing: Rule = {
  id: "readiness-failing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 60,
  explains: NOT_RUNNING,
  docs: {
    title: "A container is not ready",
    symptom: "The pod is Running and not ready; its Service does not send to it.",
    cause: "The program in it answers its readiness probe with an error, or does not listen.",
    evidence: "The node's words: Readiness probe failed, with the status or the error.",
    remedy: "Look into the log of the container. Correct the probe if it asks for the wrong thing.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = unwellContainers(read).flatMap(({ pod, container }) => {
      const { state, probes, started, runningSince } = container;
      if (state !== "running" || !probes.readiness || (probes.startup && !started)) return [];
      const runs = runningSince === 0 ? 0 : read.now - runningSince;
      const event = probeEvent(read, pod, container, "Readiness");
      const isNow = event !== undefined && (event.at === 0 || event.at >= runningSince);
      const isTold = isNow && (event.count >= 3 || runs >= SLOW_MS || runningSince === 0);
      if (!isTold && runs < SILENT_MS) return [];
      return [{ pod, container, event: isNow ? event : undefined }];
    });
    return probeFindings(
      facts,
      hits,
      (_, words) =>
        `runs, and is not ready: its readiness probe ${
          words === "" ? "does not succeed" : `fails, ${words}`
        }.`,
    );
  },
};
