/** An app of a workspace does not answer its agent. */
import type { Rule } from "../../types.ts";
import { evidence } from "./steps.ts";
import { restart, runningView } from "./agents.ts";

const MOST_NAMED = 6;

/** See the file's head. */
export const appUnhealthy: Rule = {
  id: "app-unhealthy",
  subjects: ["workspace"],
  needs: ["build"],
  depth: 15,
  docs: {
    title: "An app of the workspace is not healthy",
    symptom: "The workspace runs, and one of its apps does not open.",
    cause: "The app does not run, or its health check goes to an address where nothing answers.",
    evidence: "What Coder's health check of the app says.",
    remedy:
      "See in the workspace why the app does not run; correct its start or its health check in the template.",
  },
  find(facts) {
    const view = runningView(facts);
    const sick = (view?.agents ?? []).filter(({ status }) => status === "connected").flatMap((agent) =>
      agent.apps.filter(({ health }) => health === "unhealthy").map(({ slug }) => ({
        slug,
        agent: agent.name,
      }))
    );
    if (view === undefined || sick.length === 0) return [];
    const names = sick.slice(0, MOST_NAMED).map(({ slug, agent }) => `${slug} (agent ${agent})`).join(", ");
    const rest = sick.length > MOST_NAMED ? ` and ${sick.length - MOST_NAMED} more` : "";
    return [{
      cause: sick.length === 1
        ? `The app ${names} fails its health check; the agent is connected.`
        : `The apps ${names}${rest} fail their health checks; the agent is connected.`,
      confidence: "certain",
      evidence: [
        evidence(
          `apps of build ${view.build.number} in Coder`,
          sick.slice(0, MOST_NAMED).map(({ slug }) => `${slug}: unhealthy`).join(", "),
          new Date(facts.now).toISOString(),
        ),
      ],
      next: [
        {
          text: "See in the workspace whether the app runs, and what it listens on.",
          ...(view.coderName === "" ? {} : { command: `coder ssh ${view.coderName}` }),
          tool: { name: "get_workspace_agents", arguments: { namespace: view.namespace, name: view.name } },
        },
        restart(view, "Restart the workspace, which starts its apps anew."),
      ],
    }];
  },
};
