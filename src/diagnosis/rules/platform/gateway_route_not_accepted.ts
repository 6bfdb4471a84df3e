/** A Gateway does not take the route. */
import type { Facts } from "../../facts.ts";
import { conditionIn, type OwnerView, subjectOwner } from "../../owner_view.ts";
import { editOwner, quoteCondition, quoteNow } from "../../owner_steps.ts";
import { kubectl } from "../../pods/steps.ts";
import { isAbsent, valueOf } from "../../seen.ts";
import type { Evidence, Rule } from "../../types.ts";

const REASONS = ["RouteNotAccepted", "BackendNotResolved", "GatewayNotFound", "GatewayAPIMissing"];

interface Refusal {
  readonly cause: string;
  readonly evidence: Evidence;
  readonly route: string;
}

/** See the file's head. */
export const gatewayRouteNotAccepted: Rule = {
  id: "gateway-route-not-accepted",
  subjects: ["controlplane", "proxy"],
  needs: ["routes"],
  depth: 70,
  explains: ["coder-unreachable", "proxy-unreachable"],
  docs: {
    title: "The Gateway does not take the route",
    symptom: "The host's address answers 404, or nothing.",
    cause:
      "The Gateway does not exist, has no listener for that host, lets no routes of this namespace in, or finds no " +
      "Service behind the route; or the cluster has no Gateway API.",
    evidence:
      "The conditions Accepted and ResolvedRefs that the Gateway's controller has given the HTTPRoute.",
    remedy: "Correct spec.expose.gateway, or the Gateway's listeners and allowedRoutes.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined) return [];
    const refusal = ofRoutes(facts) ?? ofCondition(facts, owner);
    if (refusal === undefined) return [];
    const { namespace } = owner;
    return [{
      cause: refusal.cause,
      confidence: "certain",
      evidence: [refusal.evidence],
      next: [
        {
          text: "See what the Gateway's controller says.",
          command: kubectl(namespace, "describe", "httproute", refusal.route),
        },
        {
          text: "See the Gateways, their listeners and addresses.",
          command: "kubectl get gateways --all-namespaces",
        },
        editOwner(owner, "Correct spec.expose.gateway."),
      ],
    }];
  },
};

function ofRoutes(facts: Facts): Refusal | undefined {
  for (const { name, namespace, parents } of valueOf(facts.routes) ?? []) {
    for (const { name: gateway, conditions } of parents) {
      const no = conditions.find(({ type, status }) =>
        (type === "Accepted" || type === "ResolvedRefs") && status === "False"
      );
      if (no === undefined) continue;
      const { type, reason, message } = no;
      const words = type === "Accepted" ? "does not accept" : "finds nothing behind";
      return {
        cause: `Gateway ${gateway} ${words} HTTPRoute ${namespace}/${name}: ${reason}: ${message}`,
        evidence: quoteNow(
          facts,
          `condition ${type} of HTTPRoute ${namespace}/${name}`,
          `${reason}: ${message}`,
        ),
        route: name,
      };
    }
  }
  return undefined;
}

/** What the operator says, where nothing newer is known. */
function ofCondition(facts: Facts, owner: OwnerView): Refusal | undefined {
  const exposed = conditionIn(owner, "Exposed");
  if (exposed?.status !== "False" || !REASONS.includes(exposed.reason)) return undefined;
  const routes = valueOf(facts.routes);
  const isSettled = routes?.some(({ parents }) =>
    parents.some(({ conditions }) =>
      conditions.some(({ type, status }) => type === "Accepted" && status === "True")
    )
  );
  if (isSettled === true || (isAbsent(facts.routes) && exposed.reason !== "GatewayAPIMissing")) {
    return undefined;
  }
  return {
    cause: `The route of ${owner.about} leads nowhere: ${exposed.message}`,
    evidence: quoteCondition(owner.about, exposed),
    route: routes?.[0]?.name ?? owner.name,
  };
}
