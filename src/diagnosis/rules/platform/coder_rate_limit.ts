/** Coder takes no more requests for a while. */
import { timeText } from "../../core_events.ts";
import type { FactName, Facts } from "../../facts.ts";
import { list, record, text } from "../../foreign.ts";
import { conditionView } from "../../pods/pod_view.ts";
import { conditionEvidence } from "../../provisioner_view.ts";
import { valueOf } from "../../seen.ts";
import { SUBJECT_KINDS } from "../../subject.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";

/** What Coder itself is asked for. */
const OF_CODER: readonly FactName[] = [
  "coderAlive",
  "build",
  "buildLog",
  "agentLog",
  "templateVersion",
  "daemons",
  "jobs",
  "keys",
  "quota",
  "entitlements",
  "coderProxies",
];
/** What the operator or the aggregated API asks Coder for. */
const BEHIND: readonly FactName[] = ["workspace"];
const OWN_BUDGET = /request budget of this deployment is used up/;

const TOOLS = {
  workspace: "diagnose_workspace",
  controlplane: "diagnose_control_plane",
  provisioner: "diagnose_provisioner",
  proxy: "diagnose_workspace_proxy",
} as const;

/** See the file's head. */
export const coderRateLimit: Rule = {
  id: "coder-rate-limit",
  subjects: SUBJECT_KINDS,
  needs: [],
  depth: 75,
  docs: {
    title: "Coder answers 429: too many requests",
    symptom:
      "Reads of Coder fail for a minute at a time, changes take long, and the operator says RateLimited.",
    cause:
      "More requests a minute came from one address than CODER_API_RATE_LIMIT lets through (512 for each path " +
      "by default). Behind an Ingress or a NAT, all who ask may be one address.",
    evidence: "Coder's answer to what was asked, or a condition with the reason RateLimited.",
    remedy:
      "Wait a minute. Find who asks so often, raise CODER_API_RATE_LIMIT, or let Coder see who really asks " +
      "(CODER_PROXY_TRUSTED_HEADERS and CODER_PROXY_TRUSTED_ORIGINS).",
  },
  find(facts) {
    const answers = [...OF_CODER, ...BEHIND].flatMap((name) => limited(facts, name));
    const said = answers.length > 0 ? [] : conditions(facts);
    const evidence = [...answers, ...said];
    if (evidence.length === 0) return [];
    const coder = coderOf(facts);
    const isOurs = answers.length > 0 && answers.every(({ quote }) => OWN_BUDGET.test(quote));
    return [{
      cause: isOurs
        ? `coder-k8s has used up its own budget of requests, which keeps it below Coder's rate limit: ${coder.text} is asked no more for some seconds.`
        : `Too many requests: ${coder.text} answers with 429: it takes no more requests from this address for now.`,
      confidence: said.length > 0 ? "likely" : "certain",
      evidence,
      next: nextOf(facts, coder),
    }];
  },
};

function limited(facts: Facts, name: FactName): Evidence[] {
  const fact = facts[name];
  if (fact?.state !== "unread" || fact.kind !== "rateLimited") return [];
  // The API server has limits of its own.
  if (BEHIND.includes(name) && !/coder|rate limited/i.test(fact.why)) return [];
  return [{ source: `answer to: ${fact.what}`, at: timeText(facts.now), quote: fact.why }];
}

function conditions({ controlPlane, provisioner, proxy }: Facts): Evidence[] {
  const objects: Readonly<Record<string, unknown>> = {
    "control plane": valueOf(controlPlane),
    provisioner: valueOf(provisioner),
    "workspace proxy": valueOf(proxy),
  };
  return Object.entries(objects).flatMap(([kind, object]) => {
    const { metadata, status } = record(object);
    return list(record(status)["conditions"]).map(conditionView)
      .filter(({ reason, status }) => reason === "RateLimited" && status === "False")
      .slice(0, 1)
      .map((condition) => conditionEvidence(`${kind} ${text(record(metadata)["name"])}`, condition));
  });
}

interface CoderName {
  readonly namespace: string;
  /** Empty where it is not known. */
  readonly name: string;
  readonly text: string;
}

function coderOf({ controlPlane, subject }: Facts): CoderName {
  const meta = record(record(valueOf(controlPlane)).metadata);
  const name = text(meta["name"]) || (subject.kind === "controlplane" ? subject.name : "");
  const namespace = text(meta["namespace"]) || subject.namespace;
  return {
    namespace,
    name,
    text: name === "" ? `the Coder of ${namespace}` : `the Coder of ${namespace}/${name}`,
  };
}

function nextOf({ subject }: Facts, { name, namespace }: CoderName): NextStep[] {
  const { kind } = subject;
  return [
    {
      text: "Wait a minute, then look again.",
      command: `coder-k8s diagnose ${kind} ${subject.name} -n ${subject.namespace}`,
      tool: { name: TOOLS[kind], arguments: { namespace: subject.namespace, name: subject.name } },
    },
    {
      text:
        "Raise CODER_API_RATE_LIMIT in spec.extraEnv of the control plane (512 requests a minute for each path " +
        "is the default, -1 is none).",
      command: name === ""
        ? `kubectl -n ${namespace} get codercontrolplanes`
        : `kubectl -n ${namespace} edit codercontrolplane ${name}`,
    },
  ];
}
