/** The template has a variable without a value. */
import type { Facts } from "../../facts.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { failedBuild } from "./failed_build.ts";
import { isAboutVariables } from "./refusal.ts";
import { buildSource, evidence, loggedEvidence, readTheLog } from "./steps.ts";

const NAMES = [
  /\binput variable "([\w-]+)" is not set/gi,
  /\bvariable "([\w-]+)" (?:has no value|is required)/gi,
  /\btemplate variables? need values?:? +([\w-]+(?:, *[\w-]+)*)/gi,
];
const CODE = "REQUIRED_TEMPLATE_VARIABLES";

/** See the file's head. */
export const missingTemplateVariable: Rule = {
  id: "missing-template-variable",
  subjects: ["workspace"],
  needs: ["build", "buildLog", "templateVersion"],
  depth: 65,
  explains: ["terraform-error", "template-version-broken"],
  docs: {
    title: "A variable of the template has no value",
    symptom: "The build, or the import of the template's version, fails at once.",
    cause: "A Terraform variable of the template has no default, and nobody gave it a value.",
    evidence: "Coder's code REQUIRED_TEMPLATE_VARIABLES, and the names of the variables in the log.",
    remedy: "Push the template with a value for the variable, or give the variable a default.",
  },
  find(facts) {
    const view = workspaceView(facts);
    const quotes = view === undefined ? [] : quotesIn(facts, view);
    if (view === undefined || quotes.length === 0) return [];
    const names = namesIn(quotes.map(({ quote }) => quote));
    const which = names.length === 0
      ? "A variable of the template has no value"
      : names.length === 1
      ? `The template's variable ${names[0]} has no value`
      : `The template's variables ${names.join(", ")} have no values`;
    const of = view.template === "" ? "" : ` (template ${view.template}${versionOf(facts, view)})`;
    return [{
      cause: `${which}${of}.`,
      confidence: "certain",
      evidence: quotes,
      next: steps(view, names),
    }];
  },
};

function versionOf(facts: Facts, { build }: WorkspaceView): string {
  const name = build.versionName || valueOf(facts.templateVersion)?.name;
  return name ? `, version ${name}` : "";
}

function quotesIn(facts: Facts, view: WorkspaceView): Evidence[] {
  const { refusal } = view;
  if (refusal !== undefined && isAboutVariables(refusal.message)) {
    return [evidence("condition ChangePending of the workspace", refusal.message, refusal.at)];
  }
  const failed = failedBuild(facts);
  if (failed?.kind === "variable") {
    const { errors, error, errorCode } = failed;
    const told = [errorCode, error].filter((word) => word !== "").join(": ");
    return [
      ...loggedEvidence(view, errors.slice(0, 2)),
      ...(told === "" ? [] : [evidence(buildSource(view), told, view.build.endedAt)]),
    ];
  }
  const version = valueOf(facts.templateVersion);
  if (failed !== undefined && version?.jobErrorCode === CODE) {
    return [
      evidence(`import of version ${version.name} in Coder`, `${version.jobErrorCode}: ${version.jobError}`),
    ];
  }
  return [];
}

function namesIn(quotes: readonly string[]): string[] {
  const names = quotes.flatMap((quote) =>
    NAMES.flatMap((pattern) => [...quote.matchAll(pattern)].flatMap(([, found = ""]) => found.split(/, */)))
  );
  return [...new Set(names)];
}

function steps(view: WorkspaceView, names: readonly string[]): NextStep[] {
  const { namespace, template, templateObject } = view;
  const values = (names.length === 0 ? ["NAME"] : names).map((name) => ` --variable ${name}=VALUE`).join("");
  return [
    {
      text: `Push the template with a value for ${names.length === 0 ? "it" : names.join(", ")}.`,
      command: `coder templates push ${template || "TEMPLATE"} --directory .${values}`,
      tool: {
        name: "get_template_version_log",
        arguments: { namespace, name: templateObject, version: "newest" },
      },
    },
    readTheLog(view),
  ];
}
