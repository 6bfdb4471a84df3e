/** Terraform failed. */
import { oneLine } from "../../pods/trouble.ts";
import type { NextStep, Rule } from "../../types.ts";
import type { WorkspaceView } from "../../workspace_view.ts";
import { type FailedBuild, failedBuild } from "./failed_build.ts";
import { buildSource, evidence, loggedEvidence, readTheLog, tryAgain } from "./steps.ts";

const LONGEST = 240;

/** See the file's head. */
export const terraformError: Rule = {
  id: "terraform-error",
  subjects: ["workspace"],
  needs: ["build", "buildLog"],
  depth: 50,
  docs: {
    title: "Terraform fails in the build",
    symptom: "The workspace is failed; its build ended with an error of Terraform.",
    cause: "What the template asks for cannot be planned, made or removed.",
    evidence: "The errors in the build's log, and at which stage they came.",
    remedy: "Correct the template, or what Terraform was refused, and build again.",
  },
  find(facts) {
    const failed = failedBuild(facts);
    if (failed?.kind !== "terraform") return [];
    const { view, error, errors } = failed;
    const [first] = errors;
    if (first === undefined && error === "") return [];
    const words = first?.text ?? error;
    const { number, transition } = view.build;
    return [{
      cause: `Terraform failed ${during(failed)} in build ${number} (${transition}): ${cut(words)}`,
      confidence: "certain",
      evidence: [
        ...loggedEvidence(view, errors.slice(0, 2)),
        ...(error === "" ? [] : [evidence(buildSource(view), error, view.build.endedAt)]),
      ],
      next: [
        readTheLog(view),
        correctTemplate(view),
        tryAgain(view, "Build it again once that is corrected."),
      ],
    }];
  },
};

/** At which stage. */
function during({ view, error, errors }: FailedBuild): string {
  const words = `${error} ${errors[0]?.stage ?? ""}`;
  if (/\binit|setting up/i.test(words)) return "as it fetched providers and modules (init)";
  if (/\bplan/i.test(words)) return "as it planned (plan)";
  if (view.build.transition === "start") return "as it made resources (apply)";
  return view.build.transition === "delete"
    ? "as it removed resources (destroy)"
    : "as it stopped resources (apply)";
}

function correctTemplate({ namespace, template, templateObject }: WorkspaceView): NextStep {
  return {
    text: `Correct the template ${template}, if the error is in it, and push it.`,
    ...(template === "" ? {} : { command: `coder templates pull ${template} ./${template}` }),
    tool: { name: "list_template_versions", arguments: { namespace, name: templateObject } },
  };
}

function cut(words: string): string {
  const line = oneLine(words);
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 1).toWellFormed()}…`;
}
