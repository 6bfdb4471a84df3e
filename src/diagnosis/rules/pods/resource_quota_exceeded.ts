/** A namespace's quota has no room for the pod or claim. */
import { list, record, text, textRecord } from "../../foreign.ts";
import { NOT_STARTED } from "../../pods/downstream.ts";
import { foldedBy } from "../../pods/pod_facts.ts";
import { refusals, refusedThing } from "../../pods/refusals.ts";
import { correct, kubectl } from "../../pods/steps.ts";
import type { Facts } from "../../facts.ts";
import { timeText } from "../../core_events.ts";
import { valueOf } from "../../seen.ts";
import type { Evidence, Finding, Rule } from "../../types.ts";
import { ALL_SUBJECTS } from "./subjects.ts";

/** See the file's head. */
export const resourceQuotaExceeded: Rule = {
  id: "resource-quota-exceeded",
  subjects: ALL_SUBJECTS,
  needs: ["events", "quotas"],
  depth: 88,
  explains: [...NOT_STARTED, "pod-create-failed"],
  docs: {
    title: "A ResourceQuota of the namespace is used up",
    symptom: "No pod appears at all, or the build fails while it makes one.",
    cause:
      "The namespace's ResourceQuota has less left than the pod or claim asks for, or wants requests and limits " +
      "that are not given.",
    evidence:
      "The API server's refusal, as a controller or Terraform quotes it, with what is used and allowed.",
    remedy: "Stop what is not needed, ask for less, or raise the quota.",
  },
  find(facts) {
    const hits = refusals(facts).flatMap((refusal) => {
      const quota = /(?:exceeded|failed) quota: ([\w.-]+)/i.exec(refusal.words)?.[1];
      return quota === undefined ? [] : [{ ...refusal, quota }];
    });
    return foldedBy(hits, ({ quota, namespace }) => `${namespace} ${quota}`).map((group): Finding => {
      const [{ quota, words, who, namespace: told, evidence, next }] = group;
      const current = quotaOf(facts, told, quota);
      const namespace = told || current?.namespace || "";
      const name = namespace === "" ? quota : `${namespace}/${quota}`;
      const unset = unsetIn(words);
      const thing = refusedThing(words);
      return {
        cause: unset !== undefined
          ? `The ResourceQuota ${name} wants ${unset} of every container, and ${who} gives none: no ${thing} is made.`
          : `The ResourceQuota ${name} has no room for the ${thing} of ${who}: ${usage(words)}.`,
        confidence: "certain",
        evidence: [evidence, ...(current?.evidence ?? [])],
        next: [
          {
            text: "See what is used, and raise the quota or stop what is not needed.",
            command: kubectl(namespace, "describe", "resourcequota", quota),
          },
          correct(facts, unset === undefined ? `what the ${thing} asks for` : "the requests and limits"),
          ...next,
        ],
      };
    });
  },
};

/** `limits.cpu, limits.memory`, out of `must specify limits.cpu for: dev; limits.memory for: dev`. */
function unsetIn(words: string): string | undefined {
  const told = /must specify (.+)$/is.exec(words)?.[1];
  return told?.split(/[;,]/).map((one) => one.replace(/ for:.*$/s, "").trim()).filter((one) =>
    /^[\w./-]+$/.test(one)
  )
    .join(", ");
}

/** `limits.cpu: 8 asked, 2 of 4 used`, out of `requested: a=1,b=2, used: …, limited: …`. */
function usage(words: string): string {
  const part = (name: string) => {
    const told = new RegExp(`${name}: ((?:[\\w./-]+=[^,\\s]+,?)+)`).exec(words)?.[1] ?? "";
    return new Map(
      told.split(",").filter((one) => one !== "").map((one) => one.split("=") as [string, string]),
    );
  };
  const [asked, used, limited] = [part("requested"), part("used"), part("limited")];
  const told = [...asked].map(([resource, amount]) =>
    `${resource}: ${amount} asked, ${used.get(resource) ?? "?"} of ${limited.get(resource) ?? "?"} used`
  );
  return told.length === 0 ? "it is used up" : told.join("; ");
}

function quotaOf(
  facts: Facts,
  namespace: string,
  name: string,
): { readonly namespace: string; readonly evidence: readonly Evidence[] } | undefined {
  const found = list(valueOf(facts.quotas)).map(record).find(({ metadata }) => {
    const meta = record(metadata);
    return meta["name"] === name && (namespace === "" || meta["namespace"] === namespace);
  });
  if (found === undefined) return undefined;
  const { hard, used } = record(found["status"]);
  const uses = textRecord(used);
  const quote = Object.entries(textRecord(hard)).map(([resource, most]) =>
    `${resource} ${uses[resource] ?? "0"} of ${most}`
  ).join(", ");
  const where = text(record(found["metadata"])["namespace"]);
  return {
    namespace: where,
    evidence: quote === ""
      ? []
      : [{ source: `ResourceQuota ${where}/${name}`, at: timeText(facts.now), quote }],
  };
}
