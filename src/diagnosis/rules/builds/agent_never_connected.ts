/** The build succeeded, and an agent has never connected. */
import type { AgentFacts } from "../../coder_facts.ts";
import type { Facts } from "../../facts.ts";
import { kubectl } from "../../pods/steps.ts";
import type { Evidence, Rule } from "../../types.ts";
import { shortTime } from "../../waiting.ts";
import type { WorkspaceView } from "../../workspace_view.ts";
import {
  agentEvidence,
  agentNames,
  podsOf,
  readPodLog,
  runningView,
  seePods,
  troubleshooting,
} from "./agents.ts";
import { evidence } from "./steps.ts";

/** How long an agent may take to connect where its template does not say, in seconds: Coder's own default. */
const PATIENCE_S = 120;

/** See the file's head. */
export const agentNeverConnected: Rule = {
  id: "agent-never-connected",
  subjects: ["workspace"],
  needs: ["build", "pods"],
  depth: 40,
  explains: ["app-unhealthy", "startup-script-failed"],
  docs: {
    title: "The agent never connected",
    symptom: "The build succeeded, and nobody can connect to the workspace.",
    cause: "The pod or machine does not run, does not start the agent, or cannot reach Coder's access URL.",
    evidence: "What Coder says of the agent, since when it waits, and whether there is a pod.",
    remedy: "See why the pod does not run; if it does, read what the agent writes into its log.",
  },
  find(facts) {
    const view = runningView(facts);
    const late = view?.agents.filter((agent) => isLate(agent, view, facts.now)) ?? [];
    const [first] = late;
    if (view === undefined || first === undefined) return [];
    const since = first.createdAt ?? view.build.endedAt;
    const limit = first.connectionTimeoutSeconds === undefined
      ? ""
      : ` (its template allows ${first.connectionTimeoutSeconds} s)`;
    const log = readPodLog(facts, view);
    return [{
      cause: `Build ${view.build.number} succeeded, but ${agentNames(late)} ${
        late.length === 1 ? "has" : "have"
      } never connected to Coder${since ? ` since ${shortTime(since)}` : ""}${limit}.`,
      confidence: "certain",
      evidence: [
        ...late.slice(0, 2).map((agent) => agentEvidence(view, agent, since)),
        ...podEvidence(facts, view),
      ],
      next: [
        seePods(facts, view),
        ...(log.length === 0 ? [seeAccessUrl(view)] : log),
        ...troubleshooting(late),
      ],
    }];
  },
};

function isLate(
  { status, createdAt, connectionTimeoutSeconds }: AgentFacts,
  view: WorkspaceView,
  now: number,
) {
  if (status === "timeout") return true;
  if (status !== "connecting") return false;
  const since = Date.parse(createdAt ?? view.build.endedAt);
  return now - since > (connectionTimeoutSeconds ?? PATIENCE_S) * 1_000;
}

function podEvidence(facts: Facts, view: WorkspaceView): Evidence[] {
  const pods = podsOf(facts, view);
  if (pods === undefined) return [];
  const words = pods.map(({ name, phase }) => `${name}: ${phase || "unknown"}`);
  const quote = words.length === 0 ? "no pod has the workspace's labels" : words.slice(0, 4).join(", ");
  return [evidence("pods of the workspace", quote, new Date(facts.now).toISOString())];
}

function seeAccessUrl({ namespace, controlPlane }: WorkspaceView) {
  return {
    text: "See which access URL agents are told, and whether pods can reach it.",
    command: kubectl(namespace, "get", "codercontrolplane", ...(controlPlane === "" ? [] : [controlPlane])),
    ...(controlPlane === ""
      ? {}
      : { tool: { name: "get_control_plane_status", arguments: { namespace, name: controlPlane } } }),
  };
}
