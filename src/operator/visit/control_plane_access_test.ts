import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { createDeployments } from "../../coder/mod.ts";
import { htmlPage, startFakeCoder } from "../../../tests/fake-coder/mod.ts";
import { controlPlaneAccess, type KeptReference, type Opened } from "./control_plane_access.ts";
import { FakeGround, readyControlPlane, refusal, secretOf } from "./control_plane_testing.ts";

const asker = { namespace: "a", name: "prov" };
const controlPlaneKey = { namespace: "a", name: "coder" };
const tokenKey = { namespace: "a", name: "coder-operator-token" };
const live = () => new AbortController().signal;

/** The access on a ground of its own. */
class World implements Disposable {
  readonly ground = new FakeGround();
  readonly deployments = createDeployments();
  readonly secrets: string[] = [];
  now = 0;
  readonly endpoints = new Map<string, string>();
  readonly access = controlPlaneAccess({
    client: this.ground.client,
    kinds: this.ground.kinds,
    deployments: this.deployments,
    reach: { endpoints: this.endpoints, route: "direct" },
    redact: (text) => text.replaceAll("hunter2", "…"),
    keepSecret: (...secrets) => void this.secrets.push(...secrets),
    now: () => new Date(this.now),
  });

  put(object: CoderControlPlane = readyControlPlane(), token = "hunter2"): void {
    this.ground.put(object);
    if (token !== "") this.ground.put(secretOf(tokenKey, { token }));
  }

  get found(): Opened {
    const found = this.access.find({ name: "coder" }, asker);
    assert.ok(found.found);
    return found;
  }

  async open() {
    return await this.access.open(this.found, live());
  }

  async kept(kept: KeptReference, who = asker) {
    return await this.access.openKept(kept, who, live());
  }

  [Symbol.dispose](): void {
    this.deployments.close();
  }
}

Deno.test("the operator's token opens Coder, by its own address, and is kept out of every text", async () => {
  using world = new World();
  world.put();
  const access = await world.open();
  assert.ok(access.ready);
  assert.equal(access.reason, "OperatorAccessReady");
  assert.equal(access.coder.client.address, "http://coder.a.svc.cluster.local");
  assert.deepEqual(access.coder.tokenSecret, { secret: tokenKey, key: "token" });
  assert.deepEqual(world.secrets, ["hunter2"]);
  assert.doesNotMatch(access.coder.credentials, /hunter2/);
  assert.equal(world.deployments.size, 1, "the connections of the control plane's own visits");
  world.deployments.client("a/coder", { url: "http://coder.a.svc.cluster.local" });
  assert.equal(world.deployments.size, 1);
});

Deno.test("a token is read again when its Secret has a new version, and not before", async () => {
  using world = new World();
  world.put();
  const [first, second] = await Promise.all([world.open(), world.open()]);
  const third = await world.open();
  assert.deepEqual(world.ground.reads, ["secrets a/coder-operator-token"]);
  world.ground.put(secretOf(tokenKey, { token: "hunter2" }, "2"));
  const same = await world.open();
  world.ground.put(secretOf(tokenKey, { token: "other" }, "3"));
  const other = await world.open();
  assert.equal(world.ground.reads.length, 3);
  const credentials = [first, second, third, same, other].map((each) => each.ready && each.coder.credentials);
  assert.equal(new Set(credentials.slice(0, 4)).size, 1, "the same token is the same credential");
  assert.notEqual(credentials[3], credentials[4]);
});

Deno.test("a Secret that the cache does not know is looked for every time", async () => {
  using world = new World();
  world.put(readyControlPlane(), "");
  const access = await world.open();
  assert.ok(!access.ready);
  assert.equal(access.reason, "OperatorTokenSecretUnavailable");
  assert.match(access.message, /Secret a\/coder-operator-token does not exist/);
  world.ground.put(secretOf(tokenKey, { token: "hunter2" }), { cached: false });
  assert.equal((await world.open()).ready, true);
});

Deno.test("what is missing of the token is told as the Go operator told it", async () => {
  const told = async (object: CoderControlPlane, data: Record<string, string> = { token: "hunter2" }) => {
    using world = new World();
    world.put(object, "");
    world.ground.put(secretOf(tokenKey, data));
    const access = await world.open();
    assert.ok(!access.ready);
    return access;
  };
  const notReady = await told(readyControlPlane({ operatorAccessReady: undefined }));
  assert.equal(notReady.reason, "OperatorAccessNotReady");
  assert.match(notReady.message, /status\.operatorAccessReady=true: not yet/);
  const disabled = await told(
    readyControlPlane({ operatorAccessReady: undefined }, {}, { operatorAccess: { disabled: true } }),
  );
  assert.match(disabled.message, /status\.operatorAccessReady=true: spec\.operatorAccess\.disabled is set/);
  const noRef = await told(readyControlPlane({ operatorTokenSecretRef: undefined }));
  assert.equal(noRef.reason, "OperatorTokenSecretRefMissing");
  const blank = await told(readyControlPlane({ operatorTokenSecretRef: { name: " " } }));
  assert.equal(blank.reason, "OperatorTokenSecretRefInvalid");
  const empty = await told(readyControlPlane(), { token: " " });
  assert.equal(empty.reason, "OperatorTokenSecretUnavailable");
  assert.match(empty.message, /nothing at key token/);
  const noKey = await told(
    readyControlPlane({ operatorTokenSecretRef: { name: "coder-operator-token" } }),
    {},
  );
  assert.match(noKey.message, /no key token/);
});

Deno.test("a Secret that the API server refuses is told without secrets, and tried again", async () => {
  using world = new World();
  world.put();
  world.ground.onRead = () => {
    throw refusal(403, "Forbidden", "hunter2 may not be read");
  };
  const access = await world.open();
  assert.ok(!access.ready);
  assert.equal(access.reason, "OperatorTokenSecretUnavailable");
  assert.match(access.message, /cannot be read: … may not be read/);
  world.ground.onRead = () => {};
  assert.equal((await world.open()).ready, true);
});

Deno.test("an address that cannot be used is told", async () => {
  using world = new World();
  world.endpoints.set("a/coder", "ftp://nowhere");
  world.put();
  const access = await world.open();
  assert.ok(!access.ready);
  assert.equal(access.reason, "AddressInvalid");
  const kept = await world.kept({ controlPlane: controlPlaneKey, tokenSecret: { name: tokenKey.name } });
  assert.ok(kept.way === "closed");
  assert.equal(kept.reason, "AddressInvalid");
});

Deno.test("whoever asks may stop asking", async () => {
  using world = new World();
  world.put();
  const stop = new AbortController();
  world.ground.onRead = () => stop.abort(new Error("enough"));
  await assert.rejects(world.access.open(world.found, stop.signal), /enough/);
  const kept = { controlPlane: controlPlaneKey };
  await assert.rejects(world.access.openKept(kept, asker, stop.signal), /enough/);
});

Deno.test("a deployment tells its id seldom", async () => {
  await using coder = await startFakeCoder();
  using world = new World();
  world.endpoints.set("a/coder", coder.url);
  world.put();
  const id = async () => {
    const access = await world.open();
    assert.ok(access.ready);
    return await access.coder.deploymentId(live());
  };
  assert.deepEqual(await Promise.all([id(), id()]), Array(2).fill(coder.state.deploymentId));
  assert.equal(coder.count({ route: "/api/v2/buildinfo" }), 1);
  world.now = 3_600_000;
  await id();
  assert.equal(coder.count({ route: "/api/v2/buildinfo" }), 2);
  world.access.forget({ namespace: "a", name: "coder" });
  await id();
  assert.equal(coder.count({ route: "/api/v2/buildinfo" }), 3);
  assert.equal(world.ground.reads.length, 2, "and what was forgotten is read again");
});

Deno.test("a deployment that does not answer has no id for now", async () => {
  await using coder = await startFakeCoder();
  using world = new World();
  world.endpoints.set("a/coder", coder.url);
  world.put();
  coder.faults.add({ route: "/api/v2/buildinfo", action: htmlPage(503, "Service Unavailable") });
  const access = await world.open();
  assert.ok(access.ready);
  assert.equal(await access.coder.deploymentId(live()), undefined);
  world.now = 59_999;
  assert.equal(await access.coder.deploymentId(live()), undefined);
  assert.equal(coder.count({ route: "/api/v2/buildinfo" }), 1);
  world.now = 60_000;
  assert.equal(await access.coder.deploymentId(live()), coder.state.deploymentId);
  const stop = AbortSignal.abort(new Error("enough"));
  await assert.rejects(access.coder.deploymentId(stop), /enough/);
});

Deno.test("what is on record is opened with the control plane's present token", async () => {
  using world = new World();
  world.put();
  world.ground.put(secretOf({ namespace: "a", name: "old-token" }, { token: "old" }));
  const way = await world.kept({ controlPlane: controlPlaneKey, tokenSecret: { name: "old-token" } });
  assert.ok(way.way === "open");
  assert.deepEqual(way.coder.tokenSecret.secret, tokenKey);
});

Deno.test("a token on record serves where the control plane has none any more, or goes itself", async () => {
  for (
    const object of [
      readyControlPlane({ operatorAccessReady: false }),
      readyControlPlane({ operatorAccessReady: false }, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      readyControlPlane({}, {}, { replicas: "three" } as never),
    ]
  ) {
    using world = new World();
    world.put(object);
    const way = await world.kept({ controlPlane: controlPlaneKey, tokenSecret: { name: tokenKey.name } });
    assert.ok(way.way === "open");
    assert.equal(way.coder.client.address, "http://coder.a.svc.cluster.local");
  }
});

Deno.test("a control plane without a token is closed, with its reason", async () => {
  using world = new World();
  world.put(readyControlPlane({ operatorAccessReady: false }), "");
  const way = await world.kept({ controlPlane: controlPlaneKey, tokenSecret: { name: tokenKey.name } });
  assert.ok(way.way === "closed");
  assert.equal(way.reason, "OperatorAccessNotReady");
  const bare = await world.kept({ controlPlane: controlPlaneKey });
  assert.equal(bare.way, "closed");
});

Deno.test("one that only the cache does not have is not gone", async () => {
  using world = new World();
  world.ground.put(readyControlPlane(), { cached: false });
  const way = await world.kept({ controlPlane: controlPlaneKey });
  assert.ok(way.way === "closed");
  assert.match(way.message, /a\/coder is not known to the operator yet/);
  world.ground.onRead = () => {
    throw refusal(403, "Forbidden", "not yours");
  };
  const refused = await world.kept({ controlPlane: controlPlaneKey });
  assert.ok(refused.way === "closed");
  assert.equal(refused.reason, "KubernetesAPI");
});

Deno.test("one that is gone is gone, unless its credentials were left", async () => {
  using world = new World();
  const kept = {
    controlPlane: controlPlaneKey,
    url: "http://evil.example.com:8080/path",
    tokenSecret: { namespace: "a", name: tokenKey.name, key: "token" },
  };
  const gone = await world.kept(kept);
  assert.ok(gone.way === "gone");
  assert.match(gone.message, /a\/coder and its credentials are gone/);
  assert.deepEqual(world.ground.reads, ["codercontrolplanes a/coder", "secrets a/coder-operator-token"]);
  world.ground.put(secretOf(tokenKey, { token: "hunter2" }));
  const left = await world.kept(kept);
  assert.ok(left.way === "open");
  assert.equal(left.coder.client.address, "http://coder.a.svc.cluster.local:8080", "never another host's");
  for (const url of [undefined, "nonsense", "https://coder.a.svc.cluster.local:443", "http://coder"]) {
    const plain = await world.kept({ ...kept, url });
    assert.ok(plain.way === "open");
    assert.equal(plain.coder.client.address, "http://coder.a.svc.cluster.local");
  }
});

Deno.test("a status cannot have a Secret of elsewhere sent anywhere", async () => {
  using world = new World();
  world.ground.put(secretOf({ namespace: "kube-system", name: "root" }, { token: "hunter2" }));
  const tokenSecret = { namespace: "kube-system", name: "root" };
  assert.equal((await world.kept({ controlPlane: controlPlaneKey, tokenSecret })).way, "gone");
  assert.equal((await world.kept({ url: "http://evil.example.com", tokenSecret })).way, "gone");
  assert.deepEqual(world.secrets, []);
});

Deno.test("what the user brought is opened at the user's address, with the Secret of the same namespace", async () => {
  using world = new World();
  world.ground.put(secretOf({ namespace: "a", name: "admin" }, { session: "hunter2" }));
  const url = "https://coder.example.com";
  const way = await world.kept({ url, tokenSecret: { name: "admin", key: "session" } });
  assert.ok(way.way === "open");
  assert.equal(way.coder.client.address, url);
  assert.equal(world.deployments.size, 1);
  const closed = await world.kept({ url, tokenSecret: { name: "admin" } });
  assert.ok(closed.way === "closed");
  assert.equal(closed.reason, "CredentialsMissing");
  assert.equal((await world.kept({ url })).way, "gone");
  assert.equal((await world.kept({ tokenSecret: { name: "admin" } })).way, "gone");
});

Deno.test("an address on record that is no http is never opened: ours may go out with the operator's own rights", async () => {
  using world = new World();
  world.ground.put(secretOf({ namespace: asker.namespace, name: "own" }, { token: "t" }));
  for (const url of ["kube-proxy://a/coder:80", "ftp://x", "file:///etc/passwd", "nonsense"]) {
    const way = await world.kept({ url, tokenSecret: { name: "own" } });
    assert.ok(way.way === "gone", url);
    assert.match(way.message, /no http or https address/);
  }
  assert.deepEqual(world.ground.reads, []);
});
