/** What Coder says of the proxy's health, by its own list or as the operator saw it last: makes the rules about that. */
import type { Facts } from "../../facts.ts";
import { number, record, text } from "../../foreign.ts";
import { conditionIn, type OwnerView, subjectOwner } from "../../owner_view.ts";
import { quoteCondition, seeOwner } from "../../owner_steps.ts";
import { isReadyPod, podView } from "../../pods/pod_view.ts";
import { ownProxy } from "../../proxy_view.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, NextStep, Rule } from "../../types.ts";

/** Coder looks at proxies every minute: younger pods it may not have seen; milliseconds. */
const PATIENCE_MS = 90_000;

interface HealthRule {
  readonly id: string;
  readonly status: string;
  /** Of the operator's condition `Healthy`. */
  readonly reason: string;
  readonly docs: Rule["docs"];
  cause(owner: OwnerView, words: string, url: string): string;
  next(owner: OwnerView, url: string): readonly NextStep[];
}

/** Makes one. */
export function proxyHealthRule({ id, status, reason, docs, cause, next }: HealthRule): Rule {
  return {
    id,
    subjects: ["proxy"],
    needs: ["proxy", "coderProxies"],
    depth: 35,
    docs,
    find(facts) {
      const owner = subjectOwner(facts);
      if (owner === undefined || owner.deletingSince > 0 || isYoung(facts, owner)) return [];
      const said = saidBy(facts, owner, status, reason);
      if (said === undefined) return [];
      return [{
        cause: cause(owner, said.words, said.url),
        confidence: said.isCoder ? "certain" : "likely",
        evidence: said.evidence,
        next: [...next(owner, said.url), seeOwner(owner)],
      }];
    },
  };
}

interface Said {
  readonly isCoder: boolean;
  readonly words: string;
  readonly url: string;
  readonly evidence: readonly Evidence[];
}

function saidBy(facts: Facts, owner: OwnerView, status: string, reason: string): Said | undefined {
  const proxy = ownProxy(facts, owner);
  if (proxy !== undefined) {
    if (proxy.status !== status) return undefined;
    const words = [...proxy.errors, ...proxy.warnings].join("; ");
    const evidence = {
      source: `workspace proxy ${proxy.name} in Coder`,
      ...(proxy.checkedAt === undefined ? {} : { at: proxy.checkedAt }),
      quote: `status: ${status}${words === "" ? "" : `; ${words}`}`,
    };
    return { isCoder: true, words, url: proxy.pathAppUrl, evidence: [evidence] };
  }
  const healthy = conditionIn(owner, "Healthy");
  if (valueOf(facts.coderProxies) !== undefined || healthy?.status !== "False" || healthy.reason !== reason) {
    return undefined;
  }
  return {
    isCoder: false,
    words: healthy.message,
    url: text(owner.status["accessURL"]),
    evidence: [quoteCondition(owner.about, healthy)],
  };
}

/** No pod of it has been ready for long: where there is none, other rules say why. */
function isYoung(facts: Facts, owner: OwnerView): boolean {
  if (facts.now - owner.changedAt < PATIENCE_MS) return true;
  const deployment = valueOf(facts.deployment);
  if (deployment !== undefined && number(record(record(deployment)["spec"])["replicas"] ?? 1) === 0) {
    return true;
  }
  const ready = (valueOf(facts.pods) ?? []).map(podView).filter(isReadyPod);
  const since = ready.map(({ conditions }) => conditions.find(({ type }) => type === "Ready")?.at ?? 0);
  return since.length > 0 && since.every((at) => facts.now - at < PATIENCE_MS);
}
