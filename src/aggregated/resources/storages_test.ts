import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { connectionRefused, refusal } from "../../inventory/testing/model_coder.ts";
import { archive } from "../../../tests/archive/odd_tar.ts";
import { StatusError } from "../serving/status_errors.ts";
import type { Change, ListQuery, ResourceStorage } from "../serving/storage.ts";
import { templateStorage, workspaceStorage } from "./storages.ts";
import { resourcesRig } from "./testing.ts";

const NEWEST = { match: "mostRecent" } as const;

async function refused(call: Promise<unknown>): Promise<StatusError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

/** Lets time pass while a call waits for Coder. */
async function passing<T>(
  rig: { clock: { advance(ms: number): Promise<void> } },
  call: Promise<T>,
): Promise<T> {
  call.catch(() => {});
  await rig.clock.advance(200);
  return await call;
}

const names = ({ items }: { items: readonly KubeObject[] }) => items.map(({ metadata }) => metadata.name);

Deno.test("a workspace is read by its name, and its status as a part of it", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const storage = workspaceStorage(rig.resources);
  const context = rig.context();
  const key = { namespace: "a", name: "acme.alice.dev" };
  const workspace = await storage.get(key, context);
  assert.equal(workspace.spec.templateName, "docker");
  assert.equal(await storage.subresources?.["status"]?.get?.(key, context), workspace);
  assert.deepEqual(context.warnings, []);
});

Deno.test("what is not there is not found, in its namespace or any other", async () => {
  await using rig = resourcesRig();
  rig.add("a/coder");
  await rig.start();
  const storage = workspaceStorage(rig.resources);
  for (const namespace of ["a", "b"]) {
    const call = storage.get({ namespace, name: "acme.alice.dev" }, rig.context());
    const error = await refused(passing(rig, call));
    assert.deepEqual([error.code, error.reason], [404, "NotFound"]);
  }
});

Deno.test("a name of a wrong form is a bad request, and nobody is asked", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  await rig.start();
  const before = coder.count();
  for (const name of ["dev", "acme.alice", "acme.alice/keys.dev", "a.b.c.d.e", "acme.me.dev"]) {
    const error = await refused(workspaceStorage(rig.resources).get({ namespace: "a", name }, rig.context()));
    assert.deepEqual([error.code, error.reason], [400, "BadRequest"], name);
  }
  assert.equal(coder.count(), before);
});

Deno.test("with two control planes a plain name that both have is refused with the choices", async () => {
  await using rig = resourcesRig();
  for (const id of ["a/one", "a/two"]) rig.add(id).coder.add("dev");
  await rig.start();
  const storage = workspaceStorage(rig.resources);
  const get = (name: string) => storage.get({ namespace: "a", name }, rig.context());
  const error = await refused(get("acme.alice.dev"));
  assert.equal(error.code, 400);
  assert.match(error.message, /one\.acme\.alice\.dev, two\.acme\.alice\.dev/);
  assert.equal(
    (await get("two.acme.alice.dev")).metadata.labels?.["aggregation.coder.com/control-plane-name"],
    "two",
  );
});

Deno.test("an object is answered under the form of its name that was asked for", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  coder.addTemplate("docker");
  await rig.start();
  const prefixed = { namespace: "a", name: "coder.acme.alice.dev" };
  assert.equal(
    (await workspaceStorage(rig.resources).get(prefixed, rig.context())).metadata.name,
    prefixed.name,
  );
  const second = rig.add("a/other");
  await rig.clock.advance(1_000);
  const plain = { namespace: "a", name: "acme.alice.dev" };
  assert.equal((await workspaceStorage(rig.resources).get(plain, rig.context())).metadata.name, plain.name);
  assert.deepEqual(rig.shown("a"), ["coder.acme.alice.dev", "coder.acme.docker"]);
  assert.equal(second.coder.count("find"), 0);
});

Deno.test("what is not known yet is asked for once", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  await rig.start();
  coder.add("fresh");
  const call = workspaceStorage(rig.resources).get(
    { namespace: "a", name: "acme.alice.fresh" },
    rig.context(),
  );
  assert.equal((await passing(rig, call)).status.ownerName, "alice");
  coder.addTemplate("fresh");
  const other = templateStorage(rig.resources).get({ namespace: "a", name: "acme.fresh" }, rig.context());
  assert.equal((await passing(rig, other)).spec.organization, "acme");
});

Deno.test("while a Coder is down its objects are served with a warning, and what is not known with 503", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  coder.failure = () => connectionRefused();
  await rig.clock.advance(60_000);
  const storage = workspaceStorage(rig.resources);
  const context = rig.context();
  assert.ok(await storage.get({ namespace: "a", name: "acme.alice.dev" }, context));
  assert.deepEqual(names(await storage.list({ namespace: "a", version: NEWEST }, context)), [
    "acme.alice.dev",
  ]);
  assert.equal(context.warnings.length, 2);
  assert.match(context.warnings[0] ?? "", /cannot be reached/);
  const error = await refused(storage.get({ namespace: "a", name: "acme.alice.fresh" }, rig.context()));
  assert.deepEqual([error.code, error.details?.retryAfterSeconds], [503, 1]);
  assert.doesNotMatch(error.message, /http|refused/);
});

Deno.test("where there is no way to a Coder, as without access or a token, what is not known is 503, and so are logs", async () => {
  for (const waiting of [undefined, "CoderControlPlane a/coder gives the operator no access yet"]) {
    await using rig = resourcesRig();
    const { coder, backend } = rig.add("a/coder");
    coder.add("dev");
    await rig.start();
    coder.open = () =>
      Promise.reject(new Error("Secret a/coder-token, which should hold a token, does not exist"));
    backend.waiting = waiting;
    const storage = workspaceStorage(rig.resources);
    const unknown = { namespace: "a", name: "acme.alice.fresh" };
    const known = { namespace: "a", name: "acme.alice.dev" };
    assert.ok(await storage.get(known, rig.context()));
    const first = await refused(storage.get(unknown, rig.context()));
    if (waiting === undefined) await rig.clock.advance(120_000);
    const log = await refused(
      storage.subresources!["log"]!.stream!(known, new URLSearchParams(), rig.context()),
    );
    for (const error of [first, log]) {
      assert.deepEqual([error.code, error.details?.retryAfterSeconds], [503, 1]);
      assert.match(error.message, /the Coder of a\/coder cannot be asked now$/);
    }
  }
});

Deno.test("a namespace that nothing is served in has an empty list with a version, and can be watched", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.failure = () => connectionRefused();
  await rig.start();
  const storage = workspaceStorage(rig.resources);
  const listing = await storage.list({ namespace: "elsewhere", version: NEWEST }, rig.context());
  assert.deepEqual(listing.items, []);
  assert.match(listing.resourceVersion, /^[1-9]\d+$/);
  const query = {
    namespace: "elsewhere",
    start: { from: "version", resourceVersion: listing.resourceVersion },
  };
  const source = await storage.watch(query as Parameters<typeof storage.watch>[0], rig.context());
  source.open({ change: () => {}, ended: () => {} }).close();
});

Deno.test("lists keep to the rules of versions", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const storage = workspaceStorage(rig.resources);
  const list = (version: ListQuery["version"]) => storage.list({ namespace: "a", version }, rig.context());
  const { resourceVersion } = await list(NEWEST);
  assert.equal((await list({ match: "any" })).items.length, 1);
  assert.equal((await list({ match: "notOlderThan", resourceVersion })).items.length, 1);
  assert.equal((await list({ match: "exact", resourceVersion })).items.length, 1);
  assert.equal((await list({ match: "continued", resourceVersion })).items.length, 1);
  assert.equal((await refused(list({ match: "exact", resourceVersion: "5" }))).reason, "Expired");
  assert.equal((await refused(list({ match: "continued", resourceVersion: "5" }))).reason, "Expired");
  const far = "9".repeat(20);
  assert.equal((await refused(list({ match: "notOlderThan", resourceVersion: far }))).code, 504);
  assert.equal((await refused(list({ match: "exact", resourceVersion: far }))).code, 504);
});

Deno.test("one object keeps to the rules of versions, too", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const storage = workspaceStorage(rig.resources);
  const key = { namespace: "a", name: "acme.alice.dev" };
  const { resourceVersion } = await storage.list({ namespace: "a", version: NEWEST }, rig.context());
  for (const version of [undefined, "5", resourceVersion]) {
    assert.equal((await storage.get(key, rig.context(), version)).metadata.name, key.name);
  }
  const { code, details } = await refused(storage.get(key, rig.context(), "9".repeat(20)));
  assert.deepEqual([code, details?.causes?.[0]?.reason], [504, "ResourceVersionTooLarge"]);
});

async function heardBy(
  storage: ResourceStorage<KubeObject>,
  rig: ReturnType<typeof resourcesRig>,
  start: unknown,
) {
  const heard: string[] = [];
  const text = ({ type, object }: Change<KubeObject>) => `${type} ${object.metadata.name}`;
  const query = { namespace: "a", start } as Parameters<typeof storage.watch>[0];
  const source = await storage.watch(query, rig.context());
  const handle = source.open({ change: (change) => void heard.push(text(change)), ended: () => {} });
  return { handle, heard, state: names({ items: handle.state }), changes: handle.changes.map(text) };
}

Deno.test("watches begin with the state, now, or behind a version", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const storage = workspaceStorage(rig.resources) as unknown as ResourceStorage<KubeObject>;
  const { resourceVersion } = await storage.list({ namespace: "a", version: NEWEST }, rig.context());
  const [state, now, behind] = [
    await heardBy(storage, rig, { from: "state", notOlderThan: resourceVersion }),
    await heardBy(storage, rig, { from: "now" }),
    await heardBy(storage, rig, { from: "version", resourceVersion }),
  ];
  assert.deepEqual([state.state, now.state, behind.state], [["acme.alice.dev"], [], []]);
  coder.add("fresh");
  await rig.clock.advance(60_000);
  for (const { heard, handle } of [state, now, behind]) {
    assert.deepEqual(heard, ["ADDED acme.alice.fresh"]);
    assert.ok(BigInt(handle.currentVersion()) > BigInt(resourceVersion));
    handle.close();
  }
  const later = await heardBy(storage, rig, { from: "version", resourceVersion });
  assert.deepEqual(later.changes, ["ADDED acme.alice.fresh"]);
  const old = heardBy(storage, rig, { from: "version", resourceVersion: "5" });
  assert.equal((await refused(old)).code, 410);
  const far = heardBy(storage, rig, { from: "state", notOlderThan: "9".repeat(20) });
  assert.equal((await refused(far)).code, 504);
});

Deno.test("who may see only their own sees nothing of others, in any way", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("mine");
  coder.add("theirs", { owner_name: "bob" });
  await rig.start();
  const storage = workspaceStorage(
    rig.resources,
    () => Promise.resolve(({ status }) => status.ownerName === "alice"),
  );
  const get = (name: string) => passing(rig, storage.get({ namespace: "a", name }, rig.context()));
  assert.ok(await get("acme.alice.mine"));
  assert.equal((await refused(get("acme.bob.theirs"))).code, 404);
  assert.deepEqual(names(await storage.list({ namespace: "a", version: NEWEST }, rig.context())), [
    "acme.alice.mine",
  ]);
  const any = storage as unknown as ResourceStorage<KubeObject>;
  const { resourceVersion } = await storage.list({ version: NEWEST }, rig.context());
  const state = await heardBy(any, rig, { from: "state" });
  assert.deepEqual(state.state, ["acme.alice.mine"]);
  coder.add("fresh");
  coder.add("theirs-too", { owner_name: "bob" });
  await rig.clock.advance(60_000);
  assert.deepEqual(state.heard, ["ADDED acme.alice.fresh"]);
  assert.deepEqual((await heardBy(any, rig, { from: "version", resourceVersion })).changes, [
    "ADDED acme.alice.fresh",
  ]);
  state.handle.close();
});

Deno.test("a template that is read alone has its files, in lists it has none", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  const { active_version_id } = coder.addTemplate("docker");
  coder.sources.set(
    active_version_id,
    archive([{ path: "main.tf", content: "x" }, { path: "logo", content: new Uint8Array([0xff]) }]),
  );
  await rig.start();
  const storage = templateStorage(rig.resources);
  const get = () => passing(rig, storage.get({ namespace: "a", name: "acme.docker" }, rig.context()));
  const template = await get();
  assert.deepEqual(template.spec.files, { "main.tf": "x" });
  assert.deepEqual(template.status.omittedFiles, ["logo"]);
  const asked = coder.count("source");
  await get();
  assert.equal(coder.count("source"), asked);
  const [listed] = (await storage.list({ namespace: "a", version: NEWEST }, rig.context())).items;
  assert.equal(listed?.spec.files, undefined);
  assert.equal(listed?.metadata.resourceVersion, template.metadata.resourceVersion);
});

Deno.test("a template whose files Coder does not give is read without them, with a warning", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.addTemplate("docker");
  coder.addTemplate("podman");
  await rig.start();
  const storage = templateStorage(rig.resources);
  const warned = async (name: string) => {
    const context = rig.context();
    const template = await passing(rig, storage.get({ namespace: "a", name }, context));
    assert.equal(template.spec.files, undefined);
    return context.warnings.join();
  };
  assert.match(await warned("acme.docker"), /spec\.files is left out: Coder does not give them/);
  coder.failure = (request) => request === "source" ? refusal("forbidden", 403) : undefined;
  assert.match(await warned("acme.podman"), /spec\.files is left out: they cannot be read now/);
});

Deno.test("columns and fields are read from any object, whatever it lacks", async () => {
  await using rig = resourcesRig();
  const { coder } = rig.add("a/coder");
  coder.add("dev");
  await rig.start();
  const { definition } = workspaceStorage(rig.resources);
  const [object] = rig.resources.workspaces.collection.list().items;
  const cells = Object.fromEntries(definition.columns.map(({ name, value }) => [name, value(object!)]));
  assert.equal(cells["Organization"], "acme");
  assert.equal(cells["Status"], "running");
  assert.equal(cells["Healthy"], undefined);
  assert.equal(cells["Age"], "2026-04-01T09:00:00Z");
  const fields = Object.entries(definition.selectableFields).map(([name, read]) => [name, read(object!)]);
  assert.deepEqual(Object.fromEntries(fields), {
    "spec.organization": "acme",
    "spec.templateName": "docker",
    "spec.running": "true",
    "status.ownerName": "alice",
    "status.latestBuildStatus": "running",
  });
  for (const { value } of definition.columns) assert.equal(value({} as typeof object & object), undefined);
});
