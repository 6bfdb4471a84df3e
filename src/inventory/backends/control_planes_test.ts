import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../api/control_plane.ts";
import { keyOf, keyText } from "../../api/object.ts";
import type { InformerHandler } from "../../kube/informer.ts";
import { recordingLogger } from "../../kube/testing/recording_logger.ts";
import { FakeClock, settle } from "../../telemetry/testing/fake_clock.ts";
import { ModelCoder, refusal } from "../testing/model_coder.ts";
import { controlPlaneBackends } from "./control_planes.ts";

function controlPlane(
  id: string,
  { spec = {}, status = {}, uid = id }: { spec?: object; status?: object; uid?: string } = {},
) {
  const [namespace, name] = id.split("/");
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { namespace, name, uid, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
    status: {
      operatorAccessReady: true,
      operatorTokenSecretRef: { name: "token" },
      url: `http://${name}`,
      ...status,
    },
  } as CoderControlPlane;
}

function rig() {
  const clock = new FakeClock();
  const { logger: log, lines } = recordingLogger();
  let handler: InformerHandler<CoderControlPlane> | undefined;
  const objects = new Map<string, CoderControlPlane>();
  const coders = new Map<string, ModelCoder>();
  const events: string[] = [];
  const secrets: string[] = [];
  let token = "secret-1";
  let noToken: Error | undefined;
  const end = new AbortController();
  const coderOf = (id: string) => {
    const known = coders.get(id) ?? new ModelCoder(clock);
    coders.set(id, known);
    return known;
  };
  const backends = controlPlaneBackends({
    controlPlanes: {
      subscribe(given) {
        handler = given;
        for (const object of objects.values()) given.added?.(object, true);
        return () => handler = undefined;
      },
    },
    listener: {
      changed: () => void events.push("changed"),
      listen: ({ id }) => ({
        workspace: ({ type, record }) => void events.push(`${type} ${id} ${record.name}`),
        template: () => {},
        complete: () => {},
        addresses: () => {},
      }),
    },
    readToken({ secret, key }) {
      secrets.push(`${keyText(secret)} ${key}`);
      return noToken === undefined ? Promise.resolve(token) : Promise.reject(noToken);
    },
    connect: (object, url, given) => {
      events.push(`connect ${url} ${given}`);
      return coderOf(keyText(keyOf(object))).client;
    },
    keepSecret: (given) => void events.push(`keep ${given}`),
    forget: (key) => void events.push(`forget ${keyText(key)}`),
    copies: { clock, jitter: 0 },
    log,
  });
  let running = Promise.resolve();
  return {
    clock,
    backends,
    coderOf,
    events,
    secrets,
    lines,
    setToken: (given: string) => token = given,
    failToken: (error: Error | undefined) => noToken = error,
    get isSubscribed() {
      return handler !== undefined;
    },
    async put(object: CoderControlPlane) {
      const id = keyText(keyOf(object));
      const before = objects.get(id);
      objects.set(id, object);
      if (before === undefined) handler?.added?.(object, false);
      else handler?.updated?.(before, object);
      await clock.advance(500);
    },
    async delete(id: string) {
      const object = objects.get(id)!;
      objects.delete(id);
      handler?.deleted?.(object);
      await clock.advance(500);
    },
    async start() {
      running = backends.run(end.signal);
      await clock.advance(500);
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await settle();
      await running;
    },
  };
}

const shown = ({ backends }: ReturnType<typeof rig>) =>
  backends.list().flatMap(({ id, copy }) => [...copy.workspaces()].map(({ name }) => `${id} ${name}`));

Deno.test("every eligible control plane is asked, with its own token", async () => {
  await using it = rig();
  it.coderOf("a/one").add("dev");
  it.coderOf("b/two").add("dev");
  await it.put(controlPlane("a/one"));
  await it.start();
  await it.put(controlPlane("b/two", { status: { operatorTokenSecretRef: { name: "t", key: "k" } } }));
  assert.deepEqual(shown(it), ["a/one dev", "b/two dev"]);
  assert.deepEqual(it.secrets, ["a/token token", "b/t k"]);
  assert.deepEqual(it.backends.inNamespace("b").map(({ id }) => id), ["b/two"]);
  assert.ok(it.events.includes("keep secret-1") && it.events.includes("connect http://one secret-1"));
});

Deno.test("nothing is read or called for a control plane that is not eligible", async () => {
  await using it = rig();
  await it.start();
  await it.put(controlPlane("a/off", { spec: { operatorAccess: { disabled: true } } }));
  await it.put(controlPlane("a/dot.ted"));
  await it.put(controlPlane("a/early", { status: { operatorAccessReady: false } }));
  await it.clock.advance(600_000);
  assert.deepEqual(it.secrets, []);
  assert.equal(it.coderOf("a/early").count(), 0);
  assert.deepEqual(it.backends.list().map(({ id }) => id), ["a/early"]);
  assert.match(it.backends.list()[0]?.waiting ?? "", /gives the operator no access yet/);
});

Deno.test("a name with a dot is warned of once, and remembered for whoever reports it", async () => {
  await using it = rig();
  await it.start();
  await it.put(controlPlane("a/dot.ted"));
  await it.put(controlPlane("a/dot.ted", { status: { phase: "Ready" } }));
  assert.match(it.backends.skipped.get("a/dot.ted") ?? "", /has a dot in its name/);
  assert.equal(it.lines.filter(({ message }) => message.includes("dot")).length, 1);
});

Deno.test("a control plane that becomes eligible is asked from then on", async () => {
  await using it = rig();
  it.coderOf("a/one").add("dev");
  await it.start();
  await it.put(controlPlane("a/one", { status: { url: "" } }));
  assert.deepEqual(shown(it), []);
  await it.put(controlPlane("a/one"));
  assert.deepEqual(shown(it), ["a/one dev"]);
  assert.equal(it.backends.list()[0]?.waiting, undefined);
});

Deno.test("a control plane that loses its access keeps what is known, and is asked nothing more", async () => {
  await using it = rig();
  const coder = it.coderOf("a/one");
  coder.add("dev");
  await it.start();
  await it.put(controlPlane("a/one"));
  await it.put(controlPlane("a/one", { status: { operatorAccessReady: false } }));
  const before = coder.count();
  coder.add("other");
  await it.clock.advance(600_000);
  assert.equal(coder.count(), before);
  assert.deepEqual(shown(it), ["a/one dev"]);
  const name = { organization: "acme", owner: "alice", workspace: "other" };
  const [backend] = it.backends.list();
  assert.equal((await backend!.copy.findWorkspace(name, new AbortController().signal)).kind, "unknown");
  await it.put(controlPlane("a/one"));
  assert.deepEqual(shown(it).sort(), ["a/one dev", "a/one other"]);
});

Deno.test("disabling and deletion take everything away", async () => {
  await using it = rig();
  for (const id of ["a/one", "a/two"]) it.coderOf(id).add("dev");
  await it.start();
  await it.put(controlPlane("a/one"));
  await it.put(controlPlane("a/two"));
  it.events.length = 0;
  await it.put(controlPlane("a/one", { spec: { operatorAccess: { disabled: true } } }));
  await it.delete("a/two");
  assert.deepEqual(it.backends.list(), []);
  assert.deepEqual(it.events, ["forget a/one", "changed", "forget a/two", "changed"]);
  const before = it.coderOf("a/one").count() + it.coderOf("a/two").count();
  await it.clock.advance(600_000);
  assert.equal(it.coderOf("a/one").count() + it.coderOf("a/two").count(), before);
});

Deno.test("another control plane of the same name is another Coder", async () => {
  await using it = rig();
  it.coderOf("a/one").add("dev");
  await it.start();
  await it.put(controlPlane("a/one", { uid: "1" }));
  const [first] = it.backends.list();
  await it.put(controlPlane("a/one", { uid: "2" }));
  const [second] = it.backends.list();
  assert.notEqual(first, second);
  assert.deepEqual(shown(it), ["a/one dev"]);
});

Deno.test("listeners hear of changes that matter to names, not of every status", async () => {
  await using it = rig();
  await it.start();
  await it.put(controlPlane("a/one"));
  it.events.length = 0;
  await it.put(controlPlane("a/one", { status: { phase: "Ready" } }));
  assert.deepEqual(it.events, []);
  await it.put(controlPlane("a/one", { spec: { aggregation: { naming: "Prefixed" } } }));
  assert.deepEqual(it.events, ["changed"]);
  assert.deepEqual([it.backends.list()[0]?.naming, it.backends.list()[0]?.createdAt], [
    "Prefixed",
    "2026-01-01T00:00:00Z",
  ]);
});

Deno.test("a token is read once, and again when Coder refuses it or another one is announced", async () => {
  await using it = rig();
  const coder = it.coderOf("a/one");
  await it.start();
  await it.put(controlPlane("a/one"));
  await it.clock.advance(300_000);
  assert.equal(it.secrets.length, 1);
  it.setToken("secret-2");
  await it.put(controlPlane("a/one", { status: { operatorTokenExpires: "2026-02-01T00:00:00Z" } }));
  await it.clock.advance(60_000);
  assert.equal(it.secrets.length, 2);
  assert.ok(it.events.includes("connect http://one secret-2"));
  coder.failure = () => refusal("unauthorized", 401);
  await it.clock.advance(60_000);
  assert.ok(it.secrets.length > 2);
  assert.ok(it.secrets.length <= 8, String(it.secrets.length));
});

Deno.test("a Secret that cannot be read is trouble of that control plane alone", async () => {
  await using it = rig();
  it.failToken(new Error("Secret a/token does not exist"));
  await it.start();
  await it.put(controlPlane("a/one"));
  const [backend] = it.backends.list();
  assert.match(String(backend?.copy.state("workspaces").trouble?.error), /does not exist/);
  it.failToken(undefined);
  await it.clock.advance(120_000);
  assert.equal(backend?.copy.state("workspaces").trouble, undefined);
});

Deno.test("after the end nobody is asked, and nothing listens", async () => {
  const it = rig();
  await it.put(controlPlane("a/one"));
  await it.start();
  assert.equal(it.isSubscribed, true);
  await it[Symbol.asyncDispose]();
  assert.equal(it.isSubscribed, false);
  const before = it.coderOf("a/one").count();
  await it.clock.advance(600_000);
  assert.equal(it.coderOf("a/one").count(), before);
});

Deno.test("a run that is over before it begins does nothing", async () => {
  const it = rig();
  await it.put(controlPlane("a/one"));
  await it.backends.run(AbortSignal.abort());
  assert.equal(it.isSubscribed, false);
  assert.deepEqual(it.secrets, []);
});
