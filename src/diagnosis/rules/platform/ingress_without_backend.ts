/** What leads to the pods from outside leads to no pod. */
import { list, number, record, text } from "../../foreign.ts";
import type { Facts } from "../../facts.ts";
import { conditionView } from "../../pods/pod_view.ts";
import { kubectl } from "../../pods/steps.ts";
import { editOwner, quoteNow } from "../../owner_steps.ts";
import { type OwnerView, subjectOwner } from "../../owner_view.ts";
import { isAbsent, valueOf } from "../../seen.ts";
import type { Evidence, Finding, NextStep, Rule } from "../../types.ts";

/** Pods that become ready are no trouble for so long, in milliseconds. */
const PATIENCE_MS = 60_000;

interface Backend {
  readonly service: string;
  /** A number or a name, as text. */
  readonly port: string;
}

/** See the file's head. */
export const ingressWithoutBackend: Rule = {
  id: "ingress-without-backend",
  subjects: ["controlplane", "proxy"],
  needs: ["ingress", "service", "pods"],
  depth: 45,
  explains: ["coder-unreachable", "proxy-unreachable", "proxy-unhealthy"],
  docs: {
    title: "The Ingress or the Service leads to no pod",
    symptom: "The address answers 502, 503 or 404 of the ingress controller.",
    cause: "The Ingress names a Service or a port that is not there, or no ready pod is behind the Service.",
    evidence:
      "What the Ingress names, the ports and the selector of the Service, and how many pods it finds.",
    remedy: "Correct what is named; bring pods up; let the operator restore what somebody has changed.",
  },
  find(facts) {
    const owner = subjectOwner(facts);
    if (owner === undefined || owner.deletingSince > 0) return [];
    const found = ofIngress(facts, owner) ?? ofService(facts, owner);
    return found === undefined ? [] : [found];
  },
};

function ofIngress(facts: Facts, owner: OwnerView): Finding | undefined {
  const ingress = record(valueOf(facts.ingress));
  const backends = backendsOf(ingress);
  const [first] = backends;
  if (first === undefined) return undefined;
  const name = text(record(ingress["metadata"])["name"]);
  const about = `Ingress ${owner.namespace}/${name}`;
  const quote = quoteNow(
    facts,
    about,
    `backend: ${backends.map(({ service, port }) => `${service}:${port}`).join(", ")}`,
  );
  if (isAbsent(facts.service)) {
    return {
      cause: `${about} leads to the Service ${first.service}, which does not exist.`,
      confidence: "certain",
      evidence: [quote, quoteNow(facts, `Service ${owner.namespace}/${first.service}`, "not found")],
      next: nextOf(owner, name, first.service),
    };
  }
  const { name: service, ports } = serviceView(facts);
  if (service === "") return undefined;
  const wrong = backends.find((one) =>
    one.service === service && !ports.some(({ port, name }) => port === one.port || name === one.port)
  );
  if (wrong === undefined) return undefined;
  return {
    cause: `${about} leads to port ${wrong.port} of the Service ${service}, which has no such port: it has ${
      ports.map(({ port }) => port).join(", ") || "none"
    }.`,
    confidence: "certain",
    evidence: [quote, quoteService(facts, owner.namespace)],
    next: nextOf(owner, name, service),
  };
}

function ofService(facts: Facts, owner: OwnerView): Finding | undefined {
  const endpoints = valueOf(facts.endpoints);
  const { name: service } = serviceView(facts);
  if (endpoints === undefined || service === "" || endpoints.ready > 0) return undefined;
  const deployment = record(valueOf(facts.deployment));
  const status = record(deployment["status"]);
  const wanted = number(record(deployment["spec"])["replicas"] ?? 1);
  if (valueOf(facts.deployment) === undefined || wanted === 0) return undefined;
  const about = `Service ${owner.namespace}/${service}`;
  const ingress = text(record(record(valueOf(facts.ingress))["metadata"])["name"]);
  const through = ingress === "" ? "" : `, to which Ingress ${owner.namespace}/${ingress} leads,`;
  const ready = number(status["readyReplicas"]);
  if (endpoints.notReady === 0 && ready > 0) {
    return {
      cause: `${about}${through} finds none of the pods: its selector does not fit their labels.`,
      confidence: "certain",
      evidence: [quoteService(facts, owner.namespace)],
      next: nextOf(owner, ingress, service),
    };
  }
  // Where nothing leads to the Service, that its pods are not ready is all there is to say.
  if (ingress === "") return undefined;
  const available = list(status["conditions"]).map(conditionView).find(({ type }) => type === "Available");
  if (ready > 0 || available?.status !== "False" || facts.now - available.at < PATIENCE_MS) return undefined;
  return {
    cause: `${about}${through} has no ready pod behind it.`,
    confidence: "certain",
    evidence: [{
      ...quoteNow(facts, `pods behind ${about}`, `${endpoints.ready} ready, ${endpoints.notReady} not ready`),
    }],
    next: nextOf(owner, ingress, service),
  };
}

function backendsOf(ingress: Readonly<Record<string, unknown>>): Backend[] {
  const spec = record(ingress["spec"]);
  const paths = list(spec["rules"]).map(record).flatMap(({ http }) => list(record(http)["paths"])).map(
    record,
  );
  const all = [...paths.map(({ backend }) => backend), spec["defaultBackend"]]
    .map((backend) => record(record(backend)["service"]))
    .filter(({ name }) => text(name) !== "")
    .map(({ name, port }) => {
      const { number: wanted, name: named } = record(port);
      return { service: text(name), port: text(named) || String(wanted ?? "") };
    });
  return [...new Map(all.map((one) => [`${one.service}:${one.port}`, one])).values()];
}

interface ServicePort {
  readonly port: string;
  readonly name: string;
}

function serviceView(facts: Facts): { readonly name: string; readonly ports: readonly ServicePort[] } {
  const { metadata, spec } = record(valueOf(facts.service));
  const ports = list(record(spec)["ports"]).map(record).map(({ port, name }) => ({
    port: String(port),
    name: text(name),
  }));
  return { name: text(record(metadata)["name"]), ports };
}

function quoteService(facts: Facts, namespace: string): Evidence {
  const { spec } = record(valueOf(facts.service));
  const { name, ports } = serviceView(facts);
  const selector = Object.entries(record(record(spec)["selector"])).map(([key, value]) =>
    `${key}=${String(value)}`
  );
  return quoteNow(
    facts,
    `Service ${namespace}/${name}`,
    `ports ${ports.map((one) => `${one.name}:${one.port}`).join(", ")}; selector ${selector.join(",")}`,
  );
}

function nextOf(owner: OwnerView, ingress: string, service: string): NextStep[] {
  const { namespace } = owner;
  return [
    {
      text: "See what is behind the Service.",
      command: kubectl(
        namespace,
        "get",
        "service,endpointslices",
        "-l",
        `kubernetes.io/service-name=${service}`,
      ),
      tool: { name: "get_service_status", arguments: { namespace, name: service } },
    },
    ...(ingress === "" ? [] : [{
      text: "See what the Ingress says.",
      command: kubectl(namespace, "describe", "ingress", ingress),
    }]),
    editOwner(owner, "What the operator keeps follows the spec: correct spec.service and spec.expose there."),
  ];
}
