/** An agent was connected and is gone. */
import type { Rule } from "../../types.ts";
import { shortTime } from "../../waiting.ts";
import {
  agentEvidence,
  agentNames,
  readPodLog,
  restart,
  runningView,
  seePods,
  troubleshooting,
} from "./agents.ts";

/** See the file's head. */
export const agentLost: Rule = {
  id: "agent-lost",
  subjects: ["workspace"],
  needs: ["build", "pods"],
  depth: 40,
  explains: ["app-unhealthy", "startup-script-failed"],
  docs: {
    title: "The agent lost its connection",
    symptom: "The workspace runs for Coder, and nobody can connect to it any more.",
    cause: "The pod or machine ended or is cut off, or the agent was killed.",
    evidence: "Since when Coder has not heard of the agent.",
    remedy: "See how the pod is; restart the workspace if it does not come back.",
  },
  find(facts) {
    const view = runningView(facts);
    const lost = view?.agents.filter(({ status }) => status === "disconnected") ?? [];
    const [first] = lost;
    if (view === undefined || first === undefined) return [];
    const since = first.disconnectedAt ?? first.lastConnectedAt;
    const verb = lost.length === 1 ? "is" : "are";
    return [{
      cause: `The workspace runs, but its ${agentNames(lost)} ${verb} disconnected${
        since === undefined ? "" : ` since ${shortTime(since)}`
      }.`,
      confidence: "certain",
      evidence: lost.slice(0, 3).map((agent) => agentEvidence(view, agent, agent.disconnectedAt ?? since)),
      next: [
        seePods(facts, view),
        ...readPodLog(facts, view),
        restart(view, "Restart the workspace if the agent does not come back."),
        ...troubleshooting(lost),
      ],
    }];
  },
};
