/** Evidence and next steps that several rules about builds name. */
import { CoderWorkspaces } from "../../../api/workspace.ts";
import type { LoggedError } from "../../build_log.ts";
import { kubectl, shellWord } from "../../pods/steps.ts";
import type { Evidence, NextStep } from "../../types.ts";
import { shortTime } from "../../waiting.ts";
import type { WorkspaceView } from "../../workspace_view.ts";

/** Quotes something, with its time where there is one. */
export function evidence(source: string, quote: string, at?: string): Evidence {
  return { source, ...(at ? { at: shortTime(at) } : {}), quote };
}

/** `build 4 (start) in Coder` */
export function buildSource({ build }: WorkspaceView): string {
  return `build ${build.number} (${build.transition}) in Coder`;
}

/** Quotes errors out of the build's log. */
export function loggedEvidence({ build }: WorkspaceView, errors: readonly LoggedError[]): Evidence[] {
  return errors.map(({ at, stage, text }) =>
    evidence(`log of build ${build.number}${stage === "" ? "" : `, ${stage}`}`, text, at)
  );
}

/** All that the build wrote. */
export function readTheLog({ namespace, name }: WorkspaceView): NextStep {
  const { group, version, plural } = CoderWorkspaces;
  const path = `/apis/${group}/${version}/namespaces/${namespace}/${plural}/${name}/log`;
  return {
    text: "Read the log of the build.",
    command: `kubectl get --raw ${shellWord(path)}`,
    tool: { name: "get_workspace_build_log", arguments: { namespace, name } },
  };
}

/** The same build once more. */
export function tryAgain({ namespace, name, coderName, build }: WorkspaceView, text: string): NextStep {
  if (build.transition === "delete") {
    return {
      text,
      command: kubectl(namespace, "delete", "coderworkspace", name),
      tool: { name: "delete_workspace", arguments: { namespace, name } },
    };
  }
  const running = build.transition !== "stop";
  return {
    text,
    ...(coderName === ""
      ? {}
      : { command: `coder ${running ? "start" : "stop"} ${shellWord(coderName)} --yes` }),
    tool: { name: "set_workspace_running", arguments: { namespace, name, running } },
  };
}

/** What the aggregated object says. */
export function seeBuild({ namespace, name }: WorkspaceView): NextStep {
  return {
    text: "See how far the workspace is.",
    command: kubectl(namespace, "describe", "coderworkspace", name),
    tool: { name: "get_workspace", arguments: { namespace, name } },
  };
}

/** Coder's command has no word for it. */
export function cancelBuild({ page }: WorkspaceView): NextStep {
  const where = page === "" ? "" : `: ${page}`;
  return { text: `If that will not come, cancel the build on the workspace's page in Coder${where}` };
}

/** Goes to another version of the template. */
export function useActiveVersion({ namespace, name, coderName }: WorkspaceView, text: string): NextStep {
  return {
    text,
    ...(coderName === "" ? {} : { command: `coder update ${shellWord(coderName)}` }),
    tool: { name: "update_workspace", arguments: { namespace, name, version: "active" } },
  };
}

/** Arguments of tools that ask one Coder. */
export function whichCoder(
  { namespace, controlPlane }: WorkspaceView,
): { readonly namespace: string; readonly controlPlane?: string } {
  return { namespace, ...(controlPlane === "" ? {} : { controlPlane }) };
}
