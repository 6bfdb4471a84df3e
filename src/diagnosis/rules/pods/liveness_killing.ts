/** The node restarts a container because its liveness probe fails. */
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { RECENT_MS } from "../../pods/ends.ts";
import { podFacts } from "../../pods/pod_facts.ts";
import { probeEvent, probeFindings } from "../../pods/probe_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** Fewer restarts of a container that is ready again are no trouble any more. */
const OFTEN = 3;

/** See the file's head. */
export const livenessKilling: Rule = {
  id: "liveness-killing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 74,
  explains: [...NOT_RUNNING, "crash-loop", "readiness-failing"],
  docs: {
    title: "The liveness probe restarts a container",
    symptom: "The container is restarted again and again, with exit code 137 or 143.",
    cause: "Its liveness probe fails: the program hangs, is too busy, or the probe asks for the wrong thing.",
    evidence: "The node's words: Liveness probe failed.",
    remedy: "Look into the log of the run before; give the probe more time if the program is only slow.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = read.current.flatMap((pod) =>
      pod.containers.flatMap((container) => {
        const { probes, restarts, ready, state } = container;
        if (!probes.liveness || restarts === 0) return [];
        const event = probeEvent(read, pod, container, "Liveness");
        if (event === undefined || (event.at !== 0 && read.now - event.at > RECENT_MS)) return [];
        return state === "running" && ready && restarts < OFTEN ? [] : [{ pod, container, event }];
      })
    );
    return probeFindings(
      facts,
      hits,
      ([{ container }], words) =>
        `is restarted by its liveness probe (${container.restarts} so far): ${words}.`,
    );
  },
};
