/** A container does not come up before its startup probe gives up. */
import { NOT_RUNNING } from "../../pods/downstream.ts";
import { RECENT_MS } from "../../pods/ends.ts";
import { podFacts, unwellContainers } from "../../pods/pod_facts.ts";
import { probeEvent, probeFindings } from "../../pods/probe_trouble.ts";
import type { Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

const SLOW_MS = 30_000;

/** See the file's head. */
export const startupProbeFailing: Rule = {
  id: "startup-probe-failing",
  subjects: ALL_SUBJECTS,
  needs: ["pods", "events"],
  depth: 72,
  explains: [...NOT_RUNNING, "crash-loop", "readiness-failing"],
  docs: {
    title: "A container does not start in time",
    symptom: "The container runs, is restarted after a while, and is never ready.",
    cause: "Its startup probe fails until the node gives up and restarts it.",
    evidence: "The node's words: Startup probe failed.",
    remedy: "Look into its log for what takes so long; give the probe more time if that is normal.",
  },
  find(facts) {
    const read = podFacts(facts);
    const hits = unwellContainers(read).flatMap(({ pod, container }) => {
      const { probes, started, restarts, runningSince } = container;
      if (!probes.startup || started) return [];
      const event = probeEvent(read, pod, container, "Startup");
      if (event === undefined || (event.at !== 0 && read.now - event.at > RECENT_MS)) return [];
      const isSlow = runningSince > 0 && read.now - runningSince > SLOW_MS;
      return restarts > 0 || isSlow ? [{ pod, container, event }] : [];
    });
    return probeFindings(
      facts,
      hits,
      ([{ container }], words) =>
        container.restarts > 0
          ? `does not start in time and is restarted (${container.restarts} so far): ${words}.`
          : `does not start: ${words}.`,
    );
  },
};
