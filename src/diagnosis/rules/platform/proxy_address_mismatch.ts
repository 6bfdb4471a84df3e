/** Coder gives people other addresses of the proxy than it is exposed at. */
import { record, text } from "../../foreign.ts";
import { editOwner, quoteNow } from "../../owner_steps.ts";
import { subjectOwner } from "../../owner_view.ts";
import { ownProxy } from "../../proxy_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { workspaceProxyName } from "../../../workload/names.ts";
import type { Rule } from "../../types.ts";

/** Pods with a new address call Coder within this time, in milliseconds. */
const PATIENCE_MS = 300_000;

/** See the file's head. */
export const proxyAddressMismatch: Rule = {
  id: "proxy-address-mismatch",
  subjects: ["proxy"],
  needs: ["proxy", "coderProxies"],
  depth: 50,
  explains: ["proxy-unreachable", "proxy-unhealthy"],
  docs: {
    title: "The proxy tells Coder another address than it is exposed at",
    symptom: "People are sent to an address at which the proxy does not answer; subdomain apps do not open.",
    cause: "CODER_ACCESS_URL or CODER_WILDCARD_ACCESS_URL of the proxy differ from the hosts of spec.expose.",
    evidence: "The addresses that Coder has, and those of the spec.",
    remedy: "Leave both variables to the operator, or set them to the exposed hosts.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    const proxy = owner === undefined ? undefined : ownProxy(facts, owner);
    // Before it has called, Coder has no address of it.
    if (owner === undefined || proxy === undefined || proxy.pathAppUrl === "") return [];
    if (proxy.status === "unregistered" || facts.now - owner.changedAt < PATIENCE_MS) return [];
    const { ingress, gateway } = record(owner.spec["expose"]);
    const wanted = record(ingress ?? gateway);
    const [host, wildcard] = [text(wanted["host"]).trim(), text(wanted["wildcardHost"]).trim()];
    const differences = [
      ...(host !== "" && URL.parse(proxy.pathAppUrl)?.hostname !== host
        ? [`the address ${proxy.pathAppUrl}, not the host ${host}`]
        : []),
      ...(wildcard.startsWith("*.") && proxy.wildcardHostname.replace(/:\d+$/, "") !== wildcard
        ? [`${proxy.wildcardHostname === "" ? "no wildcard host" : proxy.wildcardHostname}, not ${wildcard}`]
        : []),
    ];
    if (differences.length === 0) return [];
    return [{
      cause: `Coder has of ${owner.about} ${differences.join(", and ")}, as spec.expose has it.`,
      confidence: "likely",
      evidence: [
        quoteNow(
          facts,
          `workspace proxy ${proxy.name} in Coder`,
          `path_app_url: ${proxy.pathAppUrl}; wildcard_hostname: ${proxy.wildcardHostname}`,
        ),
        quoteNow(
          facts,
          owner.about,
          `spec.expose: host ${host}${wildcard === "" ? "" : `, wildcardHost ${wildcard}`}`,
        ),
      ],
      next: [
        editOwner(
          owner,
          "Remove CODER_ACCESS_URL and CODER_WILDCARD_ACCESS_URL from spec.extraEnv, or correct them.",
        ),
        {
          text: "See what its pods are told.",
          command: kubectl(
            owner.namespace,
            "set",
            "env",
            `deployment/${workspaceProxyName(owner.name)}`,
            "--list",
          ),
        },
      ],
    }];
  },
};
