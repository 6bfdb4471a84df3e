/** The daemons are of another version than Coder takes. */
import { timeText } from "../../core_events.ts";
import { record, text } from "../../foreign.ts";
import type { Facts } from "../../facts.ts";
import type { ProvisionerView } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Finding, Rule } from "../../types.ts";
import { isConnected, lineOf, logStep, ownDaemons, podsOf, subjectOf } from "./seen.ts";

const REFUSED =
  /incompatible or unparsable version|behind requested (?:major|minor) version|version .{1,40} is no longer supported/i;

/** See the file's head. */
export const provisionerVersionMismatch: Rule = {
  id: "provisioner-version-mismatch",
  subjects: ["provisioner"],
  needs: ["provisioner", "controlPlane", "daemons", "podLogs"],
  depth: 70,
  explains: ["deployment-unavailable", "provisioner-not-connected", "crash-loop"],
  docs: {
    title: "Provisioners are of another version than Coder takes",
    symptom: "Provisioner pods run or restart, and no daemon is connected.",
    cause: "The image of the provisioner is newer than Coder, or so old that Coder no longer speaks with it.",
    evidence: "The daemons' log, or the versions of image and Coder.",
    remedy: "Leave spec.image of the provisioner out: it follows the control plane then.",
  },
  find(facts) {
    const view = subjectOf(facts);
    if (view === undefined || ownDaemons(facts, view)?.some(isConnected) === true) return [];
    const line = lineOf(facts, REFUSED);
    const newer = newerImage(facts, view);
    if (line === undefined && newer === undefined) return [];
    const coder = coderVersion(facts);
    return [
      {
        cause:
          `Coder${coder === "" ? "" : ` ${coder}`} does not take the daemons of provisioner ${view.ref}, ` +
          `which run ${view.runs === "" ? "another version" : `the image ${view.runs}`}.`,
        confidence: line === undefined ? "likely" : "certain",
        evidence: [...(line === undefined ? [] : [line]), ...(newer === undefined ? [] : [newer])],
        next: [
          view.image === "" ? logStep(view) : {
            text: "Let the provisioner run the image of its control plane.",
            command: `kubectl -n ${view.namespace} patch coderprovisioner ${view.name} --type json ` +
              `-p '[{"op":"remove","path":"/spec/image"}]'`,
          },
          {
            text: "See which images run.",
            tool: {
              name: "get_provisioner_status",
              arguments: { namespace: view.namespace, name: view.name },
            },
            command: `kubectl -n ${view.namespace} get coderprovisioner ${view.name} -o wide`,
          },
        ],
      } satisfies Finding,
    ];
  },
};

/** Coder takes daemons that are older than it is, and none that are newer. Nothing without pods that try. */
function newerImage(facts: Facts, { image, ref, runs }: ProvisionerView): Evidence | undefined {
  const coder = coderVersion(facts);
  const [ours, theirs] = [versionOf(runs.split(":").at(-1) ?? ""), versionOf(coder)];
  const hasTried = podsOf(facts)?.some(({ containers }) =>
    containers.some(({ restarts, state }) => state === "running" || restarts > 0)
  );
  const isAsked = valueOf(facts.daemons) !== undefined;
  if (image === "" || ours === undefined || theirs === undefined || !hasTried || !isAsked) return undefined;
  const isNewer = ours.major > theirs.major || (ours.major === theirs.major && ours.minor > theirs.minor);
  if (!isNewer) return undefined;
  return {
    source: `spec.image of provisioner ${ref}`,
    at: timeText(facts.now),
    quote: `${image}, while Coder is ${coder}`,
  };
}

function coderVersion(facts: Facts): string {
  return text(record(record(valueOf(facts.controlPlane)).status)["version"]);
}

function versionOf(text: string): { readonly major: number; readonly minor: number } | undefined {
  const [, major, minor] = /^v?(\d{1,4})\.(\d{1,4})\./.exec(text) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
