import assert from "node:assert/strict";
import { refuse, tooManyRequests } from "../../../tests/fake-coder/mod.ts";
import { make } from "../../reconciler/testing/fakes.ts";
import { CoderControlPlanes } from "../../api/control_plane.ts";
import type { WorkspaceProxySpecInput } from "../../api/workspace_proxy.ts";
import { readyControlPlane } from "../../operator/visit/control_plane_testing.ts";
import { type ClientRig, startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { fakeLicense } from "../../../tests/fake-coder/mod.ts";
import { PROXY_FINALIZER } from "../ending.ts";
import { ADOPT_PROXY_ANNOTATION } from "../registration/mod.ts";
import { NO_TOKEN, TOKEN_ANNOTATION } from "../results.ts";
import { PUBLIC_URL, refused, TOKEN, World } from "../../../tests/workspaceproxy/world.ts";
import { tokenHash } from "./token_secret.ts";

const PROXIES = "/api/v2/workspaceproxies";

/** A registered proxy whose pods run, and which is well. */
async function registered(...given: Parameters<typeof World.start>): Promise<World> {
  const world = await World.start(...given);
  await world.settle();
  world.proxy.status = "ok";
  world.ms += 70_000;
  await world.visit();
  await world.pass();
  world.told();
  return world;
}

/** Calls about proxies since `since`, as `GET /api/v2/workspaceproxies`. */
function calls(world: World, since: number): string[] {
  return world.coder.fake.requests.slice(since).map(({ method, route = "" }) => `${method} ${route}`)
    .filter((call) => call.includes("workspaceproxies"));
}

Deno.test("nothing is registered before the finalizer is there", async () => {
  await using world = await World.start();
  await world.visit();
  assert.deepEqual(world.registered, []);
  await world.pass();
  assert.equal(world.condition("Registered"), "Unknown/FinalizerMissing");
  await world.visit();
  assert.equal(world.registered.length, 1);
  assert.deepEqual(world.object.metadata.finalizers, [PROXY_FINALIZER]);
});

Deno.test("a finalizer that has just gone keeps the proxy from being registered", async () => {
  await using world = await World.start();
  await world.pass();
  world.refuse = (verb) => {
    // Between the first write of the record and the call to Coder.
    if (verb === "status") world.change(undefined, { finalizers: [] });
    return undefined;
  };
  await world.visit();
  assert.deepEqual(world.registered, []);
});

Deno.test("a proxy is registered with its face, recorded, told, and its token is in our Secret alone", async () => {
  await using world = await World.start({ registration: { displayName: "Europe", icon: "/eu.svg" } });
  await world.settle();
  const { id, name, display_name, icon_url, token } = world.proxy;
  assert.deepEqual([name, display_name, icon_url], ["eu", "Europe", "/eu.svg"]);
  assert.equal(world.token(), token);
  assert.deepEqual(world.status.registration, {
    id,
    name: "eu",
    coderURL: "http://coder.a.svc.cluster.local:80",
    controlPlaneName: "coder",
    controlPlaneNamespace: "a",
    tokenSecretRef: { namespace: "a", name: "coder-operator-token", key: "token" },
  });
  assert.equal(world.condition("Registered"), "True/Registered");
  assert.equal(world.condition("Healthy"), "False/WaitingForProxy");
  assert.equal(world.status.health, "unregistered");
  assert.ok(world.told().includes("Normal Registered"));
  assert.ok(world.secretsKept.has(token), "it is never said");
});

Deno.test("health, version and addresses are told as Coder has them, and a proxy that is not reached is trouble", async () => {
  await using world = await registered();
  assert.equal(world.condition("Healthy"), "True/Healthy");
  assert.equal(world.status.health, "ok");
  assert.equal(world.condition("Degraded"), "False/AsExpected");
  world.proxy.status = "unreachable";
  world.ms += 70_000;
  await world.visit();
  await world.pass();
  assert.equal(world.condition("Healthy"), "False/Unreachable");
  assert.equal(world.condition("Degraded"), "True/Unreachable");
  assert.equal(world.condition("Ready"), "True/Ready");
  assert.deepEqual(world.told(), ["Warning Degraded", "Warning ProxyNotHealthy"]);
});

Deno.test("while a proxy is well, Coder is asked for one list a minute and nothing is written", async () => {
  await using world = await registered();
  const since = world.coder.fake.requests.length;
  world.done = [];
  for (let minute = 0; minute < 10; minute++) {
    world.ms += 60_000;
    await world.visit();
    assert.ok((world.lookAgainMs ?? 0) > 50_000, `${world.lookAgainMs}`);
  }
  const made = calls(world, since);
  assert.ok(made.length <= 10 && made.every((call) => call === `GET ${PROXIES}`), made.join());
  assert.deepEqual(world.done, [], "not even a Secret is read");
});

Deno.test("face and name follow the spec, and nobody else's change of them lasts", async () => {
  await using world = await registered({ registration: { displayName: "Europe" } });
  world.change({
    controlPlaneRef: { name: "coder" },
    registration: { displayName: "EU", proxyName: "europe" },
  });
  await world.visit();
  assert.deepEqual([world.proxy.display_name, world.proxy.name], ["EU", "europe"]);
  world.proxy.display_name = "Somebody else's";
  world.ms += 70_000;
  await world.visit();
  assert.equal(world.proxy.display_name, "EU");
  assert.equal(world.token(), world.proxy.token, "the token is the same");
});

Deno.test("a Secret that cannot be read makes no new token", async () => {
  await using world = await registered();
  const { token } = world.proxy;
  world.restart();
  for (
    const error of [
      refused(500, "InternalError"),
      refused(403, "Forbidden"),
      new Error("the connection broke"),
    ]
  ) {
    world.refuse = (verb, kind, name) =>
      verb === "get" && kind === "Secret" && name === TOKEN.name ? error : undefined;
    world.ms += 600_000;
    await world.visit();
    assert.equal(world.proxy.token, token);
  }
  await world.pass();
  assert.equal(world.condition("Registered"), "True/NotConfirmed");
  assert.equal(
    world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION],
    tokenHash(token),
    "pods go on as they are",
  );
  world.refuse = () => undefined;
  world.ms += 600_000;
  await world.visit();
  assert.equal(world.proxy.token, token);
});

Deno.test("a token that is missing, empty, refused or another proxy's is made anew", async () => {
  await using world = await registered();
  const other = "11111111-1111-4111-8111-111111111111:secret";
  const losses: [string, () => void][] = [
    ["gone", () => world.removeSecret(TOKEN)],
    ["empty", () => world.ownSecret(TOKEN, { token: "" })],
    ["without its key", () => world.ownSecret(TOKEN, { other: "x" })],
    ["refused", () => world.ownSecret(TOKEN, { token: `${world.proxy.id}:wrong` })],
    ["of another", () => world.ownSecret(TOKEN, { token: other })],
  ];
  for (const [what, lose] of losses) {
    const before = world.proxy.token;
    lose();
    world.proxy.status = "unreachable";
    await world.settle();
    assert.notEqual(world.proxy.token, before, what);
    assert.equal(world.token(), world.proxy.token, what);
    assert.deepEqual(world.told().filter((event) => event.endsWith("Regenerated")), [
      "Normal TokenRegenerated",
    ], what);
  }
});

Deno.test("a Secret of somebody else is left alone, and nothing is registered for it", async () => {
  await using world = await World.start();
  world.secret(TOKEN, { token: "theirs" });
  await world.settle();
  assert.deepEqual(world.registered, []);
  assert.equal(world.token(), "theirs");
  assert.equal(world.condition("Registered"), "False/SecretForeign");
  assert.equal(world.condition("Degraded"), "True/SecretForeign");
  world.secret(TOKEN, { token: "theirs" }, { annotations: { "coder.com/adopt": "eu" } });
  await world.settle();
  assert.equal(world.token(), world.proxy.token, "its owner gave it away");
});

Deno.test("a proxy of somebody else is left alone unless it may be taken", async () => {
  await using world = await World.start();
  const { proxy } = await world.coder.client.workspaceProxies.create({
    name: "eu",
    displayName: "x",
    icon: "/x.svg",
  });
  await world.settle();
  assert.equal(world.condition("Registered"), "False/NameTaken");
  assert.equal(world.deployment, undefined);
  world.change(undefined, { annotations: { [ADOPT_PROXY_ANNOTATION]: "eu" } });
  await world.settle();
  assert.equal(world.condition("Registered"), "True/Registered");
  assert.equal(world.proxy.id, proxy.id);
});

Deno.test("with credentials of the user's, the proxy is registered at the address of the user's", async () => {
  const coderURL = "to come";
  await using world = await World.start({ bootstrap: { coderURL, credentialsSecretRef: { name: "admin" } } });
  const bootstrap = {
    coderURL: ` ${world.coder.fake.url} `,
    credentialsSecretRef: { name: "admin", key: "key" },
  };
  await world.settle(2);
  assert.equal(world.condition("Registered"), "False/AddressInvalid");
  world.change({ bootstrap });
  await world.settle(2);
  assert.equal(world.condition("Registered"), "False/CredentialsMissing");
  world.secret({ namespace: "a", name: "admin" }, { key: world.coder.token });
  await world.settle();
  assert.equal(world.condition("Registered"), "True/Registered");
  assert.equal(world.status.registration?.coderURL, world.coder.fake.url);
  assert.deepEqual(world.status.registration?.tokenSecretRef, { name: "admin", key: "key" });
  assert.equal(world.env("CODER_PRIMARY_ACCESS_URL")?.value, world.coder.fake.url);
  world.change({ bootstrap, primaryAccessURL: PUBLIC_URL });
  await world.settle(2);
  assert.equal(
    world.env("CODER_PRIMARY_ACCESS_URL")?.value,
    PUBLIC_URL,
    "what users type may be another one",
  );
});

Deno.test("an address of the operator's own world is never taken from a user", async () => {
  for (const coderURL of ["kube-proxy://kube-system/secrets:80", "file:///etc/passwd", "a/coder"]) {
    await using world = await World.start({
      bootstrap: { coderURL, credentialsSecretRef: { name: "admin" } },
    });
    world.secret({ namespace: "a", name: "admin" }, { token: "x" });
    await world.settle(2);
    assert.equal(world.condition("Registered"), "False/AddressInvalid", coderURL);
  }
});

Deno.test("what is wrong with the control plane is told, and what passes by itself is no trouble", async () => {
  const rows: [string, (world: World) => void, boolean][] = [
    ["ControlPlaneNotFound", (world) => world.kinds.controlPlanes.objects.clear(), true],
    ["OperatorAccessNotReady", (world) => {
      const { operatorAccessReady: _, ...status } = readyControlPlane().status ?? {};
      world.kinds.controlPlanes.put({ ...readyControlPlane(), status } as never);
    }, false],
    ["OperatorTokenSecretUnavailable", (world) => {
      world.removeSecret({ namespace: "a", name: "coder-operator-token" });
    }, true],
    ["ControlPlaneDeleting", (world) => {
      world.kinds.controlPlanes.put(readyControlPlane({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }));
    }, false],
  ];
  for (const [reason, change, isTrouble] of rows) {
    await using world = await World.start();
    change(world);
    await world.settle(2);
    assert.equal(world.condition("Registered"), `False/${reason}`);
    assert.equal(world.condition("Degraded"), isTrouble ? `True/${reason}` : "False/AsExpected", reason);
    assert.equal(world.condition("Healthy"), undefined);
  }
});

Deno.test("a registered proxy stays one while its control plane is away", async () => {
  await using world = await registered();
  world.kinds.controlPlanes.objects.clear();
  await world.visit();
  await world.pass();
  assert.equal(world.condition("Registered"), "True/NotConfirmed");
  assert.equal(world.condition("Degraded"), "True/ControlPlaneNotFound");
  assert.equal(world.condition("Healthy"), "Unknown/ControlPlaneNotFound");
  assert.equal(world.status.health, "unknown");
  assert.equal(world.condition("Ready"), "True/Ready", "its pods go on");
});

Deno.test("a control plane of another namespace has to say that it may be used", async () => {
  await using world = await World.start({ controlPlaneRef: { name: "coder", namespace: "b" } });
  world.kinds.controlPlanes.put(readyControlPlane({}, { namespace: "b" }));
  await world.settle(2);
  assert.equal(world.condition("Registered"), "False/ControlPlaneNotShared");
});

Deno.test("what Coder said a moment ago is told on while it does not answer, and not for ever", async () => {
  await using world = await registered();
  world.coder.fake.faults.add({ times: Infinity, action: { do: "answer", reply: refuse(502, "away") } });
  world.ms += 70_000;
  await world.visit();
  await world.pass();
  assert.equal(world.condition("Registered"), "True/NotConfirmed");
  assert.equal(world.condition("Healthy"), "True/Healthy");
  assert.equal(world.status.health, "ok");
  assert.equal(world.condition("Degraded"), "False/AsExpected");
  world.ms += 600_000;
  await world.visit();
  await world.pass();
  assert.match(world.condition("Healthy") ?? "", /^Unknown\//);
  assert.equal(world.status.health, "unknown");
});

Deno.test("while Coder asks for fewer requests, it gets few, and the status is written once", async () => {
  await using world = await World.start();
  await world.pass();
  world.coder.fake.faults.add({
    method: "POST",
    route: PROXIES,
    times: Infinity,
    action: tooManyRequests(30),
  });
  const begin = world.ms;
  let writes = 0;
  const since = world.coder.fake.requests.length;
  while (world.ms - begin < 35_000) {
    await world.visit();
    await world.pass();
    writes += world.done.filter((each) => each === "status").length;
    world.ms += 500;
  }
  assert.equal(calls(world, since).filter((call) => call.startsWith("POST")).length <= 4, true);
  assert.equal(writes, 1);
  assert.equal(world.condition("Registered"), "False/RateLimited");
  assert.match(world.message("Registered"), /as long as Coder wants/);
});

Deno.test("a registered proxy that Coder has no time for is said to be registered", async () => {
  await using world = await registered();
  world.coder.fake.faults.add({ times: Infinity, action: tooManyRequests(30) });
  world.ms += 70_000;
  await world.visit();
  await world.pass();
  assert.equal(world.condition("Registered"), "True/NotConfirmed");
  assert.match(world.message("Registered"), /as long as Coder wants/);
});

Deno.test("an answer that was lost leaves one registration", async () => {
  await using world = await World.start();
  await world.pass();
  world.coder.fake.faults.add({ method: "POST", route: PROXIES, times: 1, action: { do: "loseAnswer" } });
  await world.visit();
  assert.equal(world.registered.length, 1);
  assert.equal(world.token(), undefined);
  world.restart();
  await world.settle();
  assert.equal(world.token(), world.proxy.token);
  assert.equal(world.status.registration?.id, world.proxy.id);
});

Deno.test("pods of the Go operator are marked with their token before it may be replaced, and then replaced", async () => {
  await using world = await World.start({
    bootstrap: { coderURL: "x", credentialsSecretRef: { name: "admin" } },
  });
  world.change({ bootstrap: { coderURL: world.coder.fake.url, credentialsSecretRef: { name: "admin" } } });
  world.secret({ namespace: "a", name: "admin" }, { token: world.coder.token });
  const { id } = world.goOperator();
  // Somebody regenerated the token since; the pods run with the dead one.
  world.proxy.token = `${id}:another`;
  await world.pass();
  await world.visit();
  assert.equal(world.proxy.token, `${id}:another`, "first the pass writes down what the pods run with");
  await world.pass();
  assert.equal(world.condition("Registered"), "Unknown/TakingOver");
  const mark = world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION];
  assert.equal(mark, tokenHash(world.token() ?? ""));
  await world.settle();
  assert.equal(world.token(), world.proxy.token);
  assert.notEqual(world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION], mark);
  assert.equal(world.status.registration?.id, id, "it is the same proxy");
});

Deno.test("pods of the Go operator whose Secret is gone are marked, too", async () => {
  await using world = await World.start({
    bootstrap: { coderURL: "x", credentialsSecretRef: { name: "admin" } },
  });
  world.change({ bootstrap: { coderURL: world.coder.fake.url, credentialsSecretRef: { name: "admin" } } });
  world.secret({ namespace: "a", name: "admin" }, { token: world.coder.token });
  const { id } = world.goOperator({ withSecret: false });
  await world.pass();
  await world.visit();
  await world.pass();
  assert.equal(world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION], NO_TOKEN);
  await world.settle();
  assert.equal(world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION], tokenHash(world.proxy.token));
  assert.equal(world.proxy.id, id);
});

Deno.test("a move to another Coder replaces address and token together, and the old registration goes after the pods", async () => {
  await using world = await registered();
  await using other = await startClientRig();
  await other.client.licenses.add(fakeLicense());
  const { id } = world.proxy;
  const mark = world.deployment?.metadata.annotations?.[TOKEN_ANNOTATION];
  world.secret({ namespace: "a", name: "admin" }, { token: other.token });
  world.change({ bootstrap: { coderURL: other.fake.url, credentialsSecretRef: { name: "admin" } } });
  const pair = () => [
    world.env("CODER_PRIMARY_ACCESS_URL")?.value,
    world.deployment?.spec?.template.metadata?.annotations?.[TOKEN_ANNOTATION],
  ];
  await world.pass();
  assert.deepEqual(pair(), [PUBLIC_URL, mark]);
  await world.visit();
  const [moved] = other.fake.state.proxies;
  await world.pass();
  assert.deepEqual(pair(), [other.fake.url, tokenHash(moved?.token ?? "")]);
  await world.visit();
  assert.deepEqual(world.registered.map((each) => each.id), [id], "old pods are not gone yet");
  world.rollOut();
  world.pods = [
    make({ ...CoderControlPlanes, kind: "Pod" }, "old", {
      deletionTimestamp: "2026-01-01T00:00:00Z",
    }) as never,
  ];
  await world.visit();
  assert.deepEqual(world.registered.map((each) => each.id), [id], "an old pod is ending");
  assert.equal(world.lookAgainMs, 15_000);
  world.pods = [];
  world.ms += 15_000;
  await world.visit();
  assert.deepEqual(world.registered, []);
  assert.equal(world.status.formerRegistrations, undefined);
  assert.ok(world.told().includes("Normal RegistrationRemoved"));
});

Deno.test("an old registration that cannot be removed is told, and tried again", async () => {
  await using world = await registered();
  await using other = await startClientRig();
  await other.client.licenses.add(fakeLicense());
  world.coder.fake.faults.add({ times: Infinity, action: { do: "answer", reply: refuse(502, "away") } });
  world.secret({ namespace: "a", name: "admin" }, { token: other.token });
  world.change({ bootstrap: { coderURL: other.fake.url, credentialsSecretRef: { name: "admin" } } });
  await world.settle();
  assert.equal(world.condition("Registered"), "True/Registered");
  assert.equal(world.condition("Degraded"), "True/RegistrationLeft");
  assert.match(world.message("Degraded"), /Proxy eu at .* is still to be removed/);
  assert.ok((world.lookAgainMs ?? 0) <= 60_000);
});

Deno.test("a record that somebody else wrote meanwhile is looked at again", async () => {
  await using world = await World.start();
  await world.pass();
  let raced = false;
  world.refuse = (verb) => {
    if (verb !== "status" || raced) return undefined;
    raced = true;
    world.setStatus({ ...world.status, registered: true });
    return undefined;
  };
  await world.visit();
  assert.equal(world.lookAgainMs, 1_000);
  assert.deepEqual(world.registered, []);
});

Deno.test("a Coder without an address of its own needs one from the spec", async () => {
  await using world = await World.start();
  world.coder.fake.state.environment.delete("CODER_ACCESS_URL");
  await world.settle(2);
  assert.equal(world.condition("Registered"), "False/AddressUnknown");
  assert.deepEqual(world.registered, [], "pods could not be made for it");
  world.change({ controlPlaneRef: { name: "coder" }, primaryAccessURL: PUBLIC_URL });
  await world.settle(2);
  assert.equal(world.condition("Registered"), "True/Registered");
});

Deno.test("who goes back before the pods have changed finds the token that they run with", async () => {
  await using world = await registered();
  await using other = await startClientRig();
  await other.client.licenses.add(fakeLicense());
  const token = world.token() ?? "";
  world.secret({ namespace: "a", name: "admin" }, { token: other.token });
  world.change({ bootstrap: { coderURL: other.fake.url, credentialsSecretRef: { name: "admin" } } });
  await world.visit();
  const [away] = other.fake.state.proxies;
  assert.equal(world.token(), away?.token);
  assert.equal(world.secretText(TOKEN, `token-${world.proxy.id}`), token, "pods run with it yet");
  world.restart();
  world.change({ controlPlaneRef: { name: "coder" } });
  await world.settle();
  assert.equal(world.token(), token);
  assert.equal(world.proxy.token, token, "no new one was made");
  assert.equal(other.fake.state.proxies.every(({ deleted }) => deleted), true);
  assert.equal(world.secretText(TOKEN, `token-${away?.id}`), undefined, "nobody needs it any more");
  assert.equal(world.condition("Registered"), "True/Registered");
});

Deno.test("a good token that comes back while Coder is asked is not replaced", async () => {
  await using world = await registered();
  const { token } = world.proxy;
  const good = world.token() ?? "";
  world.ownSecret(TOKEN, { token: "11111111-1111-4111-8111-111111111111:x" });
  let reads = 0;
  world.refuse = (verb, kind, name) => {
    if (verb === "get" && kind === "Secret" && name === TOKEN.name && ++reads === 2) {
      world.ownSecret(TOKEN, { token: good });
    }
    return undefined;
  };
  await world.visit();
  assert.equal(world.proxy.token, token);
  assert.ok(!world.told().includes("Normal TokenRegenerated"));
});

/** Asks for a registration at another Coder, with the credentials of a user of that one. */
function moveTo(
  world: World,
  other: ClientRig,
  extra: Partial<NonNullable<WorkspaceProxySpecInput["bootstrap"]>> = {},
): void {
  world.secret({ namespace: "a", name: "admin" }, { token: other.token });
  world.change({
    bootstrap: { coderURL: other.fake.url, credentialsSecretRef: { name: "admin" }, ...extra },
  });
}

Deno.test("a token of elsewhere that could not be stored at first does not cost the present one, either", async () => {
  await using world = await registered();
  await using other = await startClientRig();
  await other.client.licenses.add(fakeLicense());
  const token = world.token() ?? "";
  moveTo(world, other);
  world.refuse = (verb, kind) => verb === "apply" && kind === "Secret" ? refused(500) : undefined;
  await world.settle(2);
  assert.equal(other.fake.state.proxies.length, 1);
  assert.equal(world.token(), token);
  world.refuse = () => undefined;
  world.change({ controlPlaneRef: { name: "coder" } });
  await world.settle();
  assert.equal(world.token(), token);
  assert.equal(world.proxy.token, token, "no new one was made");
});

Deno.test("a token that was stored before a crash is found in the Secret of that time", async () => {
  await using world = await registered();
  await using other = await startClientRig();
  await other.client.licenses.add(fakeLicense());
  moveTo(world, other);
  let isStored = false;
  world.refuse = (verb, kind) => {
    isStored ||= verb === "apply" && kind === "Secret";
    return isStored && verb === "status" ? new Error("the process dies") : undefined;
  };
  await world.visit();
  world.refuse = () => undefined;
  world.restart();
  const [away] = other.fake.state.proxies;
  const { token } = away ?? {};
  assert.equal(world.token(), token);
  moveTo(world, other, { generatedTokenSecretName: "two" });
  await world.settle();
  assert.equal(world.token({ namespace: "a", name: "two" }), token);
  assert.equal(away?.token, token, "no new one was made");
});

Deno.test("while Coder cannot be asked, pods are not given what an earlier Secret holds", async () => {
  await using world = await registered();
  const { id, token } = world.proxy;
  const earlier = { namespace: "a", name: "earlier" };
  world.ownSecret(earlier, { token: `${id}:of-an-earlier-time` });
  world.change({ controlPlaneRef: { name: "coder" }, registration: { generatedTokenSecretName: "earlier" } });
  world.coder.fake.faults.add({ times: Infinity, action: { do: "answer", reply: refuse(502, "away") } });
  const used = () => world.env("CODER_PROXY_SESSION_TOKEN")?.valueFrom?.secretKeyRef?.name;
  await world.settle(2);
  assert.equal(used(), TOKEN.name);
  world.coder.fake.faults.clear();
  world.ms += 600_000;
  await world.settle();
  assert.equal(used(), "earlier");
  assert.notEqual(world.token(earlier), `${id}:of-an-earlier-time`);
  assert.equal(world.token(earlier), world.proxy.token);
  assert.notEqual(world.proxy.token, token, "the one in the earlier Secret was of no use");
});
