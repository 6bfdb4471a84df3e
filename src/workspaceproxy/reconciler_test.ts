import assert from "node:assert/strict";
import { Deployments, HorizontalPodAutoscalers } from "../api/kubernetes/resources.ts";
import type { Condition } from "../api/kubernetes/types.ts";
import type { CoderWorkspaceProxy } from "../api/workspace_proxy.ts";
import { TerminalError } from "../reconciler/reconcile.ts";
import { controlledBy, make } from "../reconciler/testing/fakes.ts";
import { PROXY_FINALIZER } from "./ending.ts";
import { TOKEN_ANNOTATION } from "./results.ts";
import { LABELS } from "./testing.ts";
import { DEPLOYMENT, KEY, PUBLIC_URL, refused, TOKEN, World } from "../../tests/workspaceproxy/world.ts";
import { tokenHash } from "./visits/token_secret.ts";

const PLAIN = { primaryAccessURL: PUBLIC_URL, proxySessionTokenSecretRef: { name: "mine" } };

/** A proxy whose pods run. */
async function running(...given: Parameters<typeof World.start>): Promise<World> {
  const world = await World.start(...given);
  if (given[0]?.proxySessionTokenSecretRef !== undefined) {
    world.secret({ namespace: "a", name: "mine" }, { token: "the-token" });
  }
  await world.settle();
  world.told();
  return world;
}

Deno.test("a proxy that is gone needs nothing", async () => {
  await using world = await World.start();
  world.kinds.workspaceProxies.remove(world.object);
  assert.equal(await world.pass(), undefined);
  assert.deepEqual(world.done, []);
});

Deno.test("finalizer and Service come at once, the pods with the token", async () => {
  await using world = await World.start({ replicas: 2 });
  await world.pass();
  assert.deepEqual(world.object.metadata.finalizers, [PROXY_FINALIZER]);
  assert.deepEqual(
    world.object.spec,
    { controlPlaneRef: { name: "coder" }, replicas: 2 },
    "the spec is left alone",
  );
  assert.ok(world.kinds.services.get(DEPLOYMENT));
  assert.deepEqual(world.kinds.deployments.list(), []);
  assert.equal(world.condition("Ready"), "False/RegistrationPending");
  assert.equal(world.condition("Progressing"), "False/RegistrationPending");
  assert.equal(world.condition("Available"), "False/DeploymentMissing");

  await world.visit();
  await world.pass();
  assert.equal(world.env("CODER_PRIMARY_ACCESS_URL")?.value, PUBLIC_URL);
  assert.deepEqual(world.env("CODER_PROXY_SESSION_TOKEN")?.valueFrom, {
    secretKeyRef: { name: TOKEN.name, key: "token" },
  });
  const mark = tokenHash(world.token() ?? "");
  assert.equal(world.deployment?.spec?.template.metadata?.annotations?.[TOKEN_ANNOTATION], mark);
  assert.equal(world.condition("Ready"), "False/PodsUnavailable");
  world.rollOut();
  await world.pass();
  assert.equal(world.condition("Ready"), "True/Ready");
  const { phase, readyReplicas, replicas, image, observedGeneration, selector, internalURL } = world.status;
  assert.deepEqual([phase, readyReplicas, replicas, observedGeneration], ["Ready", 2, 2, 1]);
  assert.equal(image, "ghcr.io/coder/coder:latest");
  assert.equal(selector, Object.entries(LABELS).map(([name, value]) => `${name}=${value}`).join(","));
  assert.equal(internalURL, "http://wsproxy-eu.a.svc.cluster.local:80");
  assert.deepEqual(world.status.proxyTokenSecretRef, { name: TOKEN.name, key: "token" });
});

Deno.test("a pass over what is as it should be writes nothing", async () => {
  await using world = await running();
  await world.pass();
  assert.ok(
    world.done.every((each) => each.startsWith("apply ") || each.startsWith("get ")),
    world.done.join(),
  );
});

Deno.test("conditions of others, and what visits wrote to the status, stay", async () => {
  await using world = await running();
  const theirs: Condition = {
    type: "example.com/Checked",
    status: "True",
    reason: "Seen",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  };
  const { registration } = world.status;
  assert.ok(registration !== undefined);
  world.setStatus({ ...world.status, conditions: [...world.status.conditions ?? [], theirs] });
  world.change({ ...world.object.spec, replicas: 3 });
  await world.pass();
  assert.equal(world.condition("example.com/Checked"), "True/Seen");
  assert.deepEqual(world.status.registration, registration);
  assert.equal(world.status.registered, true);
  assert.equal(world.status.observedGeneration, 2);
});

Deno.test("replicas and image are followed while Coder cannot be asked, also by a process that has just begun", async () => {
  await using world = await running();
  const mark = world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION];
  world.coder.fake.faults.add({ times: Infinity, action: { do: "dropRequest" } });
  world.restart();
  world.change({ ...world.object.spec, replicas: 3, image: "mirror/coder:v2.30.1" });
  for (const visited of [false, true]) {
    if (visited) await world.visit();
    await world.pass();
    assert.equal(world.deployment?.spec?.replicas, 3);
    assert.equal(world.deployment?.spec?.template.spec?.containers[0]?.image, "mirror/coder:v2.30.1");
    assert.equal(world.env("CODER_PRIMARY_ACCESS_URL")?.value, PUBLIC_URL);
    assert.equal(world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION], mark);
  }
  assert.equal(world.condition("Registered"), "True/NotConfirmed");
});

Deno.test("a new token replaces the pods, once", async () => {
  await using world = await running();
  const before = world.deployment;
  world.removeSecret(TOKEN);
  await world.settle();
  assert.deepEqual(world.told(), [
    "Normal TokenRegenerated",
    "Normal Created",
    "Normal Updated",
    "Normal Progressing",
    "Normal RolloutEnded",
  ]);
  const mark = tokenHash(world.token() ?? "");
  assert.notEqual(mark, before?.metadata.annotations?.[TOKEN_ANNOTATION]);
  assert.equal(world.deployment?.spec?.template.metadata?.annotations?.[TOKEN_ANNOTATION], mark);
  assert.equal((world.deployment?.metadata.generation ?? 0) - (before?.metadata.generation ?? 0), 1);
});

Deno.test("a token that the user brings is looked for, used, and no call to Coder is made", async () => {
  await using world = await World.start(PLAIN);
  await world.pass();
  assert.equal(world.condition("Degraded"), "True/TokenMissing");
  assert.match(world.message("Degraded"), /Secret a\/mine does not exist: create it/);
  assert.ok(world.deployment !== undefined, "its pods wait for the Secret alone");
  world.secret({ namespace: "a", name: "mine" }, { other: "x" });
  await world.pass();
  assert.match(world.message("Degraded"), /Secret a\/mine has no key token/);
  world.secret({ namespace: "a", name: "mine" }, { token: "the-token" });
  await world.settle();
  assert.equal(world.condition("Ready"), "True/Ready");
  assert.equal(world.condition("Degraded"), "False/AsExpected");
  assert.equal(world.condition("Registered"), "Unknown/NotManaged");
  assert.equal(world.condition("Healthy"), undefined);
  assert.equal(world.object.metadata.finalizers, undefined);
  assert.deepEqual(world.status.proxyTokenSecretRef, { name: "mine", key: "token" });
  assert.deepEqual(
    world.coder.fake.requests.filter(({ route = "" }) => route.includes("workspaceproxies")),
    [],
  );
  const { generation } = world.deployment?.metadata ?? {};
  world.secret({ namespace: "a", name: "mine" }, { token: "another" });
  await world.pass();
  assert.equal(
    world.deployment?.metadata.generation,
    (generation ?? 0) + 1,
    "another token replaces the pods",
  );
});

Deno.test("without visits the spec is all that there is", async () => {
  await using world = await World.start({
    bootstrap: { coderURL: `${PUBLIC_URL} `, credentialsSecretRef: { name: "admin" } },
  });
  world.results = undefined;
  await world.pass();
  assert.equal(world.env("CODER_PRIMARY_ACCESS_URL")?.value, PUBLIC_URL);
  assert.equal(world.condition("Degraded"), "False/AsExpected");
});

Deno.test("a spec that names no Coder, or no token, waits for its change", async () => {
  for (
    const [spec, field] of [
      [
        { primaryAccessURL: PUBLIC_URL },
        /spec.proxySessionTokenSecretRef: is not set/,
      ],
      [{ proxySessionTokenSecretRef: { name: "mine" } }, /spec.primaryAccessURL: is not set/],
    ] as const
  ) {
    await using world = await World.start(PLAIN);
    world.change(spec);
    await assert.rejects(world.pass(), TerminalError);
    assert.equal(world.condition("Stalled"), "True/InvalidSpec");
    assert.match(world.message("Stalled"), field);
  }
});

Deno.test("an object that cannot be read gets a status, and waits for its next change", async () => {
  await using world = await running();
  world.change({ replicas: "three" } as unknown as CoderWorkspaceProxy["spec"] & object);
  await assert.rejects(world.pass(), TerminalError);
  assert.equal(world.condition("Stalled"), "True/InvalidSpec");
  assert.equal(world.status.proxyTokenSecretRef?.name, TOKEN.name, "what depends on the spec stays");
  assert.equal(await world.visit(), "unreadable");
});

Deno.test("a Deployment of somebody else is left alone", async () => {
  await using world = await World.start(PLAIN);
  world.secret({ namespace: "a", name: "mine" }, { token: "the-token" });
  world.kinds.deployments.put(make(Deployments, DEPLOYMENT.name, { namespace: "a" }));
  const result = await world.pass();
  assert.deepEqual(result, { requeueAfterMs: 60_000 });
  assert.equal(world.condition("Degraded"), "True/ForeignObject");
});

Deno.test("an autoscaler rules the number of pods", async () => {
  await using world = await running({ replicas: 2 });
  world.kinds.autoscalers.put({
    ...make(HorizontalPodAutoscalers, "eu", { namespace: "a" }),
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: DEPLOYMENT.name },
      maxReplicas: 9,
    },
  } as never);
  const deployment = world.deployment!;
  world.kinds.deployments.put({ ...deployment, spec: { ...deployment.spec, replicas: 7 } } as never);
  await world.pass();
  assert.equal(world.deployment?.spec?.replicas, 7);
});

Deno.test("Secrets of ours that nobody needs any more go, once all pods are new", async () => {
  await using world = await running();
  world.ownSecret({ namespace: "a", name: "before" }, { token: "old" });
  world.secret({ namespace: "a", name: "theirs" }, { token: "x" }, { labels: LABELS });
  world.secret({ namespace: "a", name: "other" }, { token: "x" }, {
    ownerReferences: controlledBy(world.object),
  });
  const deployment = world.deployment!;
  world.kinds.deployments.put(
    { ...deployment, status: { ...deployment.status, updatedReplicas: 0 } } as never,
  );
  await world.pass();
  assert.equal(world.token({ namespace: "a", name: "before" }), "old", "pods may use it yet");
  world.rollOut();
  await world.pass();
  assert.equal(world.token({ namespace: "a", name: "before" }), undefined);
  assert.deepEqual(
    [TOKEN.name, "theirs", "other"].filter((name) => world.token({ namespace: "a", name }) === undefined),
    [],
  );
});

Deno.test("a token moves to the Secret that the spec names now, and stays the same", async () => {
  await using world = await running();
  const token = world.token();
  world.change({ ...world.object.spec, registration: { generatedTokenSecretName: "renamed" } });
  await world.pass();
  assert.deepEqual(
    world.env("CODER_PROXY_SESSION_TOKEN")?.valueFrom?.secretKeyRef?.name,
    TOKEN.name,
    "not yet",
  );
  await world.settle();
  assert.equal(world.token({ namespace: "a", name: "renamed" }), token);
  assert.equal(world.env("CODER_PROXY_SESSION_TOKEN")?.valueFrom?.secretKeyRef?.name, "renamed");
  assert.equal(world.token(TOKEN), undefined, "the earlier one is gone");
  assert.equal(world.proxy.token, token);
  assert.ok(!world.told().includes("Normal TokenRegenerated"));
});

Deno.test("the finalizer goes when nothing is registered any more, and a visit has seen that", async () => {
  await using world = await running();
  world.secret({ namespace: "a", name: "mine" }, { token: "the-token" });
  world.change(PLAIN);
  await world.pass();
  assert.deepEqual(world.object.metadata.finalizers, [PROXY_FINALIZER]);
  await world.settle();
  assert.deepEqual(world.registered, []);
  assert.deepEqual(world.object.metadata.finalizers, []);
  assert.deepEqual(
    [world.status.registered, world.status.registration, world.status.formerRegistrations],
    [undefined, undefined, undefined],
  );
  assert.equal(world.token(TOKEN), undefined, "and with it the Secret that nobody uses");
});

Deno.test("a pass that is ended writes no status", async () => {
  await using world = await World.start();
  const abort = new AbortController();
  world.refuse = (verb) => {
    if (verb === "apply") abort.abort(new Error("leadership was lost"));
    return undefined;
  };
  await assert.rejects(world.pass(abort.signal), /leadership was lost/);
  assert.ok(!world.done.includes("status"));
});

Deno.test("what the API server refuses is told and tried again", async () => {
  await using world = await World.start();
  world.refuse = (verb, kind) => verb === "apply" && kind === "Service" ? refused(503) : undefined;
  await assert.rejects(world.pass(), /Service: refused|Service: no/);
  assert.equal(world.condition("Degraded"), "True/APIUnavailable");
  assert.deepEqual(world.object.metadata.finalizers, [PROXY_FINALIZER], "other steps go on");
  assert.equal(KEY.name, "eu");
});
