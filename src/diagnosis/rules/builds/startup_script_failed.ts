/** The agent is connected, and its start scripts failed or take too long. */
import type { AgentFacts } from "../../coder_facts.ts";
import type { Facts } from "../../facts.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";
import { agentEvidence, agentNames, restart, runningView, troubleshooting } from "./agents.ts";
import { evidence } from "./steps.ts";

const MOST_LINES = 3;
/** What scripts write of their failures, as far as words tell. */
const FAILING =
  /\b(?:error|failed|failure|fatal|not found|denied|cannot|can't|no such|exit(?:ed)?\b.*\b[1-9])/i;

/** See the file's head. */
export const startupScriptFailed: Rule = {
  id: "startup-script-failed",
  subjects: ["workspace"],
  needs: ["build", "agentLog"],
  depth: 30,
  explains: ["app-unhealthy"],
  docs: {
    title: "A start script failed",
    symptom: "The agent is connected, and Coder calls the workspace unhealthy; tools or apps are missing.",
    cause: "A start script of the template ended with an error, or runs longer than it may.",
    evidence: "The agent's lifecycle (start_error or start_timeout), and the end of its log.",
    remedy: "Correct the script in the template, and restart the workspace.",
  },
  find(facts) {
    const view = runningView(facts);
    const all = view?.agents.filter(({ status }) => status === "connected") ?? [];
    const failed = all.filter(({ lifecycle }) => lifecycle === "start_error");
    const slow = all.filter(({ lifecycle }) => lifecycle === "start_timeout");
    const agents = failed.length > 0 ? failed : slow;
    if (view === undefined || agents.length === 0) return [];
    const how = failed.length > 0 ? "failed" : "run longer than they may";
    return [{
      cause: `The start scripts of ${agentNames(agents)} ${how}; the agent itself is connected.`,
      confidence: "certain",
      evidence: [
        ...logEvidence(facts, agents),
        ...agents.slice(0, 2).map((agent) => agentEvidence(view, agent, agent.startedAt)),
      ],
      next: [
        {
          text: "Read the agent's log.",
          ...(view.coderName === "" ? {} : { command: `coder logs ${view.coderName}` }),
          tool: {
            name: "get_workspace_agents",
            arguments: { namespace: view.namespace, name: view.name },
          },
        },
        {
          text: `Correct the script in the template ${view.template}.`,
          ...(view.template === ""
            ? {}
            : { command: `coder templates pull ${view.template} ./${view.template}` }),
        },
        ...troubleshooting(agents),
        restart(view, "Restart the workspace."),
      ],
    }];
  },
};

/** What tells of a failure, or the last words. */
function logEvidence(facts: Facts, agents: readonly AgentFacts[]): Evidence[] {
  const names = new Set(agents.map(({ name }) => name));
  const log = (valueOf(facts.agentLog) ?? []).filter(({ stage, text }) =>
    names.has(stage) && text.trim() !== ""
  );
  const telling = log.filter(({ level, text }) => level === "error" || FAILING.test(text));
  const lines = (telling.length === 0 ? log : telling).slice(-MOST_LINES);
  const [first] = lines;
  if (first === undefined) return [];
  return [
    evidence(`log of agent ${first.stage}`, lines.map(({ text }) => text.trim()).join(" / "), first.at),
  ];
}
