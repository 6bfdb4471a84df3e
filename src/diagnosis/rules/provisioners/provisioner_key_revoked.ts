/** The key that the daemons sign in with is no longer in Coder. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { conditionEvidence, type ProvisionerView, refusal } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Finding, NextStep, Rule } from "../../types.ts";
import { isConnected, lineOf, logStep, ownDaemons, subjectOf } from "./seen.ts";

const REFUSED = /provisioner (?:daemon )?key (?:is )?invalid/i;

/** See the file's head. */
export const provisionerKeyRevoked: Rule = {
  id: "provisioner-key-revoked",
  subjects: ["provisioner"],
  needs: ["provisioner", "keys", "podLogs"],
  depth: 85,
  explains: ["deployment-unavailable", "provisioner-not-connected", "crash-loop", "readiness-failing"],
  docs: {
    title: "The provisioner's key is gone in Coder",
    symptom: "Provisioner pods run or restart, and no daemon of theirs is connected: builds wait.",
    cause: "Somebody deleted the provisioner key in Coder, or the pods have another one than Coder knows.",
    evidence: "The list of keys in Coder, the condition ProvisionerKeySecretReady, or the daemons' log.",
    remedy:
      "The operator makes a new key by itself; rotate it to have that at once. A key that you bring in " +
      "spec.key.existingSecret is yours to replace.",
  },
  find(facts) {
    const view = subjectOf(facts);
    if (view === undefined) return [];
    const evidence = [...goneFromList(facts, view), ...said(facts, view)];
    if (evidence.length === 0) return [];
    return [{ cause: causeOf(view), confidence: "certain", evidence, next: nextOf(view) } satisfies Finding];
  },
};

function goneFromList(facts: Facts, { key, organization, ref }: ProvisionerView): Evidence[] {
  const keys = valueOf(facts.keys);
  if (keys === undefined || key.isBrought || key.name === "") return [];
  if (keys.some(({ name }) => name.toLowerCase() === key.name.toLowerCase())) return [];
  const names = keys.map(({ name }) => name);
  return [{
    source: `provisioner keys of the organization ${organization} in Coder`,
    at: timeText(facts.now),
    quote: `${
      names.length === 0 ? "no keys" : names.slice(0, 8).join(", ")
    }; ${key.name} of ${ref} is not among them`,
  }];
}

function said(facts: Facts, view: ProvisionerView): Evidence[] {
  // What a log says of an earlier key is over once a daemon is connected.
  if (ownDaemons(facts, view)?.some(isConnected) === true) return [];
  const isListed = valueOf(facts.keys)?.some(({ name }) =>
    name.toLowerCase() === view.key.name.toLowerCase()
  );
  const condition = refusal(view, "ProvisionerKeySecretReady", ["KeyGone", "KeyAltered"]);
  const line = lineOf(facts, REFUSED);
  return [
    ...(condition === undefined || isListed === true
      ? []
      : [conditionEvidence(`provisioner ${view.ref}`, condition)]),
    ...(line === undefined ? [] : [line]),
  ];
}

function causeOf({ key, ref }: ProvisionerView): string {
  return key.isBrought || key.name === ""
    ? `Coder refuses the provisioner key in the Secret ${key.secret}: the daemons of ${ref} cannot sign in.`
    : `The provisioner key ${key.name} is no longer good in Coder: the daemons of ${ref} cannot sign in.`;
}

function nextOf(view: ProvisionerView): NextStep[] {
  const { key, name, namespace, organization, tags } = view;
  if (!key.isBrought) {
    return [
      {
        text: "Have the operator make a new key now.",
        command:
          `kubectl -n ${namespace} annotate coderprovisioner ${name} coder.com/rotate-key="$(date +%s)" --overwrite`,
        tool: { name: "rotate_provisioner_key", arguments: { namespace, name } },
      },
      {
        text: "Look at what the operator says of the key.",
        command: `kubectl -n ${namespace} describe coderprovisioner ${name}`,
        tool: { name: "get_provisioner_status", arguments: { namespace, name } },
      },
    ];
  }
  const flags = Object.entries(tags).map(([tag, value]) => ` --tag ${tag}=${value}`).join("");
  return [
    {
      text: "Make a new key in Coder.",
      command: `coder provisioner keys create ${name} --org ${organization}${flags}`,
    },
    {
      text:
        `Put it into the Secret ${key.secret} under ${key.dataKey} (the command asks for it); the pods follow.`,
      command: `kubectl -n ${namespace} create secret generic ${key.secret} ` +
        `--from-literal=${key.dataKey}="$KEY" --dry-run=client -o yaml | kubectl -n ${namespace} apply -f -`,
    },
    logStep(view),
  ];
}
