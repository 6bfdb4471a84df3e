import assert from "node:assert/strict";
import type { Facts } from "../../facts.ts";
import { apiServiceUnavailable } from "./api_service_unavailable.ts";
import { gatewayRouteNotAccepted } from "./gateway_route_not_accepted.ts";
import { ingressNotServed } from "./ingress_not_served.ts";
import { ingressWithoutBackend } from "./ingress_without_backend.ts";
import { loadBalancerFailing } from "./load_balancer_failing.ts";
import {
  absent,
  ago,
  apiService,
  assertCareful,
  causes,
  condition,
  controlPlane,
  deployment,
  factsOf,
  findings,
  seen,
  service,
  unread,
} from "./testing.ts";

interface Wanted {
  readonly service?: string;
  readonly port?: object;
  readonly className?: string | undefined;
  readonly age?: number;
  readonly annotations?: object;
}

function ingress(
  { service = "coder", port = { number: 80 }, className, age = 3_600, annotations }: Wanted = {},
): object {
  return {
    metadata: { namespace: "lab", name: "coder", creationTimestamp: ago(age), annotations },
    spec: {
      ...(className === undefined ? {} : { ingressClassName: className }),
      rules: [{
        host: "coder.example.com",
        http: { paths: [{ backend: { service: { name: service, port } } }] },
      }],
    },
  };
}

const withIngress = (more: Parameters<typeof factsOf>[1] = {}, wanted?: Wanted) =>
  factsOf("controlplane", { ingress: seen(ingress(wanted)), ...more });

Deno.test("an Ingress whose Service does not exist leads nowhere", () => {
  const facts = withIngress({ service: absent, endpoints: undefined });
  const [found] = findings(ingressWithoutBackend, facts);
  assert.equal(found?.cause, "Ingress lab/coder leads to the Service coder, which does not exist.");
  assert.deepEqual(found?.evidence.map(({ quote }) => quote), ["backend: coder:80", "not found"]);
  assertCareful(ingressWithoutBackend, facts, "ingress", "service", "controlPlane");
});

Deno.test("an Ingress that names a port which the Service has not is told those that it has", () => {
  assert.deepEqual(causes(ingressWithoutBackend, withIngress({}, { port: { number: 8080 } })), [
    "Ingress lab/coder leads to port 8080 of the Service coder, which has no such port: it has 80.",
  ]);
  assert.deepEqual(causes(ingressWithoutBackend, withIngress({}, { port: { name: "http" } })), []);
  assert.deepEqual(
    causes(ingressWithoutBackend, withIngress({}, { service: "another" })),
    [],
    "not looked at",
  );
});

Deno.test("a Service whose selector finds no pod is named, with or without an Ingress", () => {
  const more = {
    service: seen(service({ selector: { app: "else" } as never })),
    endpoints: seen({ service: "coder", ready: 0, notReady: 0 }),
  };
  assert.deepEqual(causes(ingressWithoutBackend, factsOf("controlplane", more)), [
    "Service lab/coder finds none of the pods: its selector does not fit their labels.",
  ]);
  const [found] = findings(ingressWithoutBackend, withIngress(more));
  assert.match(
    found?.cause ?? "",
    /^Service lab\/coder, to which Ingress lab\/coder leads, finds none/,
  );
  assert.equal(found?.evidence[0]?.quote, "ports http:80; selector app=else");
  assert.deepEqual(found?.next[0]?.tool, {
    name: "get_service_status",
    arguments: { namespace: "lab", name: "coder" },
  });
});

Deno.test("a Service without a ready pod is named once the Deployment has been away for a minute", () => {
  const facts = (since: number, more: Parameters<typeof factsOf>[1] = { ingress: seen(ingress()) }): Facts =>
    factsOf("controlplane", {
      ...more,
      endpoints: seen({ service: "coder", ready: 0, notReady: 2 }),
      deployment: seen(deployment({
        ready: 0,
        conditions: [condition("Available", "False", "MinimumReplicasUnavailable", "no", ago(since))],
      })),
    });
  assert.deepEqual(causes(ingressWithoutBackend, facts(90)), [
    "Service lab/coder, to which Ingress lab/coder leads, has no ready pod behind it.",
  ]);
  assert.equal(findings(ingressWithoutBackend, facts(90))[0]?.evidence[0]?.quote, "0 ready, 2 not ready");
  assert.deepEqual(causes(ingressWithoutBackend, facts(20)), [], "they are starting");
  assert.deepEqual(causes(ingressWithoutBackend, facts(90, {})), [], "nothing leads there");
  assertCareful(ingressWithoutBackend, facts(90), "deployment", "endpoints");
});

Deno.test("an Ingress of a class that does not exist is served by nobody", () => {
  const classes = seen([{ name: "nginx", isDefault: false }, { name: "traefik", isDefault: true }]);
  const facts = withIngress({ ingressClasses: classes }, { className: "haproxy" });
  assert.deepEqual(causes(ingressNotServed, facts), [
    "Ingress lab/coder is of the class haproxy, which does not exist: there are nginx, traefik.",
  ]);
  assert.equal(findings(ingressNotServed, facts)[0]?.confidence, "certain");
  assert.deepEqual(
    causes(ingressNotServed, withIngress({ ingressClasses: classes }, { className: "nginx" })),
    [],
  );
  assert.deepEqual(
    causes(ingressNotServed, withIngress({ ingressClasses: classes })),
    [],
    "there is a default one",
  );
  assertCareful(ingressNotServed, facts, "ingress", "ingressClasses", "controlPlane");
});

Deno.test("an Ingress without a class is possible trouble after a while, where there is no default one", () => {
  const facts = (wanted: Wanted) => withIngress({ ingressClasses: seen([]) }, wanted);
  const [found] = findings(ingressNotServed, facts({ age: 600 }));
  assert.equal(found?.confidence, "possible");
  assert.match(found?.evidence[0]?.quote ?? "", /^ingressClassName: none; the cluster has none$/);
  assert.deepEqual(causes(ingressNotServed, facts({ age: 60 })), []);
  const annotated = facts({ age: 600, annotations: { "kubernetes.io/ingress.class": "nginx" } });
  assert.deepEqual(causes(ingressNotServed, annotated), [], "the old way to name one");
});

const parent = (type: string, status: string, reason: string, message: string) => ({
  name: "infra/public",
  conditions: [{ type, status, reason, message }],
});
const route = (...parents: readonly object[]) =>
  seen([{ name: "coder", namespace: "lab", hostnames: [], parents }]);

Deno.test("a route that its Gateway refuses is named with the controller's words", () => {
  const facts = factsOf("controlplane", {
    routes: route(parent("Accepted", "False", "NoMatchingListenerHostname", "no listener fits")),
  });
  assert.deepEqual(causes(gatewayRouteNotAccepted, facts), [
    "Gateway infra/public does not accept HTTPRoute lab/coder: NoMatchingListenerHostname: no listener fits",
  ]);
  const unresolved = factsOf("controlplane", {
    routes: route(parent("ResolvedRefs", "False", "BackendNotFound", "no Service coder")),
  });
  assert.match(
    causes(gatewayRouteNotAccepted, unresolved)[0] ?? "",
    /^Gateway infra\/public finds nothing behind/,
  );
  assertCareful(gatewayRouteNotAccepted, facts, "routes", "controlPlane");
});

Deno.test("what the operator says of a route counts where nothing newer is known", () => {
  const told = (reason: string) =>
    seen(controlPlane({ conditions: [condition("Exposed", "False", reason)] }));
  const missing = factsOf("controlplane", { controlPlane: told("GatewayNotFound"), routes: unread() });
  assert.deepEqual(causes(gatewayRouteNotAccepted, missing), [
    "The route of control plane lab/coder leads nowhere: GatewayNotFound it is",
  ]);
  const noApi = factsOf("controlplane", { controlPlane: told("GatewayAPIMissing"), routes: absent });
  assert.equal(causes(gatewayRouteNotAccepted, noApi).length, 1);
  const newer = factsOf("controlplane", {
    controlPlane: told("RouteNotAccepted"),
    routes: route(parent("Accepted", "True", "Accepted", "")),
  });
  const waiting = factsOf("controlplane", { controlPlane: told("WaitingForGateway"), routes: route() });
  for (const facts of [newer, waiting]) assert.deepEqual(causes(gatewayRouteNotAccepted, facts), []);
});

function balanced(age: number, ingress: readonly object[] = []): object {
  const { metadata, spec } = service() as { metadata: object; spec: object };
  return {
    metadata: { ...metadata, creationTimestamp: ago(age) },
    spec: { ...spec, type: "LoadBalancer" },
    status: { loadBalancer: ingress.length === 0 ? {} : { ingress } },
  };
}

Deno.test("a load balancer that the cloud cannot make is told in its words; one without an address after a while", () => {
  const event = {
    involvedObject: { kind: "Service", name: "coder", namespace: "lab" },
    type: "Warning",
    reason: "SyncLoadBalancerFailed",
    message: "Error syncing load balancer: no quota for addresses",
    lastTimestamp: ago(20),
  };
  const facts = factsOf("controlplane", { service: seen(balanced(60)), events: seen([event]) });
  assert.deepEqual(causes(loadBalancerFailing, facts), [
    "The load balancer of Service lab/coder cannot be made: Error syncing load balancer: no quota for addresses",
  ]);
  const pending = factsOf("controlplane", { service: seen(balanced(3_600)) });
  assert.deepEqual(causes(loadBalancerFailing, pending), [
    "Service lab/coder is of type LoadBalancer, and nobody has given it an address.",
  ]);
  assert.equal(findings(loadBalancerFailing, pending)[0]?.confidence, "likely");
  for (const made of [balanced(60), balanced(3_600, [{ ip: "192.0.2.1" }])]) {
    assert.deepEqual(causes(loadBalancerFailing, factsOf("controlplane", { service: seen(made) })), []);
  }
  assertCareful(loadBalancerFailing, pending, "service", "controlPlane");
});

const withApi = (reason: string, message: string, at = ago(300)) =>
  factsOf("controlplane", {
    apiService: seen(apiService(condition("Available", "False", reason, message, at))),
  });

Deno.test("an APIService that is not available is named with Kubernetes' reason", () => {
  const facts = withApi("MissingEndpoints", "endpoints for service/coder-k8s-apiserver have no addresses");
  const [found] = findings(apiServiceUnavailable, facts);
  assert.equal(
    found?.cause,
    "The APIService v1alpha1.aggregation.coder.com (Service coder-system/coder-k8s-apiserver, port 443) is not " +
      "available: MissingEndpoints: endpoints for service/coder-k8s-apiserver have no addresses",
  );
  assert.equal(found?.next[0]?.command, "kubectl -n coder-system get service,endpoints,pods -o wide");
  assertCareful(apiServiceUnavailable, facts, "apiService");
  assert.equal(
    causes(apiServiceUnavailable, { ...facts, subject: { ...facts.subject, kind: "workspace" } }).length,
    1,
  );
});

Deno.test("what helps an APIService depends on what is wrong with it", () => {
  const first = (reason: string, message: string) =>
    findings(apiServiceUnavailable, withApi(reason, message))[0]?.next[0]?.text ?? "";
  assert.match(
    first("FailedDiscoveryCheck", "tls: failed to verify certificate: x509: unknown authority"),
    /caBundle/,
  );
  assert.match(
    first("ServiceNotFound", "service/coder-k8s-apiserver is not present"),
    /Make the Service again/,
  );
  assert.match(first("FailedDiscoveryCheck", "context deadline exceeded"), /pods behind it/);
  const bare = apiService(condition("Available", "False", "Local"));
  const facts = factsOf("controlplane", { apiService: seen({ ...bare, spec: {} }) });
  assert.match(
    causes(apiServiceUnavailable, facts)[0] ?? "",
    /^The APIService v1alpha1\.aggregation\.coder\.com is not/,
  );
  assert.deepEqual(
    causes(apiServiceUnavailable, withApi("MissingEndpoints", "", ago(5))),
    [],
    "it is being installed",
  );
});
