/** Nobody serves the Ingress: its class does not exist, or there is none. */
import { record, text, textRecord, time } from "../../foreign.ts";
import { editOwner, quoteNow } from "../../owner_steps.ts";
import { subjectOwner } from "../../owner_view.ts";
import { valueOf } from "../../seen.ts";
import type { NextStep, Rule } from "../../types.ts";

/** A controller may take so long to give an address, in milliseconds; some never give one. */
const PATIENCE_MS = 300_000;

/** See the file's head. */
export const ingressNotServed: Rule = {
  id: "ingress-not-served",
  subjects: ["controlplane", "proxy"],
  needs: ["ingress", "ingressClasses"],
  depth: 70,
  explains: ["coder-unreachable", "proxy-unreachable"],
  docs: {
    title: "No ingress controller serves the Ingress",
    symptom: "The host's address leads nowhere, or to a controller's page that nothing is found.",
    cause: "The class of the Ingress does not exist, or it names none and the cluster has no default.",
    evidence: "The class of the Ingress, and the classes that there are.",
    remedy: "Name one that there is in spec.expose.ingress.className, or install its controller.",
  },
  find(facts) {
    const [owner, classes] = [subjectOwner(facts), valueOf(facts.ingressClasses)];
    const { metadata, spec } = record(valueOf(facts.ingress));
    const name = text(record(metadata)["name"]);
    if (owner === undefined || classes === undefined || name === "") return [];
    const annotated = textRecord(record(metadata)["annotations"])["kubernetes.io/ingress.class"] ?? "";
    const wanted = text(record(spec)["ingressClassName"]);
    const about = `Ingress ${owner.namespace}/${name}`;
    const there = classes.length === 0
      ? "the cluster has none"
      : `there are ${classes.map((one) => one.name).join(", ")}`;
    const next: NextStep[] = [
      editOwner(owner, "Name the class of a controller that runs, in spec.expose.ingress.className."),
      { text: "See which classes there are.", command: "kubectl get ingressclasses" },
    ];
    const quote = quoteNow(facts, about, `ingressClassName: ${wanted === "" ? "none" : wanted}; ${there}`);
    if (wanted !== "") {
      if (classes.some((one) => one.name === wanted)) return [];
      return [{
        cause: `${about} is of the class ${wanted}, which does not exist: ${there}.`,
        confidence: "certain",
        evidence: [quote],
        next,
      }];
    }
    const isOld = facts.now - time(record(metadata)["creationTimestamp"]) > PATIENCE_MS;
    if (annotated !== "" || !isOld || classes.some(({ isDefault }) => isDefault)) return [];
    return [{
      cause:
        `${about} has no class, the cluster has no default one, and no controller has given it an address.`,
      confidence: "possible",
      evidence: [quote],
      next,
    }];
  },
};
