/** A build waits, and nobody who may take it is connected. */
import { daemonTags, tagsMatch, tagText } from "../../../coder/mod.ts";
import type { Facts } from "../../facts.ts";
import { kubectl } from "../../pods/steps.ts";
import { provisionerView } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";
import { noneConnected, shortTime, type Waiting, waitingOf } from "../../waiting.ts";
import { type WorkspaceView, workspaceView } from "../../workspace_view.ts";
import { buildSource, evidence, whichCoder } from "./steps.ts";

/** A provisioner that is made for the build needs this long to come, in milliseconds. */
const SCALING_MS = 60_000;
const MOST_NAMED = 6;

/** See the file's head. */
export const noProvisionerForTags: Rule = {
  id: "no-provisioner-for-tags",
  subjects: ["workspace"],
  needs: ["build", "daemons", "provisioners"],
  depth: 70,
  explains: ["workspace-build-stuck"],
  docs: {
    title: "No provisioner for the tags of the build",
    symptom: "The workspace stays pending.",
    cause: "No provisioner daemon that has all tags of the build's job is connected to Coder.",
    evidence: "The job's tags, when it was made, and the daemons that Coder knows, with their tags.",
    remedy: "Bring a provisioner with these tags up, or change the tags that the template asks for. " +
      "Builds without tags go to daemons without tags alone.",
  },
  find(facts) {
    const view = workspaceView(facts);
    const waiting = waitingOf(facts);
    const none = waiting && noneConnected(waiting);
    if (view === undefined || waiting === undefined || none === undefined) return [];
    const own = provisionersFor(facts, view, waiting);
    if (own.some(({ isAutoscaled }) => isAutoscaled) && waiting.waited < SCALING_MS) return [];
    const known = waiting.fit === undefined ? "" : lastOf(waiting);
    return [{
      cause: `Build ${view.build.number} (${view.build.transition}) waits for a provisioner with ` +
        `${waiting.tags}: ${none}${known}.`,
      confidence: waiting.fit === undefined ? "likely" : "certain",
      evidence: [
        evidence(
          buildSource(view),
          `pending, tags of its job: ${tagText(waiting.jobTags) ?? "none"}`,
          waiting.since,
        ),
        ...daemonEvidence(facts, view, waiting),
      ],
      next: [
        ...own.map(({ name }) => diagnoseIt(view, name)),
        ...steps(view, waiting, own.length > 0, valueOf(facts.provisioners) !== undefined),
      ],
    }];
  },
};

function lastOf({ fit }: Waiting): string {
  const last = fit?.offline.toSorted((a, b) => (a.lastSeenAt ?? "") < (b.lastSeenAt ?? "") ? 1 : -1)[0];
  return last === undefined ? ", and Coder knows none that has them" : `; the last one was ${last.name}`;
}

function daemonEvidence(facts: Facts, view: WorkspaceView, { fit, others }: Waiting): Evidence[] {
  if (fit === undefined) return [];
  const at = shortTime(new Date(facts.now).toISOString());
  const words = others.slice(0, MOST_NAMED).map(({ name, tags, keyName }) =>
    `${name} (${tagText(tags) ?? "no tags"}${keyName === "built-in" ? ", built-in" : ""})`
  );
  const rest = others.length > MOST_NAMED ? ` and ${others.length - MOST_NAMED} more` : "";
  const source = `provisioner daemons of ${view.organization} in Coder`;
  const gone = fit.offline.slice(0, 2).map(({ name, lastSeenAt }) =>
    evidence(source, `${name} has the tags, and is offline`, lastSeenAt)
  );
  const connected = words.length === 0 ? "none at all" : `${words.join(", ")}${rest}`;
  return [...gone, evidence(source, `connected: ${connected}`, at)];
}

function provisionersFor(facts: Facts, view: WorkspaceView, { jobTags }: Waiting) {
  return (valueOf(facts.provisioners) ?? [])
    .map(provisionerView)
    .filter(({ controlPlane, organization, tags }) =>
      (view.controlPlane === "" || controlPlane.name === view.controlPlane) &&
      [view.organization, "default"].includes(organization) && tagsMatch(jobTags, daemonTags(tags))
    )
    .map(({ name, replicas }) => ({ name, isAutoscaled: replicas === undefined }))
    .slice(0, 2);
}

function diagnoseIt({ namespace }: WorkspaceView, name: string): NextStep {
  return {
    text: `See why provisioner ${name}, which has these tags, is not connected.`,
    command: `coder-k8s diagnose provisioner ${name} -n ${namespace}`,
    tool: { name: "diagnose_provisioner", arguments: { namespace, name } },
  };
}

function steps(
  view: WorkspaceView,
  { tags, jobTags }: Waiting,
  isThere: boolean,
  areSeen: boolean,
): NextStep[] {
  const list: NextStep = {
    text: `See which provisioners there are${isThere || !areSeen ? "" : `: none has ${tags}`}.`,
    command: kubectl(view.namespace, "get", "coderprovisioners", "-o", "wide"),
    tool: {
      name: "list_provisioner_daemons",
      arguments: { ...whichCoder(view), offline: true },
    },
  };
  if (isThere) return [list];
  const own = tagText(jobTags);
  const add: NextStep = {
    text: own === undefined
      ? "Create a CoderProvisioner without tags, or switch Coder's built-in provisioners on."
      : `Create a CoderProvisioner with spec.tags ${own}, or change the tags in the template ${view.template}.`,
    command: "kubectl explain coderprovisioner.spec.tags",
  };
  return [list, add];
}
