/** The daemons are idle, and jobs wait whose tags differ from theirs in values alone. */
import { timeText } from "../../core_events.ts";
import { time } from "../../foreign.ts";
import type { JobFacts } from "../../coder_facts.ts";
import { type Tags, tagsMatch, tagText } from "../../../coder/mod.ts";
import { valueOf } from "../../seen.ts";
import type { Rule } from "../../types.ts";
import { daemonEvidence, editStep, isConnected, ownDaemons, subjectOf } from "./seen.ts";

/** A job that is so young may be taken by somebody the next moment. */
const GRACE_MS = 60_000;
const MOST_NAMED = 3;

/** See the file's head. */
export const provisionerTagsMismatch: Rule = {
  id: "provisioner-idle-tags-mismatch",
  subjects: ["provisioner"],
  needs: ["provisioner", "daemons", "jobs"],
  depth: 50,
  docs: {
    title: "Provisioners are idle while jobs with other values of their tags wait",
    symptom: "Builds wait, and daemons of a provisioner that seems meant for them do nothing.",
    cause:
      "The template asks for the same tags as the provisioner has, with other values (env=gpus for env=gpu). A " +
      "daemon takes a job only if it has each of its tags with that very value.",
    evidence: "The waiting job with its tags, and the idle daemon.",
    remedy:
      "Make the tags the same in the template (coder_workspace_tags) and in spec.tags of the provisioner.",
  },
  find(facts) {
    const view = subjectOf(facts);
    const daemons = valueOf(facts.daemons);
    if (view === undefined || daemons === undefined) return [];
    const idle = ownDaemons(facts, view)?.find(({ status }) => status === "idle");
    if (idle === undefined) return [];
    const connected = daemons.filter(isConnected);
    const waiting = (valueOf(facts.jobs) ?? []).filter((job) =>
      job.status === "pending" && time(job.createdAt) > 0 &&
      facts.now - time(job.createdAt) > GRACE_MS &&
      !connected.some(({ tags }) => tagsMatch(job.tags, tags)) && isNearMiss(idle.tags, job.tags)
    );
    const [job] = waiting;
    if (job === undefined) return [];
    const [wanted = "", have = ""] = [tagText(job.tags), tagText(idle.tags)];
    return [{
      cause:
        `${
          waiting.length === 1 ? "A job waits" : `${waiting.length} jobs wait`
        } for a provisioner with the ` +
        `tags ${wanted}; the idle daemons of ${view.ref} have ${have}, and no other daemon has them.`,
      confidence: "possible",
      evidence: [...waiting.slice(0, MOST_NAMED).map(jobEvidence), daemonEvidence(idle)],
      next: [
        editStep(
          view,
          `Set spec.tags to ${wanted}, if those jobs are for this provisioner; else change the template.`,
        ),
        {
          text: "See which jobs wait.",
          command: `coder provisioner jobs list --org ${view.organization} --status pending`,
          tool: {
            name: "list_provisioner_jobs",
            arguments: { namespace: view.controlPlane.namespace, controlPlane: view.controlPlane.name },
          },
        },
      ],
    }];
  },
};

function jobEvidence({ createdAt, id, tags, type }: JobFacts) {
  const at = time(createdAt);
  return {
    source: `provisioner job ${id.slice(0, 8)} in Coder`,
    ...(at === 0 ? {} : { at: timeText(at) }),
    quote: `pending, ${type || "job"} with the tags ${tagText(tags) ?? "none"}`,
  };
}

/** Without Coder's own, which every daemon and job has. */
function namesOf(tags: Tags): string[] {
  return Object.keys(tags).filter((name) => name !== "scope" && name !== "owner").sort();
}

/** The same names, with another value: somebody has written one of them wrong. */
function isNearMiss(daemon: Tags, job: Tags): boolean {
  const names = namesOf(job);
  return names.length > 0 && names.join("\n") === namesOf(daemon).join("\n");
}
