/** Agents of a workspace that runs, as rules see them. */
import type { AgentFacts } from "../../coder_facts.ts";
import { isAbsent, valueOf } from "../../seen.ts";
import type { Facts } from "../../facts.ts";
import { type PodView, podView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import type { Evidence, NextStep } from "../../types.ts";
import { shortTime } from "../../waiting.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { evidence } from "./steps.ts";

/** Undefined where the workspace does not run. */
export function runningView(facts: Facts): WorkspaceView | undefined {
  const view = workspaceView(facts);
  return view?.status === "running" && view.build.transition !== "stop" ? view : undefined;
}

/** `agent main` or `agents a, b`. */
export function agentNames(agents: readonly AgentFacts[]): string {
  return `agent${agents.length === 1 ? "" : "s"} ${agents.map(({ name }) => name).join(", ")}`;
}

/** What Coder says of an agent. */
export function agentEvidence(
  { build }: WorkspaceView,
  { name, status, lifecycle, health, firstConnectedAt, lastConnectedAt }: AgentFacts,
  at?: string,
): Evidence {
  const words = [
    `${status}, lifecycle ${lifecycle || "unknown"}`,
    ...(firstConnectedAt === undefined ? [] : [`first connected ${shortTime(firstConnectedAt)}`]),
    ...(lastConnectedAt === undefined ? [] : [`last connected ${shortTime(lastConnectedAt)}`]),
    ...(health === undefined || health.healthy || health.reason === "" ? [] : [health.reason]),
  ];
  return evidence(`agent ${name} of build ${build.number} in Coder`, words.join("; "), at);
}

/** The workspace's pods; undefined where nobody could look, and where those of a Coder that is down were looked at. */
export function podsOf(facts: Facts, { id }: WorkspaceView): readonly PodView[] | undefined {
  if (isAbsent(facts.pods)) return [];
  const all = valueOf(facts.pods)?.map(podView);
  const own = all?.filter(({ labels }) =>
    labels["com.coder.workspace.id"] === id ||
    labels["app.kubernetes.io/instance"] === `coder-workspace-${id}`
  );
  return own?.length === 0 && all?.length !== 0 ? undefined : own;
}

/** The pods that should run the agents. */
export function seePods(facts: Facts, view: WorkspaceView): NextStep {
  const { namespace, name, id } = view;
  const [pod] = podsOf(facts, view) ?? [];
  const where = pod?.namespace || namespace;
  return {
    text: pod === undefined
      ? "See whether the workspace has a pod: templates label them."
      : "See how the workspace's pods are.",
    ...(id === ""
      ? {}
      : { command: kubectl(where, "get", "pods", "-l", `com.coder.workspace.id=${id}`, "-o", "wide") }),
    tool: { name: "list_workspace_pods", arguments: { namespace, name } },
  };
}

/** What a pod wrote, for an agent says there why it cannot reach Coder. */
export function readPodLog(facts: Facts, view: WorkspaceView): NextStep[] {
  const { namespace = "", name = "" } = podsOf(facts, view)?.[0] ?? {};
  if (name === "") return [];
  return [{
    text: "Read what the agent writes: whether it starts, and whether it reaches Coder's access URL.",
    command: kubectl(namespace, "logs", name, "--all-containers", "--tail=100"),
    tool: { name: "get_pod_logs", arguments: { namespace, name, tailLines: 100 } },
  }];
}

/** What whoever wrote the template has to say; Coder's own advice where they say nothing. */
export function troubleshooting(agents: readonly AgentFacts[]): NextStep[] {
  const url = agents.map(({ troubleshootingUrl }) => troubleshootingUrl).find((url) => url !== undefined);
  return url === undefined ? [] : [{ text: `See what helps with such agents: ${url}` }];
}

/** Stops it and starts it. */
export function restart({ namespace, name, coderName }: WorkspaceView, text: string): NextStep {
  return {
    text,
    ...(coderName === "" ? {} : { command: `coder restart ${coderName} --yes` }),
    tool: { name: "restart_workspace", arguments: { namespace, name } },
  };
}
