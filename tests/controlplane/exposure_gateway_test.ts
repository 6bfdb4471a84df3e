/** An HTTPRoute leads to Coder, in a cluster of its own: the Gateway API's definitions come and go for everybody in it. */
import assert from "node:assert/strict";
import { Cluster, installGatewayApi, removeGatewayApi, startCluster, waitFor } from "../cluster/mod.ts";
import { comesToRest, type Rig, startRig } from "./rig.ts";

const ROUTE = "gateway.networking.k8s.io/v1/httproutes/coder";
const INGRESS = "networking.k8s.io/v1/ingresses/coder";
const HOST = "coder.example.com";
const expose = { gateway: { host: HOST, parentRefs: [{ name: "edge" }] } };

let started: Promise<Cluster> | undefined;

/** Ends with this process. */
function ownCluster(): Promise<Cluster> {
  started ??= startCluster({ name: "gateway" }).then(({ statePath }) => Cluster.open(statePath));
  return started;
}

async function withGatewayApi(): Promise<Rig> {
  const cluster = await ownCluster();
  await installGatewayApi(cluster);
  return await startRig("gateway", cluster);
}

const listeners = (...protocols: ("HTTP" | "HTTPS")[]) =>
  protocols.map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: protocol === "HTTP" ? 80 : 443,
    ...(protocol === "HTTPS" &&
      { hostname: "*.example.com", tls: { certificateRefs: [{ name: "edge-tls" }] } }),
  }));

const GATEWAYS = "gateway.networking.k8s.io/v1/gateways";

async function createGateway(rig: Rig, ...protocols: ("HTTP" | "HTTPS")[]): Promise<void> {
  // A kind that was installed just now is served a moment later.
  await waitFor(() => rig.get(GATEWAYS), { what: "Gateways to be served" });
  await rig.send("POST", GATEWAYS, {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "edge" },
    spec: { gatewayClassName: "test", listeners: listeners(...protocols) },
  });
  await rig.send("PATCH", `${GATEWAYS}/edge/status`, {
    status: { addresses: [{ type: "IPAddress", value: "203.0.113.9" }] },
  });
}

/** What a gateway controller says about the route. */
async function answer(
  rig: Rig,
  accepted: "True" | "False",
  options: { reason?: string; message?: string; resolved?: "True" | "False"; generation?: number } = {},
): Promise<void> {
  const route = await rig.get(ROUTE);
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: options.message ?? "",
    observedGeneration: options.generation ?? route.metadata.generation,
    lastTransitionTime: new Date().toISOString(),
  });
  const resolved = options.resolved ?? "True";
  await rig.send("PATCH", `${ROUTE}/status`, {
    status: {
      parents: [{
        parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" },
        controllerName: "example.com/test",
        conditions: [
          condition("Accepted", accepted, options.reason ?? "Accepted"),
          condition("ResolvedRefs", resolved, resolved === "True" ? "ResolvedRefs" : "BackendNotFound"),
        ],
      }],
    },
  });
}

async function exposedBecause(rig: Rig, status: "True" | "False", reason: string) {
  return await waitFor(async () => {
    const found = await rig.condition("coder", "Exposed", status);
    return found.reason === reason ? found : Promise.reject(new Error(`${found.reason}: ${found.message}`));
  }, { what: `Exposed=${status} because of ${reason}`, intervalMs: 20 });
}

const externalURL = async (rig: Rig) => (await rig.controlPlane("coder"))?.status?.externalURL;

Deno.test("the Gateway API may come after the operator, go, and come again", async () => {
  const cluster = await ownCluster();
  const rig = await startRig("gateway", cluster);
  await using operator = await rig.operator();
  await rig.create("coder", { service: { port: 8080 }, expose });
  const { message } = await exposedBecause(rig, "False", "GatewayAPIMissing");
  assert.match(message, /install the Gateway API/);
  await rig.ready("coder");
  assert.equal((await rig.condition("coder", "Degraded", "True")).reason, "GatewayAPIMissing");
  assert.equal(await externalURL(rig), undefined);

  for (const time of ["first", "second"]) {
    await installGatewayApi(cluster);
    const route = await waitFor(() => rig.get(ROUTE), {
      what: `the route, the ${time} time`,
      intervalMs: 20,
    });
    assert.equal(route.metadata.ownerReferences[0].name, "coder");
    assert.deepEqual(route.spec, {
      hostnames: [HOST],
      parentRefs: [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "edge" }],
      rules: [{
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        backendRefs: [{ group: "", kind: "Service", name: "coder", port: 8080, weight: 1 }],
      }],
    });
    await exposedBecause(rig, "False", "WaitingForGateway");
    await rig.condition("coder", "Degraded", "False");
    await createGateway(rig, "HTTP", "HTTPS");
    await answer(rig, "True");
    await waitFor(async () => {
      const { message } = await exposedBecause(rig, "True", "RouteAccepted");
      return /https:\/\/coder\.example\.com .*Gateway \S+\/edge.* 203\.0\.113\.9/.test(message);
    }, { what: "the condition to name the address, the Gateway and where that is" });
    assert.equal(await externalURL(rig), `https://${HOST}`);

    await removeGatewayApi(cluster);
    await exposedBecause(rig, "False", "GatewayAPIMissing");
    assert.equal(await externalURL(rig), undefined);
    await rig.condition("coder", "Ready", "True");
  }
  const failed = operator.lines.filter((line) => line.includes('"reconcile failed'));
  assert.deepEqual(failed, []);
});

Deno.test("what the gateway says of the route is said, once it is about the route as it is now", async () => {
  const rig = await withGatewayApi();
  await using _operator = await rig.operator();
  await rig.create("coder", { expose });
  await exposedBecause(rig, "False", "WaitingForGateway");
  await createGateway(rig, "HTTP");
  await answer(rig, "False", { reason: "NotAllowedByListeners", message: "from other namespaces: no" });
  const refused = await exposedBecause(rig, "False", "RouteNotAccepted");
  assert.match(refused.message, /Gateway \S+\/edge .*NotAllowedByListeners: from other namespaces: no/);
  assert.equal((await rig.condition("coder", "Degraded", "True")).reason, "RouteNotAccepted");
  await rig.ready("coder");
  await answer(rig, "True", { resolved: "False" });
  await exposedBecause(rig, "False", "BackendNotResolved");
  await answer(rig, "True");
  await exposedBecause(rig, "True", "RouteAccepted");
  await rig.condition("coder", "Degraded", "False");
  await waitFor(async () => await externalURL(rig) === `http://${HOST}`, {
    what: "http, as the listener speaks",
  });

  const { metadata: { generation } } = await rig.get(ROUTE);
  await rig.change("coder", { spec: { expose: { gateway: { wildcardHost: `*.${HOST}` } } } });
  await exposedBecause(rig, "False", "WaitingForGateway");
  assert.deepEqual((await rig.get(ROUTE)).spec.hostnames, [HOST, `*.${HOST}`]);
  await answer(rig, "True", { generation });
  await answer(rig, "True");
  await exposedBecause(rig, "True", "RouteAccepted");
  await rig.send("PATCH", `${GATEWAYS}/edge`, { spec: { listeners: listeners("HTTP", "HTTPS") } });
  await waitFor(async () => await externalURL(rig) === `https://${HOST}`, {
    what: "https, as a listener now speaks",
  });
});

Deno.test("a Gateway that does not exist is said so, and is noticed when it comes", async () => {
  const rig = await withGatewayApi();
  let ahead = 0;
  await using operator = await rig.operator({ reconciler: { now: () => new Date(Date.now() + ahead) } });
  await rig.create("coder", { expose });
  await exposedBecause(rig, "False", "WaitingForGateway");
  ahead = 31_000;
  await operator.again("coder");
  await exposedBecause(rig, "False", "GatewayNotFound");
  await rig.condition("coder", "Degraded", "True");
  await createGateway(rig, "HTTPS");
  await exposedBecause(rig, "False", "WaitingForGateway");
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("changing from one way to the other leaves one of them, and a restart writes nothing", async () => {
  const rig = await withGatewayApi();
  const theirs = await rig.send("POST", "gateway.networking.k8s.io/v1/httproutes", {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "theirs", labels: { "app.kubernetes.io/managed-by": "coder-k8s" } },
    spec: { parentRefs: [{ name: "edge" }] },
  });
  {
    await using operator = await rig.operator();
    await rig.create("coder", { expose: { ingress: { host: HOST } } });
    await waitFor(() => rig.get(INGRESS), { what: "the Ingress" });
    await rig.change("coder", { spec: { expose: { ingress: null, ...expose } } });
    await waitFor(async () => await rig.get(ROUTE) && !await rig.get(INGRESS), { what: "the route alone" });
    await rig.change("coder", { spec: { expose: { gateway: null, ingress: { host: HOST } } } });
    await waitFor(async () => await rig.get(INGRESS) && !await rig.get(ROUTE), { what: "the Ingress alone" });
    await rig.change("coder", { spec: { expose: { ingress: null, ...expose } } });
    await waitFor(async () => await rig.get(ROUTE) && !await rig.get(INGRESS), { what: "the route again" });
    await rig.send("PATCH", ROUTE, { metadata: { annotations: { "external-dns.example.com/ttl": "60" } } });
    await createGateway(rig, "HTTPS");
    await answer(rig, "True");
    await exposedBecause(rig, "True", "RouteAccepted");
    await rig.ready("coder");
    await comesToRest(rig, operator);
  }
  const versions = async () =>
    (await Promise.all([rig.get(ROUTE), rig.controlPlane("coder")])).map(({ metadata }) =>
      metadata.resourceVersion
    );
  const before = await versions();
  {
    await using operator = await rig.operator();
    await operator.again("coder");
    assert.deepEqual(await versions(), before);
    assert.equal((await rig.get(ROUTE)).metadata.annotations["external-dns.example.com/ttl"], "60");
    await rig.change("coder", { spec: { expose: null } });
    await rig.condition("coder", "Exposed", "Absent");
    await waitFor(async () => !await rig.get(ROUTE), { what: "no route" });
  }
  const left = await rig.get("gateway.networking.k8s.io/v1/httproutes/theirs");
  assert.equal(left.metadata.resourceVersion, theirs.metadata.resourceVersion);
});

Deno.test("a route that the Go operator made is taken over in place", async () => {
  const rig = await withGatewayApi();
  const { metadata } = await rig.create("coder", { expose });
  const owner = { apiVersion: "coder.com/v1alpha1", kind: "CoderControlPlane", name: "coder" };
  const labels = {
    "app.kubernetes.io/managed-by": "coder-k8s",
    "app.kubernetes.io/name": "coder-control-plane",
  };
  const theirs = await rig.send("POST", "gateway.networking.k8s.io/v1/httproutes", {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: {
      name: "coder",
      labels: { ...labels, "app.kubernetes.io/instance": "coder" },
      annotations: { "their/own": "1" },
      ownerReferences: [{ ...owner, uid: metadata.uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      parentRefs: [{ name: "edge" }],
      hostnames: [HOST],
      rules: [{
        matches: [{ path: { type: "PathPrefix", value: "/" } }],
        backendRefs: [{ group: "", kind: "Service", name: "coder", port: 80 }],
      }],
    },
  }, "manager");
  await createGateway(rig, "HTTPS");
  await answer(rig, "True");
  await using _operator = await rig.operator();
  await exposedBecause(rig, "True", "RouteAccepted");
  const taken = await rig.get(ROUTE);
  assert.deepEqual(
    [taken.metadata.uid, taken.metadata.generation, taken.spec],
    [theirs.metadata.uid, theirs.metadata.generation, theirs.spec],
    "routes on without a change",
  );
  await rig.change("coder", { spec: { expose: { gateway: { host: "new.example.com" } } } });
  await waitFor(async () => (await rig.get(ROUTE)).spec.hostnames.join() === "new.example.com", {
    what: "the new host, without the old one",
  });
});

Deno.test("the class that the cluster gives an Ingress by default stays", async () => {
  const cluster = await ownCluster();
  const rig = await startRig("gateway", cluster);
  await cluster.apply({
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "usual", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
    spec: { controller: "example.com/usual" },
  });
  // Admission learns of the class a moment later.
  await waitFor(async () => {
    const probe = {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "probe" },
      spec: { defaultBackend: { service: { name: "x", port: { number: 80 } } } },
    };
    const path = `/apis/networking.k8s.io/v1/namespaces/${rig.namespace}/ingresses?dryRun=All`;
    return (await cluster.request("POST", path, probe)).spec.ingressClassName === "usual";
  }, { what: "the class to be given by default" });
  await using operator = await rig.operator();
  await rig.create("coder", { expose: { ingress: { host: HOST } } });
  const made = await waitFor(() => rig.get(INGRESS), { what: "the Ingress" });
  assert.equal(made.spec.ingressClassName, "usual");
  await operator.again("coder");
  const { metadata, spec } = await rig.get(INGRESS);
  assert.deepEqual([metadata.resourceVersion, spec.ingressClassName], [
    made.metadata.resourceVersion,
    "usual",
  ]);
  await rig.change("coder", { spec: { expose: { ingress: { wildcardHost: `*.${HOST}` } } } });
  const changed = await waitFor(async () => {
    const ingress = await rig.get(INGRESS);
    return ingress.spec.rules.length === 2 && ingress;
  }, { what: "the wildcard" });
  assert.equal(changed.spec.ingressClassName, "usual");
});

Deno.test("the examples in docs/exposure.md are accepted", async () => {
  const rig = await withGatewayApi();
  const text = await Deno.readTextFile(new URL("../../docs/exposure.md", import.meta.url));
  const examples = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml = ""]) => yaml);
  assert.equal(examples.length, 2);
  for (const yaml of examples) {
    const input = yaml.replaceAll("namespace: infra", `namespace: ${rig.namespace}`);
    const { stdout } = await rig.cluster.kubectl(
      ["apply", "--dry-run=server", "--validate=strict", "--namespace", rig.namespace, "-f", "-"],
      { input },
    );
    assert.match(stdout, /codercontrolplane\.coder\.com\/coder created/);
  }
});
