/** An Ingress leads to Coder, as the spec wants it, and the status says where and whether. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { comesToRest, type Rig, startRig } from "./rig.ts";

const INGRESS = "networking.k8s.io/v1/ingresses/coder";

/** What an ingress controller does: says where the Ingress is. */
async function assign(rig: Rig, ingress: object[]): Promise<void> {
  await rig.send("PATCH", `${INGRESS}/status`, { status: { loadBalancer: { ingress } } });
}

Deno.test("an Ingress is made with hosts, class, annotations and TLS, and keeps what others add", async () => {
  const rig = await startRig("ingress");
  await using operator = await rig.operator();
  await rig.create("coder", {
    service: { port: 443 },
    tls: { secretNames: ["own-tls"] },
    expose: {
      ingress: {
        className: "nginx",
        host: " coder.example.com ",
        wildcardHost: "*.coder.example.com",
        annotations: { "cert-manager.io/cluster-issuer": "letsencrypt", "team": "a" },
        tls: { secretName: "coder-tls", wildcardSecretName: "coder-wildcard-tls" },
      },
    },
  });
  const waiting = await rig.condition("coder", "Exposed", "False");
  assert.equal(waiting.reason, "WaitingForAddress");
  const made = await rig.get(INGRESS);
  const backend = { service: { name: "coder", port: { number: 80 } } };
  const http = { paths: [{ path: "/", pathType: "Prefix", backend }] };
  assert.deepEqual(made.spec, {
    ingressClassName: "nginx",
    rules: [{ host: "coder.example.com", http }, { host: "*.coder.example.com", http }],
    tls: [
      { hosts: ["coder.example.com"], secretName: "coder-tls" },
      { hosts: ["*.coder.example.com"], secretName: "coder-wildcard-tls" },
    ],
  });
  assert.deepEqual(made.metadata.labels, {
    "app.kubernetes.io/name": "coder-control-plane",
    "app.kubernetes.io/instance": "coder",
    "app.kubernetes.io/managed-by": "coder-k8s",
  });
  assert.equal(made.metadata.annotations.team, "a");
  assert.equal(made.metadata.ownerReferences[0].name, "coder");

  await assign(rig, [{ ip: "203.0.113.7" }, { hostname: "lb.example.net" }]);
  const { reason, message } = await rig.condition("coder", "Exposed", "True");
  assert.equal(reason, "AddressAssigned");
  assert.match(message, /https:\/\/coder\.example\.com .* 203\.0\.113\.7, lb\.example\.net/);
  const { status } = await rig.ready("coder");
  const { url, internalURL, externalURL } = status ?? {};
  assert.deepEqual([url, internalURL, externalURL], [
    `https://coder.${rig.namespace}.svc.cluster.local:443`,
    `http://coder.${rig.namespace}.svc.cluster.local:80`,
    "https://coder.example.com",
  ]);

  const theirs = { "acme.cert-manager.io/http01-edit-in-place": "true", "lb.example.com/id": "7" };
  await rig.send("PATCH", INGRESS, { metadata: { annotations: theirs, labels: { zone: "z" } } });
  await rig.change("coder", {
    spec: {
      expose: {
        ingress: {
          annotations: { "team": "b", "cert-manager.io/cluster-issuer": null },
          wildcardHost: null,
          tls: { wildcardSecretName: null },
        },
      },
    },
  });
  await waitFor(async () => (await rig.get(INGRESS)).metadata.annotations.team === "b", { what: "team b" });
  const { metadata, spec } = await rig.get(INGRESS);
  assert.deepEqual({ ...metadata.annotations, ...theirs, team: "b" }, metadata.annotations);
  assert.equal(metadata.annotations["cert-manager.io/cluster-issuer"], undefined);
  assert.equal(metadata.labels.zone, "z");
  assert.equal(spec.rules.length, 1);
  assert.deepEqual(spec.tls, [{ hosts: ["coder.example.com"], secretName: "coder-tls" }]);

  await rig.change("coder", { spec: { service: { port: 8080 }, expose: { ingress: { tls: null } } } });
  await waitFor(async () => (await rig.get(INGRESS)).spec.tls === undefined, { what: "no TLS" });
  await rig.condition("coder", "Exposed", "True");
  const plain = await rig.controlPlane("coder");
  assert.equal(plain?.status?.externalURL, "http://coder.example.com");
  assert.equal(plain?.status?.internalURL, `http://coder.${rig.namespace}.svc.cluster.local:8080`);
  assert.equal((await rig.get(INGRESS)).spec.rules[0].http.paths[0].backend.service.port.number, 8080);

  await comesToRest(rig, operator);
  const before = await rig.get(INGRESS);
  await operator.again("coder");
  assert.equal((await rig.get(INGRESS)).metadata.resourceVersion, before.metadata.resourceVersion);
});

Deno.test("without expose the Ingress goes, the condition too, and Coder stays ready all along", async () => {
  const rig = await startRig("ingress");
  await using _operator = await rig.operator();
  await rig.create("coder", { expose: { ingress: { host: "coder.example.com" } } });
  await rig.condition("coder", "Exposed", "False");
  const { status } = await rig.ready("coder");
  assert.equal(status?.externalURL, "http://coder.example.com");
  await rig.condition("coder", "Degraded", "False");
  await rig.change("coder", { spec: { expose: null } });
  await rig.condition("coder", "Exposed", "Absent");
  assert.equal(await rig.get(INGRESS), undefined);
  const after = await rig.controlPlane("coder");
  assert.equal(after?.status?.externalURL, undefined);
  assert.equal(after?.status?.internalURL, `http://coder.${rig.namespace}.svc.cluster.local:80`);
  await waitFor(async () => (await rig.eventReasons("coder")).includes("Deleted"), { what: "the event" });
  assert.equal((await rig.eventReasons("coder")).includes("NotReady"), false);
});

Deno.test("an Ingress that never gets an address does not look broken for ever", async () => {
  const rig = await startRig("ingress");
  let ahead = 0;
  await using operator = await rig.operator({ reconciler: { now: () => new Date(Date.now() + ahead) } });
  await rig.create("coder", { expose: { ingress: { host: "coder.example.com" } } });
  await rig.condition("coder", "Exposed", "False");
  await rig.ready("coder");
  ahead = 301_000;
  await operator.again("coder");
  await waitFor(async () => {
    const object = await rig.controlPlane("coder");
    const exposed = object?.status?.conditions?.find(({ type }) => type === "Exposed");
    return exposed?.status === "Unknown" && exposed.reason === "AddressNotReported";
  }, { what: "the operator to give up waiting" });
  await rig.condition("coder", "Degraded", "False");
  await assign(rig, [{ ip: "203.0.113.7" }]);
  await rig.condition("coder", "Exposed", "True");
});

Deno.test("an Ingress of somebody else is refused without harm to Coder, and taken once that is allowed", async () => {
  const rig = await startRig("ingress");
  const backend = { service: { name: "theirs", port: { number: 1 } } };
  const theirs = await rig.send("POST", "networking.k8s.io/v1/ingresses", {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "coder" },
    spec: { defaultBackend: backend },
  }, "someone");
  await using operator = await rig.operator();
  await rig.create("coder", { expose: { ingress: { host: "coder.example.com" } } });
  const { reason, message } = await rig.condition("coder", "Exposed", "False");
  assert.equal(reason, "ForeignObject");
  await rig.ready("coder");
  assert.equal((await rig.condition("coder", "Degraded", "True")).message, message);
  assert.equal((await rig.get(INGRESS)).metadata.resourceVersion, theirs.metadata.resourceVersion);
  // Removing spec.expose removes nothing that is not ours.
  await rig.change("coder", { spec: { expose: null } });
  await rig.condition("coder", "Exposed", "Absent");
  assert.deepEqual((await rig.get(INGRESS)).spec.defaultBackend, backend);

  await rig.change("coder", { spec: { expose: { ingress: { host: "coder.example.com" } } } });
  await rig.condition("coder", "Degraded", "True");
  const [command = ""] = /kubectl annotate .*$/m.exec(message) ?? [];
  await rig.cluster.kubectl(command.split(" ").slice(1));
  await operator.again("coder");
  await rig.condition("coder", "Degraded", "False");
  assert.equal((await rig.get(INGRESS)).metadata.ownerReferences[0].name, "coder");
});

Deno.test("a default class that the cluster gives stays, and a refused Ingress leaves Coder ready", async () => {
  const rig = await startRig("ingress");
  await using operator = await rig.operator();
  await rig.create("coder", { expose: { ingress: { host: "coder.example.com" } } });
  await rig.condition("coder", "Exposed", "False");
  await rig.send("PATCH", INGRESS, { spec: { ingressClassName: "by-default" } });
  await operator.again("coder");
  assert.equal((await rig.get(INGRESS)).spec.ingressClassName, "by-default");
  await rig.change("coder", { spec: { expose: { ingress: { annotations: { "not a key": "x" } } } } });
  await waitFor(async () => (await rig.condition("coder", "Exposed", "False")).reason === "Rejected", {
    what: "the refusal",
  });
  assert.match((await rig.condition("coder", "Degraded", "True")).message, /metadata\.annotations/);
  await rig.ready("coder");
  await rig.change("coder", { spec: { expose: { ingress: { annotations: null } } } });
  await rig.condition("coder", "Degraded", "False");
});

Deno.test("a restarted operator writes nothing to an Ingress that is as it should be", async () => {
  const rig = await startRig("ingress");
  {
    await using operator = await rig.operator();
    await rig.create("coder", {
      expose: { ingress: { host: "coder.example.com", annotations: { a: "b" }, tls: { secretName: "t" } } },
    });
    await rig.condition("coder", "Exposed", "False");
    await assign(rig, [{ ip: "203.0.113.7" }]);
    await rig.condition("coder", "Exposed", "True");
    await rig.ready("coder");
    await comesToRest(rig, operator);
  }
  const versions = async () =>
    (await Promise.all([rig.get(INGRESS), rig.controlPlane("coder")])).map(({ metadata }) =>
      metadata.resourceVersion
    );
  const before = await versions();
  await using operator = await rig.operator();
  await operator.again("coder");
  assert.deepEqual(await versions(), before);
});
