/** A parameter of the workspace has no value, or one that the template does not take. */
import type { Facts } from "../../facts.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { failedBuild } from "./failed_build.ts";
import { isAboutParameters } from "./refusal.ts";
import { buildSource, evidence, loggedEvidence, readTheLog } from "./steps.ts";

/** See the file's head. */
export const missingOrInvalidParameter: Rule = {
  id: "missing-or-invalid-parameter",
  subjects: ["workspace"],
  needs: ["workspace", "build", "buildLog"],
  depth: 60,
  explains: ["terraform-error"],
  docs: {
    title: "A parameter is missing or not valid",
    symptom: "A build or a change of the workspace is refused or fails at once.",
    cause: "The template asks for a parameter that has no value, or does not take the value that it has.",
    evidence: "Coder's words, which name the parameter.",
    remedy: "Give the workspace a value that the template takes.",
  },
  find(facts) {
    const view = workspaceView(facts);
    const quotes = view === undefined ? [] : quotesIn(facts, view);
    if (view === undefined || quotes.length === 0) return [];
    const name = quotes.map(({ quote }) => nameIn(quote)).find((name) => name !== undefined);
    return [{
      cause: name === undefined
        ? `The template ${view.template} does not take the workspace's parameters as they are.`
        : `The parameter ${name} of the template ${view.template} has no value, or one that it does not take.`,
      confidence: "certain",
      evidence: quotes,
      next: [setIt(view, name ?? "NAME"), ...(view.refusal === undefined ? [readTheLog(view)] : [])],
    }];
  },
};

function quotesIn(facts: Facts, view: WorkspaceView): Evidence[] {
  const { refusal } = view;
  if (refusal !== undefined && isAboutParameters(refusal.message)) {
    return [evidence("condition ChangePending of the workspace", refusal.message, refusal.at)];
  }
  const failed = failedBuild(facts);
  if (failed?.kind !== "parameter") return [];
  const { errors, error, errorCode } = failed;
  const told = [errorCode, error].filter((word) => word !== "").join(": ");
  return [
    ...loggedEvidence(view, errors.slice(0, 2)),
    ...(told === "" ? [] : [evidence(buildSource(view), told, view.build.endedAt)]),
  ];
}

function nameIn(quote: string): string | undefined {
  return /\bdata "coder_parameter" "([\w-]+)"/.exec(quote)?.[1] ??
    /\bparameter:? +["'`]([\w-]+)["'`]/i.exec(quote)?.[1] ??
    /["'`]([\w-]+)["'`] (?:parameter|is (?:required|not valid))/i.exec(quote)?.[1];
}

function setIt({ namespace, name, coderName }: WorkspaceView, parameter: string): NextStep {
  return {
    text: "Give it a value that the template takes.",
    ...(coderName === "" ? {} : { command: `coder update ${coderName} --parameter ${parameter}=VALUE` }),
    tool: { name: "update_workspace", arguments: { namespace, name, parameters: { [parameter]: "VALUE" } } },
  };
}
