/** The owner has used up Coder's quota. */
import type { Facts } from "../../facts.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";
import { failedBuild } from "./failed_build.ts";
import { buildSource, evidence, tryAgain } from "./steps.ts";

/** What Coder writes of its sums. */
const SUMS = /\b(?:build cost|budget|credits consumed|exceed your quota)\b/i;

/** See the file's head. */
export const workspaceOverQuota: Rule = {
  id: "workspace-over-quota",
  subjects: ["workspace"],
  needs: ["build", "buildLog", "quota"],
  depth: 70,
  explains: ["terraform-error"],
  docs: {
    title: "Coder's quota is used up",
    symptom: "The start fails with `insufficient quota`.",
    cause: "The build would cost more credits than the owner's groups leave in the organization.",
    evidence: "The build's error, and what Coder counts: cost, budget, credits consumed.",
    remedy: "Stop or delete other workspaces of the owner, or raise the allowance of a group.",
  },
  find(facts) {
    const failed = failedBuild(facts);
    if (failed?.kind !== "quota") return [];
    const { view, error } = failed;
    const { namespace, owner, organization } = view;
    const quota = valueOf(facts.quota);
    const sums = quota === undefined
      ? ""
      : ` (${quota.consumed} of ${quota.budget < 0 ? "unlimited" : quota.budget} credits are used)`;
    return [{
      cause: `Build ${view.build.number} (${view.build.transition}) would exceed the quota that ${
        owner || "its owner"
      } has in the organization ${organization}${sums}.`,
      confidence: "certain",
      evidence: [
        ...(error === "" ? [] : [evidence(buildSource(view), error, view.build.endedAt)]),
        ...sumsIn(facts, view.build.number),
        ...(quota === undefined ? [] : [
          evidence(
            `quota of ${owner} in Coder`,
            `credits consumed ${quota.consumed}, budget ${quota.budget}`,
            new Date(facts.now).toISOString(),
          ),
        ]),
      ],
      next: [
        {
          text: "Stop or delete workspaces of the owner that are not needed.",
          ...(owner === "" ? {} : { command: `coder list --search owner:${owner}` }),
          tool: { name: "list_workspaces", arguments: { namespace, ...(owner === "" ? {} : { owner }) } },
        },
        tryAgain(view, "Then start it again; or have an administrator raise a group's quota allowance."),
      ],
    }];
  },
};

function sumsIn(facts: Facts, build: number): Evidence[] {
  const lines = (valueOf(facts.buildLog) ?? []).filter(({ text }) => SUMS.test(text)).slice(-4);
  const [first] = lines;
  if (first === undefined) return [];
  return [
    evidence(
      `log of build ${build}, ${first.stage || "quota"}`,
      lines.map(({ text }) => text.trim()).join("; "),
      first.at,
    ),
  ];
}
