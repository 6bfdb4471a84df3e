/** Does Kubernetes reach the aggregated API, and does it verify whom it reaches? */
import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { sayings } from "../finding.ts";
import { conditionOf, conditions, endpointSlice, listOf, readyAddresses } from "../shapes.ts";
import { API_SERVER, API_SERVICE, endpointSlicesPath, OPERATOR } from "../names.ts";
import type { Check, CheckWorld, Finding } from "../types.ts";

const say = sayings("api-service");
const DAY_MS = 86_400_000;
/** The server renews its own long before. */
const SOON_MS = 7 * DAY_MS;

const shape = z.object({
  spec: z.object({
    insecureSkipTLSVerify: z.boolean().catch(false),
    caBundle: z.string().catch(""),
    service: z.object({ namespace: z.string().catch(""), name: z.string().catch("") }).catch({
      namespace: "",
      name: "",
    }),
  }),
  status: z.object({ conditions }).catch({ conditions: [] }),
});

export const apiService: Check = {
  id: "api-service",
  phases: ["before", "after"],
  async run(world) {
    const reading = await world.read(`/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`, shape);
    if (reading.state === "unread") return [say.unread(`APIService ${API_SERVICE}`, reading)];
    if (reading.state === "absent") {
      return world.phase === "before" ? [] : [
        say.failed(
          `APIService ${API_SERVICE} is missing: kubectl knows no coderworkspaces.`,
          "Install it: coder-k8s install",
        ),
      ];
    }
    const { spec, status } = reading.value;
    const available = conditionOf(status.conditions, "Available");
    if (world.phase === "before") {
      return available?.status === "True" ? [] : [
        say.warning(
          `APIService ${API_SERVICE} is left over, and nobody answers: no namespace of the cluster can end.`,
          `Install soon, or remove it: kubectl delete apiservice ${API_SERVICE}`,
        ),
      ];
    }
    const findings = certificateFindings(spec, world);
    if (spec.service.namespace !== world.namespace || spec.service.name !== API_SERVER) {
      findings.push(say.failed(
        `APIService ${API_SERVICE} names the Service ${spec.service.namespace}/${spec.service.name}, not ${world.namespace}/${API_SERVER}.`,
        "Install it again: coder-k8s install",
      ));
    }
    if (available?.status === "True") return [say.ok(`APIService ${API_SERVICE} is available.`), ...findings];
    return [
      say.failed(
        `APIService ${API_SERVICE} is not available: ${
          available?.message || "the API server says nothing yet"
        }`,
        "Let traffic from the API server in to port 6443 (NetworkPolicies, firewalls of private clusters).",
        `kubectl -n ${world.namespace} logs -l app.kubernetes.io/name=coder-k8s --tail=50`,
      ),
      ...findings,
    ];
  },
};

function certificateFindings(
  { insecureSkipTLSVerify, caBundle }: z.infer<typeof shape>["spec"],
  { now }: CheckWorld,
): Finding[] {
  if (insecureSkipTLSVerify) {
    return [
      say.warning(
        "The API server does not verify whom it reaches (insecureSkipTLSVerify), as with the Go operator.",
        "Install it again: coder-k8s install",
      ),
    ];
  }
  if (caBundle === "") {
    return [
      say.failed(
        "The APIService has no caBundle: the API server trusts nobody there.",
        "Wait until a pod has written it; with a certificate of your own (--tls-cert-file) set it yourself.",
      ),
    ];
  }
  const authorities = authoritiesOf(caBundle);
  if (authorities.length === 0) {
    return [say.failed("The APIService's caBundle holds no certificate that can be read.")];
  }
  const last = Math.max(...authorities.map(({ validTo }) => Date.parse(validTo)));
  const day = new Date(last).toISOString().slice(0, 10);
  if (last < now) {
    return [say.failed(`The authorities of the APIService's caBundle have expired (${day}).`, RENEW)];
  }
  if (last < now + SOON_MS) {
    return [say.warning(`The authorities of the APIService's caBundle expire on ${day}.`, RENEW)];
  }
  return [say.ok(`The API server verifies the certificate; its authority is valid until ${day}.`)];
}

const RENEW =
  "Look why no pod renews it: kubectl -n coder-system logs -l app.kubernetes.io/name=coder-k8s --tail=100";

function authoritiesOf(caBundle: string): X509Certificate[] {
  try {
    const pem = atob(caBundle);
    return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)]
      .map(([text]) => new X509Certificate(text));
  } catch {
    return [];
  }
}

/** Behind which Services somebody answers. */
export const services: Check = {
  id: "services",
  phases: ["after"],
  async run(world) {
    const say = sayings("services");
    const wanted = world.objects.filter(({ kind, metadata }) =>
      kind === "Service" && [API_SERVER, OPERATOR].includes(metadata.name ?? "")
    );
    return await Promise.all(wanted.map(async ({ metadata: { name = "" } }) => {
      const path = endpointSlicesPath(world.namespace, name);
      const reading = await world.read(path, listOf(endpointSlice));
      if (reading.state === "unread") return say.unread(`Addresses of Service ${name}`, reading);
      const ready = reading.state === "seen" ? readyAddresses(reading.value.items) : 0;
      return ready > 0
        ? say.ok(`Service ${name} has ${ready} ready ${ready === 1 ? "address" : "addresses"}.`)
        : say.failed(
          `Service ${name} has no ready address.`,
          `kubectl -n ${world.namespace} get pods -l app.kubernetes.io/name=coder-k8s`,
        );
    }));
  },
};
