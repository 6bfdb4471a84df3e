/** Kubernetes does not reach the product's own API. */
import { list, number, record, text } from "../../foreign.ts";
import { timeText } from "../../core_events.ts";
import type { Facts } from "../../facts.ts";
import { conditionView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { quoteCondition } from "../../owner_steps.ts";
import { valueOf } from "../../seen.ts";
import type { Finding, NextStep, Rule } from "../../types.ts";

const NAME = "v1alpha1.aggregation.coder.com";
/** It is being installed; milliseconds. */
const YOUNG_MS = 30_000;

/** See the file's head. */
export const apiServiceUnavailable: Rule = {
  id: "api-service-unavailable",
  subjects: ["workspace", "controlplane"],
  needs: ["apiService"],
  depth: 75,
  docs: {
    title: "The API of workspaces and templates is not available",
    symptom:
      "kubectl get coderworkspaces says the server is currently unable to handle the request; namespaces stay Terminating.",
    cause:
      "The API server does not reach the Service behind the APIService: no pod of it is ready, its certificate " +
      "is not trusted (caBundle), or the network between them is closed.",
    evidence: "The condition Available of the APIService.",
    remedy: "Bring the pods of that Service up; see caBundle where the certificate is not trusted.",
  },
  find(facts) {
    if (facts.apiService?.state !== "seen") return ofRefusal(facts);
    const { metadata, spec, status } = record(valueOf(facts.apiService));
    const available = list(record(status)["conditions"]).map(conditionView)
      .find(({ type }) => type === "Available");
    if (available?.status !== "False") return [];
    if (available.at > 0 && facts.now - available.at < YOUNG_MS) return [];
    const service = record(record(spec)["service"]);
    const [namespace, name] = [text(service["namespace"]), text(service["name"])];
    const where = name === ""
      ? ""
      : ` (Service ${namespace}/${name}, port ${number(service["port"]) || 443})`;
    return [{
      cause: `The APIService ${text(record(metadata)["name"]) || NAME}${where} is not available: ` +
        `${available.reason}: ${available.message}`,
      confidence: "certain",
      evidence: [quoteCondition(`APIService ${NAME}`, available)],
      next: nextOf(available.reason, available.message, namespace, name),
    }];
  },
};

/** Who may not read the APIService hears of it where they ask for a workspace, and the API server answers all else. */
function ofRefusal({ subject, workspace, controlPlanes, now }: Facts): Finding[] {
  if (subject.kind !== "workspace" || workspace?.state !== "unread" || controlPlanes?.state !== "seen") {
    return [];
  }
  if (!/\b503\b/.test(workspace.why)) return [];
  return [{
    cause:
      `The API server is not able to answer for workspaces, and answers for all else: the APIService ${NAME} ` +
      "is not available.",
    confidence: "likely",
    evidence: [{ source: workspace.what, at: timeText(now), quote: workspace.why }],
    next: nextOf("", "", "", ""),
  }];
}

function nextOf(reason: string, message: string, namespace: string, name: string): NextStep[] {
  const describe: NextStep = {
    text: "See what Kubernetes says of it.",
    command: `kubectl describe apiservice ${NAME}`,
  };
  if (name === "") return [describe];
  const pods: NextStep = {
    text: "See whether the pods behind it run and are ready.",
    command: kubectl(namespace, "get", "service,endpoints,pods", "-o", "wide"),
  };
  if (reason === "ServiceNotFound") {
    return [{
      text: "Make the Service again, or remove the APIService with what it belongs to.",
      command: kubectl(namespace, "get", "services"),
    }, describe];
  }
  if (/x509|certificate|tls/i.test(message)) {
    return [{
      text:
        "See whether spec.caBundle is the authority of the server's certificate; the server writes it there itself.",
      command: `kubectl get apiservice ${NAME} -o jsonpath='{.spec.caBundle}' | base64 -d | ` +
        "openssl x509 -noout -subject -dates",
    }, pods];
  }
  return [pods, {
    text: "Read what the server says.",
    command: kubectl(namespace, "logs", `service/${name}`, "--tail=100"),
  }, describe];
}
