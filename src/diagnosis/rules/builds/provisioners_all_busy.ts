/** A build waits for its turn. */
import { tagText } from "../../../coder/mod.ts";
import type { Facts } from "../../facts.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";
import { shortTime, waitingOf } from "../../waiting.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { buildSource, evidence, whichCoder } from "./steps.ts";

/** Shorter waits are how it always is, in milliseconds. */
const USUAL_MS = 10_000;
const MOST_NAMED = 6;

/** See the file's head. */
export const provisionersAllBusy: Rule = {
  id: "provisioners-all-busy",
  subjects: ["workspace"],
  needs: ["build", "daemons", "jobs"],
  depth: 60,
  explains: ["workspace-build-stuck"],
  docs: {
    title: "All provisioners are busy",
    symptom: "The workspace stays pending for a while.",
    cause: "Every provisioner daemon that may take the build works on another one.",
    evidence: "The build's place in Coder's queue, and the daemons that are busy.",
    remedy: "Wait, or run more provisioners with these tags: each works on one build at a time.",
  },
  find(facts) {
    const view = workspaceView(facts);
    const waiting = waitingOf(facts);
    if (view === undefined || waiting?.fit === undefined || waiting.waited < USUAL_MS) return [];
    const { fit: { busy, idle }, position, size, since, tags } = waiting;
    if (busy.length === 0 || idle.length > 0) return [];
    const turn = position > 0 ? `; the build is number ${position} of ${size} in the queue` : "";
    const who = busy.length === 1
      ? "The only provisioner that may take the build is busy"
      : `All ${busy.length} provisioners that may take the build are busy`;
    const names = busy.slice(0, MOST_NAMED).map(({ name }) => name).join(", ");
    const number = position > 0 ? `, queue position ${position} of ${size}` : "";
    return [{
      cause: `${who} (it asks for ${tags})${turn}. It waits since ${shortTime(since)}.`,
      confidence: "certain",
      evidence: [
        evidence(buildSource(view), `pending${number}, tags: ${tagText(waiting.jobTags) ?? "none"}`, since),
        evidence(
          `provisioner daemons of ${view.organization} in Coder`,
          `busy: ${names}${busy.length > MOST_NAMED ? ` and ${busy.length - MOST_NAMED} more` : ""}`,
          new Date(facts.now).toISOString(),
        ),
        ...workEvidence(facts, view, new Set(busy.map(({ name }) => name))),
      ],
      next: [
        {
          text: "See what the provisioners work on.",
          command: kubectl(view.namespace, "get", "coderprovisioners", "-o", "wide"),
          tool: {
            name: "list_provisioner_jobs",
            arguments: { ...whichCoder(view), status: ["pending", "running"] },
          },
        },
        {
          text: "Run more provisioners with these tags, or wait.",
          command: "kubectl explain coderprovisioner.spec.autoscale",
        },
      ],
    }];
  },
};

/** What they work on, and since when. */
function workEvidence(facts: Facts, view: WorkspaceView, busy: ReadonlySet<string>): Evidence[] {
  const jobs = (valueOf(facts.jobs) ?? []).filter(({ workerName, status }) =>
    status !== "pending" && busy.has(workerName)
  );
  const [oldest] = jobs.toSorted((a, b) => (a.createdAt ?? "") < (b.createdAt ?? "") ? -1 : 1);
  if (oldest === undefined) return [];
  const words =
    `${jobs.length} at work; the oldest is a ${oldest.type} on ${oldest.workerName}, asked for then`;
  return [evidence(`provisioner jobs of ${view.organization} in Coder`, words, oldest.createdAt)];
}
