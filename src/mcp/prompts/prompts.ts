/** Which prompts there are, with their arguments. */
import type { ListedPrompt } from "../surface.ts";
import {
  cleanUpIdleWorkspaces,
  diagnoseControlPlane,
  diagnoseWorkspace,
  type PromptArguments,
  upgradeTemplate,
} from "./texts.ts";

/** What an argument is: how it is checked and completed. */
export type ArgumentKind = "namespace" | "workspace" | "template" | "controlPlane" | "days" | "words";

export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly kind: ArgumentKind;
  /** Absent: it must be given. */
  readonly standard?: string;
}

export interface Prompt extends Pick<ListedPrompt, "name" | "title" | "description"> {
  readonly arguments: readonly PromptArgument[];
  text(args: PromptArguments): string;
}

const namespace: PromptArgument = {
  name: "namespace",
  description: "Namespace of the control plane",
  kind: "namespace",
};

/** In the order in which clients show them. */
export const PROMPTS: readonly Prompt[] = [
  {
    name: "diagnose_workspace",
    title: "Diagnose a workspace",
    description: "Why a workspace does not start, or cannot be used: Coder, its build, its pods",
    arguments: [
      namespace,
      { name: "name", description: "<organization>.<owner>.<workspace>", kind: "workspace" },
    ],
    text: diagnoseWorkspace,
  },
  {
    name: "diagnose_control_plane",
    title: "Diagnose a control plane",
    description: "How a control plane fares: conditions, rollout, pods, licence, provisioners",
    arguments: [namespace, { name: "name", description: "Name of the control plane", kind: "controlPlane" }],
    text: diagnoseControlPlane,
  },
  {
    name: "upgrade_template",
    title: "Upgrade a template",
    description: "Change a template with care: compare, plan, push, try, go back if need be",
    arguments: [
      namespace,
      { name: "name", description: "<organization>.<template>", kind: "template" },
      { name: "goal", description: "What shall be different", kind: "words", standard: "" },
    ],
    text: upgradeTemplate,
  },
  {
    name: "clean_up_idle_workspaces",
    title: "Clean up idle workspaces",
    description: "Which workspaces nobody uses, and what to do with them",
    arguments: [
      namespace,
      { name: "days", description: "Without use, default 14", kind: "days", standard: "14" },
    ],
    text: cleanUpIdleWorkspaces,
  },
];

/** By its name. */
export function promptNamed(name: string): Prompt | undefined {
  return PROMPTS.find((prompt) => prompt.name === name);
}
