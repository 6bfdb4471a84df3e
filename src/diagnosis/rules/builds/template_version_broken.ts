/** The version of the template cannot be built. */
import type { Facts } from "../../facts.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { isAboutVersion } from "./refusal.ts";
import { evidence, useActiveVersion } from "./steps.ts";

/** See the file's head. */
export const templateVersionBroken: Rule = {
  id: "template-version-broken",
  subjects: ["workspace"],
  needs: ["workspace", "build", "templateVersion"],
  depth: 60,
  explains: ["terraform-error"],
  docs: {
    title: "The template's version cannot be built",
    symptom: "A build or a change to another version is refused or fails.",
    cause: "The import of the template's version failed or was cancelled, or the version is archived.",
    evidence: "Coder's refusal, or the error of the import.",
    remedy: "Push a version that can be imported, or go to one that was.",
  },
  find(facts) {
    const view = workspaceView(facts);
    const quotes = view === undefined ? [] : quotesIn(facts, view);
    if (view === undefined || quotes.length === 0) return [];
    const { namespace, template, templateObject } = view;
    const name = /version "([^"]+)"/.exec(quotes[0]?.quote ?? "")?.[1] ??
      valueOf(facts.templateVersion)?.name;
    return [{
      cause: `${name ? `Version ${name}` : "The version"} of the template ${template} cannot be built: ` +
        `${isArchived(quotes) ? "it is archived" : "its import failed"}.`,
      confidence: "certain",
      evidence: quotes,
      next: [
        {
          text: "See why its import failed.",
          ...(name ? { command: `coder templates versions list ${template}` } : {}),
          tool: {
            name: "get_template_version_log",
            arguments: { namespace, name: templateObject, version: name || "newest" },
          },
        },
        useActiveVersion(view, "Go to the active version."),
      ],
    }];
  },
};

function isArchived(quotes: readonly Evidence[]): boolean {
  return quotes.some(({ quote }) => /\barchived\b/i.test(quote));
}

function quotesIn(facts: Facts, view: WorkspaceView): Evidence[] {
  const { refusal, status } = view;
  if (refusal !== undefined && isAboutVersion(refusal.message)) {
    return [evidence("condition ChangePending of the workspace", refusal.message, refusal.at)];
  }
  const version = valueOf(facts.templateVersion);
  if (version === undefined || status !== "failed" || view.build.canceledAt !== "") return [];
  const source = `version ${version.name} in Coder`;
  if (version.jobStatus === "failed" || version.jobStatus === "canceled") {
    return [evidence(source, `import ${version.jobStatus}: ${version.jobError || "no words"}`)];
  }
  return [];
}
