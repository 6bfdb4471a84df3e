/** Trying a version: a workspace of the operator's own user, which is deleted again whatever comes of it. */
import { ActionError, type WorkspaceActions } from "../../actions/mod.ts";
import type { TemplateSource } from "../../api/template.ts";
import type { Workspace } from "../../inventory/mod.ts";
import type { Attempt } from "./state.ts";

export type CanarySpec = NonNullable<TemplateSource["canary"]>;

export const CANARY = "canary-";
const TIMEOUT_S = 900;

/** How it is. */
export type CanaryLook =
  | { readonly is: "missing" }
  | { readonly is: "waiting" }
  | { readonly is: "ready" }
  | { readonly is: "failed"; readonly reason: string; readonly message: string };

/** From what Coder says of its workspace; undefined where there is none. Pure. */
export function canaryLook(
  workspace: Workspace | undefined,
  { timeoutSeconds = TIMEOUT_S, waitForAgents = false }: CanarySpec,
  begun: string,
  now: number,
): CanaryLook {
  const isLate = now - Date.parse(begun) >= timeoutSeconds * 1_000;
  const late = (what: string): CanaryLook => ({
    is: "failed",
    reason: "CanaryTimedOut",
    message: `The workspace that tried the version was not ready within ${timeoutSeconds} s: ${what}`,
  });
  if (workspace === undefined) return isLate ? late("it was not made") : { is: "missing" };
  const { transition, status, job, resources } = workspace.latest_build;
  const broken = (words: string): CanaryLook => ({
    is: "failed",
    reason: "CanaryFailed",
    message: `The workspace that tried the version ${words}`,
  });
  if (transition !== "start") return broken("was stopped or deleted by somebody");
  if (status === "failed" || status === "canceled") {
    const error = job?.error ?? "";
    return broken(`could not be built${error === "" ? "" : `: ${error}`}`);
  }
  if (status !== "running") return isLate ? late(`its build is ${status}`) : { is: "waiting" };
  if (!waitForAgents) return { is: "ready" };
  const agents = resources.flatMap(({ agents }) => agents);
  const bad = agents.find(({ lifecycle_state }) => /_error$|_timeout$|^off$/.test(lifecycle_state));
  if (bad !== undefined) return broken(`has an agent, ${bad.name}, which is ${bad.lifecycle_state}`);
  const waiting = agents.find((agent) => agent.status !== "connected" || agent.lifecycle_state !== "ready");
  if (waiting === undefined) return { is: "ready" };
  const { name, status: state, lifecycle_state } = waiting;
  return isLate ? late(`its agent ${name} is ${state}, ${lifecycle_state}`) : { is: "waiting" };
}

/** Makes the workspace. A second one of the same name is not made. */
export async function createCanary(
  workspaces: Pick<WorkspaceActions, "create">,
  owner: { readonly id: string; readonly name: string },
  attempt: Pick<Attempt, "canary" | "version">,
  { parameters = {}, presetID }: CanarySpec,
  context: { readonly by: string; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await workspaces.create({
      owner,
      name: attempt.canary!.name,
      source: { versionId: attempt.version! },
      parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
      ...(presetID === undefined ? {} : { presetId: presetID }),
    }, context);
  } catch (error) {
    if (!(error instanceof ActionError) || error.reason !== "exists") throw error;
  }
}
