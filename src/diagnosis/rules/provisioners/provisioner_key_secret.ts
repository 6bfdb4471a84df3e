/** The Secret with the key is missing, or has nothing where the key should be. */
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { conditionEvidence, type ProvisionerView, refusal } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";
import { subjectOf } from "./seen.ts";

const SECRET_REASONS = ["SecretMissing", "SecretForeign", "SecretChanged"];
/** A key of its own is made within moments; until then its Secret is not there yet. */
const YOUNG_MS = 30_000;

/** See the file's head. */
export const provisionerKeySecret: Rule = {
  id: "provisioner-key-secret",
  subjects: ["provisioner"],
  needs: ["provisioner", "secrets"],
  depth: 88,
  explains: [
    "deployment-unavailable",
    "config-missing",
    "container-not-created",
    "provisioner-not-connected",
  ],
  docs: {
    title: "The Secret with the provisioner key is missing or has another key",
    symptom: "The provisioner is not ready, its pods do not start (CreateContainerConfigError).",
    cause:
      "The Secret of spec.key.existingSecret does not exist or has nothing at spec.key.secretKey; or the " +
      "operator's own Secret was deleted, changed, or belongs to somebody else.",
    evidence: "The Secret's keys (never their values) and the condition ProvisionerKeySecretReady.",
    remedy: "Create the Secret with that key, or name the one that there is.",
  },
  find(facts) {
    const view = subjectOf(facts);
    if (view === undefined) return [];
    const seen = lookAt(facts, view);
    if (seen === "fine") return [];
    const condition = refusal(view, "ProvisionerKeySecretReady", SECRET_REASONS);
    const isYoung = !view.key.isBrought && facts.now - view.createdAt < YOUNG_MS;
    if (isYoung || (seen === undefined && condition === undefined)) return [];
    const evidence = [
      ...(seen === undefined ? [] : [seen.evidence]),
      ...(condition === undefined ? [] : [conditionEvidence(`provisioner ${view.ref}`, condition)]),
    ];
    return [{
      cause: seen?.cause ??
        `The Secret ${view.namespace}/${view.key.secret} with the provisioner key cannot be used.`,
      confidence: "certain",
      evidence,
      next: nextOf(view, seen?.otherKey),
    }];
  },
};

interface Problem {
  readonly cause: string;
  readonly evidence: Evidence;
  /** The only key that it has. */
  readonly otherKey?: string | undefined;
}

function lookAt(facts: Facts, { key, namespace, ref }: ProvisionerView): Problem | "fine" | undefined {
  const secret = valueOf(facts.secrets)?.find((one) =>
    one.namespace === namespace && one.name === key.secret
  );
  if (secret === undefined) return undefined;
  const source = `Secret ${namespace}/${key.secret}`;
  const at = timeText(facts.now);
  const field = key.isBrought ? "spec.key.existingSecret" : "the operator's own";
  if (!secret.isThere) {
    return {
      cause:
        `The Secret ${namespace}/${key.secret} with the key of provisioner ${ref} (${field}) does not exist.`,
      evidence: { source, at, quote: "not found" },
    };
  }
  if ((secret.keys[key.dataKey] ?? 0) > 0) return "fine";
  const names = Object.keys(secret.keys);
  return {
    cause:
      `The Secret ${namespace}/${key.secret} has nothing at the key ${key.dataKey}, where provisioner ${ref} ` +
      `(spec.key.secretKey) has its provisioner key.`,
    evidence: {
      source,
      at,
      quote: names.length === 0 ? "it is empty" : `it has the keys ${names.slice(0, 8).join(", ")}`,
    },
    otherKey: names.length === 1 && names[0] !== key.dataKey ? names[0] : undefined,
  };
}

function nextOf({ key, name, namespace }: ProvisionerView, otherKey: string | undefined): NextStep[] {
  const describe = {
    text: "Look at what the operator says of it.",
    command: `kubectl -n ${namespace} describe coderprovisioner ${name}`,
    tool: { name: "get_provisioner_status", arguments: { namespace, name } },
  };
  if (!key.isBrought) {
    return [{
      text: "Have the operator make a new key.",
      command:
        `kubectl -n ${namespace} annotate coderprovisioner ${name} coder.com/rotate-key="$(date +%s)" --overwrite`,
      tool: { name: "rotate_provisioner_key", arguments: { namespace, name } },
    }, describe];
  }
  return [
    ...(otherKey === undefined ? [] : [{
      text: `Name the key that it has, if ${otherKey} is the right one.`,
      command: `kubectl -n ${namespace} patch coderprovisioner ${name} --type merge ` +
        `-p '${JSON.stringify({ spec: { key: { secretKey: otherKey } } })}'`,
    }]),
    {
      text: `Put the provisioner key, from the variable KEY, into it under ${key.dataKey}.`,
      command: `kubectl -n ${namespace} create secret generic ${key.secret} ` +
        `--from-literal=${key.dataKey}="$KEY" --dry-run=client -o yaml | kubectl -n ${namespace} apply -f -`,
    },
    describe,
  ];
}
