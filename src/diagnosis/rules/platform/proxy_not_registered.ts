/** The proxy is not registered with Coder, and cannot be. */
import type { Facts } from "../../facts.ts";
import { record } from "../../foreign.ts";
import { conditionIn, type OwnerView, subjectOwner } from "../../owner_view.ts";
import { editOwner, quoteCondition, quoteNow, seeOwner } from "../../owner_steps.ts";
import { nameInCoder } from "../../proxy_view.ts";
import { valueOf } from "../../seen.ts";
import type { Finding, Rule } from "../../types.ts";

/** They have rules of their own, or pass by themselves. */
const OTHERS =
  /^(?:NotEntitled|NotSupported|CoderUnavailable|RateLimited|Aborted|Conflict|KubernetesAPI|NotManaged|OperatorAccessNotReady|WaitingFor.*)$/;
/** A registration takes its time; milliseconds. */
const PATIENCE_MS = 30_000;

/** See the file's head. */
export const proxyNotRegistered: Rule = {
  id: "proxy-not-registered",
  subjects: ["proxy"],
  needs: ["proxy", "coderProxies"],
  depth: 80,
  explains: [
    "deployment-unavailable",
    "proxy-token-refused",
    "proxy-unhealthy",
    "proxy-unreachable",
    "proxy-unregistered",
    "secret-missing",
  ],
  docs: {
    title: "The proxy is not registered with Coder",
    symptom: "There are no pods, or Coder turns them away.",
    cause:
      "The credentials for registering are missing or refused, the name is taken, the control plane cannot be used, or " +
      "somebody deleted the proxy in Coder.",
    evidence: "The operator's condition Registered, or Coder's list of proxies.",
    remedy: "Correct what the condition names; the operator registers it again by itself.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined || owner.deletingSince > 0) return [];
    return ofCondition(facts, owner) ?? deletedInCoder(facts, owner) ?? [];
  },
};

function ofCondition(facts: Facts, owner: OwnerView): Finding[] | undefined {
  const registered = conditionIn(owner, "Registered");
  if (registered?.status !== "False" || OTHERS.test(registered.reason)) return undefined;
  if (facts.now - owner.changedAt < PATIENCE_MS) return undefined;
  return [{
    cause: `The registration of ${owner.about} with Coder fails: ${registered.message}`,
    confidence: "certain",
    evidence: [quoteCondition(owner.about, registered)],
    next: [editOwner(owner, "Correct its registration, credentials or name."), seeOwner(owner)],
  }];
}

function deletedInCoder(facts: Facts, owner: OwnerView): Finding[] | undefined {
  const proxies = valueOf(facts.coderProxies);
  const registration = record(owner.status["registration"]);
  const name = nameInCoder(owner);
  if (proxies === undefined || proxies.length === 0 || registration["id"] === undefined) return undefined;
  if (proxies.some((proxy) => proxy.name === name)) return undefined;
  if (facts.now - owner.changedAt < PATIENCE_MS) return undefined;
  const there = proxies.map((proxy) => proxy.name).slice(0, 6).join(", ");
  return [{
    cause:
      `Coder has no proxy ${name}, as which ${owner.about} is registered: somebody has deleted or renamed it there.`,
    confidence: "likely",
    evidence: [quoteNow(facts, "workspace proxies of Coder", `there are ${there}`)],
    next: [
      seeOwner(owner),
      { text: "See the proxies that Coder has.", command: "coder wsproxy list" },
    ],
  }];
}
