/** Nobody gives the Service of type LoadBalancer an address. */
import { list, record, text, time } from "../../foreign.ts";
import { editOwner, quoteNow } from "../../owner_steps.ts";
import { subjectOwner } from "../../owner_view.ts";
import { eventEvidence } from "../../pods/event_view.ts";
import { podFacts } from "../../pods/pod_facts.ts";
import { kubectl } from "../../pods/steps.ts";
import { valueOf } from "../../seen.ts";
import type { Rule } from "../../types.ts";

/** A cloud takes minutes to make one; milliseconds. */
const PATIENCE_MS = 600_000;

/** See the file's head. */
export const loadBalancerFailing: Rule = {
  id: "load-balancer-failing",
  subjects: ["controlplane", "proxy"],
  needs: ["service", "events"],
  depth: 70,
  explains: ["coder-unreachable", "proxy-unreachable"],
  docs: {
    title: "The load balancer has no address",
    symptom: "kubectl get service shows <pending> as the external address.",
    cause: "The cloud cannot make the load balancer, or the cluster has nothing that makes any.",
    evidence: "The events of the Service, or that it has had no address for long.",
    remedy:
      "Mend what the event names; without load balancers, use spec.expose, or another spec.service.type.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    const { metadata, spec, status } = record(valueOf(facts.service));
    if (owner === undefined || text(record(spec)["type"]) !== "LoadBalancer") return [];
    if (list(record(record(status)["loadBalancer"])["ingress"]).length > 0) return [];
    const name = text(record(metadata)["name"]);
    const event = podFacts(facts).events.find((one) =>
      one.kind === "Service" && one.name === name && one.isWarning && /LoadBalancer/i.test(one.reason)
    );
    const created = time(record(metadata)["creationTimestamp"]);
    const isOld = created > 0 && facts.now - created > PATIENCE_MS;
    if (event === undefined && !isOld) return [];
    const about = `Service ${owner.namespace}/${name}`;
    return [{
      cause: event === undefined
        ? `${about} is of type LoadBalancer, and nobody has given it an address.`
        : `The load balancer of ${about} cannot be made: ${event.message}`,
      confidence: event === undefined ? "likely" : "certain",
      evidence: [
        event === undefined ? quoteNow(facts, about, "status.loadBalancer: {}") : eventEvidence(event),
      ],
      next: [
        {
          text: "See what the cluster says of it.",
          command: kubectl(owner.namespace, "describe", "service", name),
          tool: { name: "get_service_status", arguments: { namespace: owner.namespace, name } },
        },
        editOwner(owner, "Or expose it in another way: spec.expose, or spec.service.type."),
      ],
    }];
  },
};
