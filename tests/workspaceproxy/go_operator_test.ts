import assert from "node:assert/strict";
import { lostFields } from "../operator/lost_fields.ts";
import { goProxy, type GoProxyOptions } from "./go_operator.ts";
import { ProxyRig } from "./rig.ts";

/** Every object is stored as it was sent, and under the Go operator's name alone. */
async function assertStored(rig: ProxyRig, options: GoProxyOptions) {
  const made = await goProxy(rig, options);
  const manager = options.manager ?? "coder-k8s";
  for (const [path, sent] of made.written) {
    assert.deepEqual(lostFields(sent, await rig.live.get(path)), [], path);
    assert.deepEqual(await rig.live.writers(path), [`${manager} Update`], path);
  }
  const object = await rig.proxies.stored(made.name);
  assert.deepEqual(object.status, made.status, "no field of the status is lost or added");
  assert.equal(object.metadata.generation, 1);
  assert.equal(object.metadata.finalizers, undefined);
  assert.equal(object.status?.conditions, undefined);
  assert.deepEqual(await rig.live.writers(rig.proxies.path(made.name)), ["a-user Update"]);
  return { made, object };
}

Deno.test("a proxy that the Go operator registered is stored byte for byte", async () => {
  await using rig = await ProxyRig.start("go-proxy", { coders: [{ status: "goOperator" }] });
  const calls = rig.coder.listen();
  const { made, object } = await assertStored(rig, { bootstrap: { displayName: "Europe", icon: "/eu.svg" } });
  assert.deepEqual([...made.written.keys()], [
    "v1/secrets/eu-proxy-token",
    "apps/v1/deployments/wsproxy-eu",
    "v1/services/wsproxy-eu",
  ]);
  assert.deepEqual(object.status, {
    observedGeneration: 1,
    readyReplicas: 1,
    registered: true,
    proxyTokenSecretRef: { name: "eu-proxy-token", key: "token" },
    phase: "Ready",
  });
  const { spec } = await rig.live.get("apps/v1/deployments/wsproxy-eu");
  const labels = {
    "app.kubernetes.io/instance": "eu",
    "app.kubernetes.io/managed-by": "coder-k8s",
    "app.kubernetes.io/name": "coder-workspace-proxy",
  };
  assert.deepEqual(spec.selector, { matchLabels: labels });
  assert.deepEqual(spec.template.metadata, { labels });
  assert.deepEqual(spec.template.spec.containers[0], {
    name: "workspace-proxy",
    image: "ghcr.io/coder/coder:latest",
    imagePullPolicy: "Always",
    args: ["wsproxy", "server", "--http-address=0.0.0.0:3001"],
    env: [
      { name: "CODER_PRIMARY_ACCESS_URL", value: rig.coder.fake.url },
      {
        name: "CODER_PROXY_SESSION_TOKEN",
        valueFrom: { secretKeyRef: { name: "eu-proxy-token", key: "token" } },
      },
    ],
    ports: [{ name: "http", containerPort: 3001, protocol: "TCP" }],
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
  });
  const service = await rig.live.get("v1/services/wsproxy-eu");
  assert.deepEqual(service.spec.ports, [{ name: "http", protocol: "TCP", port: 80, targetPort: 3001 }]);
  assert.deepEqual(service.spec.selector, labels);
  const registered = rig.registeredBy(await rig.token());
  assert.equal(registered, made.registered);
  assert.deepEqual([registered?.name, registered?.display_name, registered?.icon_url], [
    "eu",
    "Europe",
    "/eu.svg",
  ]);
  assert.deepEqual(calls(), [], "fixtures ask Coder for nothing");
});

Deno.test("a proxy whose token the user brought is stored byte for byte", async () => {
  await using rig = await ProxyRig.start("go-proxy-own");
  const { made } = await assertStored(rig, { bootstrap: false, manager: "manager" });
  assert.deepEqual([...made.written.keys()], ["apps/v1/deployments/wsproxy-eu", "v1/services/wsproxy-eu"]);
  assert.deepEqual(made.status, {
    observedGeneration: 1,
    readyReplicas: 1,
    proxyTokenSecretRef: { name: "eu-brought", key: "token" },
    phase: "Ready",
  });
  assert.equal(await rig.live.secretText("eu-brought", "token"), made.registered.token);
  assert.deepEqual(await rig.live.writers("v1/secrets/eu-brought"), ["a-user Update"]);
  assert.equal(await rig.token(), undefined);
});

Deno.test("every field that the Go operator knows reaches what it leaves", async () => {
  await using rig = await ProxyRig.start("go-proxy-all");
  const name = "b".repeat(70);
  const { made } = await assertStored(rig, {
    name,
    bootstrap: { proxyName: "berlin", generatedTokenSecretName: "the-token" },
    spec: {
      image: "ghcr.io/coder/coder:v2.30.0",
      replicas: 2,
      service: { type: "NodePort", port: 8080, annotations: { "example.com/a": "b" } },
      primaryAccessURL: "https://coder.example.com",
      derpOnly: true,
      extraArgs: ["--x"],
      extraEnv: [{ name: "CODER_ACCESS_URL", value: "https://b" }, {
        name: "CODER_ACCESS_URL",
        value: "https://c",
      }],
      imagePullSecrets: [{ name: "pull" }],
    },
  });
  assert.match(made.deployment, /^wsproxy-b{46}-[0-9a-f]{8}$/);
  assert.equal(made.registered.name, "berlin");
  assert.deepEqual(made.secret, { name: "the-token", key: "token" });
  const { spec } = (await rig.live.get(`apps/v1/deployments/${made.deployment}`)).spec.template;
  const [{ image, args, env }] = spec.containers;
  assert.equal(image, "ghcr.io/coder/coder:v2.30.0");
  assert.deepEqual(args, ["wsproxy", "server", "--http-address=0.0.0.0:3001", "--derp-only", "--x"]);
  assert.deepEqual(env.map((each: { value?: string }) => each.value), [
    "https://coder.example.com",
    undefined,
    "https://b",
    "https://c",
  ]);
  assert.deepEqual(spec.imagePullSecrets, [{ name: "pull" }]);
  const { metadata, spec: service } = await rig.live.get(`v1/services/${made.deployment}`);
  assert.deepEqual(metadata.annotations, { "example.com/a": "b" });
  assert.deepEqual([service.type, service.ports[0].port, service.ports[0].targetPort], [
    "NodePort",
    8080,
    3001,
  ]);
  assert.equal(await rig.token(name), made.registered.token);
  assert.equal((await rig.pods(name)).filter(({ ready }) => ready).length, 2);
});

Deno.test("a proxy of the Go operator in trouble: no registration in Coder, no pods yet", async () => {
  await using rig = await ProxyRig.start("go-proxy-odd");
  const { made } = await assertStored(rig, { inCoder: false, ready: false });
  assert.deepEqual(rig.registered(), []);
  assert.equal(made.status.phase, "Pending");
  assert.equal(await rig.token(), made.registered.token);
  assert.equal(rig.registeredBy(await rig.token()), undefined);
});
