import assert from "node:assert/strict";
import { ConfigMaps, ServiceAccounts, Services } from "../../src/api/kubernetes/resources.ts";
import type { ConfigMap, Service } from "../../src/api/kubernetes/types.ts";
import { ForeignObjectError } from "../../src/kube/applier.ts";
import { controllerReference } from "../../src/kube/apply/owner_references.ts";
import { type ApplyHarness, newOwner, type Recorded, withApplier } from "./apply_harness.ts";
import { fullService, fullServiceAccount } from "./apply_samples.ts";

const somebody = { fieldManager: "somebody" };
const isApply = (request: Recorded) => request.patch === "apply";

/** A Service of the name that we want, made by somebody else. */
function foreignService(namespace: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name: "coder", labels: { theirs: "1" } },
    spec: { ports: [{ name: "web", port: 8000 }] },
  };
}

async function refused(h: ApplyHarness, owner: ConfigMap = h.owner): Promise<ForeignObjectError> {
  const error = await h.applier.apply(Services, fullService(h.namespace), { owner }).catch((error: unknown) =>
    error
  );
  assert.ok(error instanceof ForeignObjectError, String(error));
  return error;
}

/** Fails unless the Service is as somebody else made it. */
async function assertUntouched(h: ApplyHarness): Promise<void> {
  const live = await h.live(Services, "coder");
  assert.equal(live.spec?.ports?.[0]?.name, "web");
  const managers = (live.metadata.managedFields ?? []).map((entry) => entry.manager);
  assert.equal(managers.includes("coder-k8s"), false, managers.join());
}

Deno.test("an object that somebody else made is refused without a single request", async () => {
  await withApplier(async (h) => {
    await h.client.create(Services, foreignService(h.namespace), somebody);
    await h.caughtUp(Services, "coder");
    const error = await refused(h);
    assert.equal(error.kind, "uncontrolled");
    assert.deepEqual(h.requests, []);
    await assertUntouched(h);
  });
});

Deno.test("the very command in the refusal allows the adoption", async () => {
  await withApplier(async (h) => {
    await h.client.create(Services, foreignService(h.namespace), somebody);
    await h.caughtUp(Services, "coder");
    const command = /kubectl (annotate .*)$/.exec((await refused(h)).message)?.[1];
    assert.ok(command !== undefined);
    await h.cluster.kubectl(command.split(" "));
    await h.caughtUp(Services, "coder");
    const { object, outcome } = await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    assert.equal(outcome, "configured");
    assert.equal(object.metadata.ownerReferences?.[0]?.uid, h.owner.metadata.uid);
    assert.equal(object.metadata.labels?.["theirs"], "1", "what else it had stays");
    await h.caughtUp(Services, "coder");
    h.clear();
    assert.equal(
      (await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner })).outcome,
      "unchanged",
    );
    assert.deepEqual(h.requests, []);
  });
});

Deno.test("an annotation for another owner allows nothing", async () => {
  await withApplier(async (h) => {
    const foreign = foreignService(h.namespace);
    foreign.metadata.annotations = { "coder.com/adopt": "another" };
    await h.client.create(Services, foreign, somebody);
    await h.caughtUp(Services, "coder");
    assert.equal((await refused(h)).kind, "uncontrolled");
    await assertUntouched(h);
  });
});

Deno.test("an object that appears at the very moment of creating is not adopted by accident", async () => {
  await withApplier(async (h) => {
    h.before(isApply, () => h.client.create(Services, foreignService(h.namespace), somebody));
    assert.equal((await refused(h)).kind, "uncontrolled");
    assert.deepEqual(h.requests.map((request) => request.verb), ["patch", "get"]);
    await assertUntouched(h);
  });
});

Deno.test("an object of ours that the cache does not know yet is found and changed", async () => {
  await withApplier(async (h) => {
    const mine = { ...fullService(h.namespace) };
    mine.metadata = { ...mine.metadata, ownerReferences: [controllerReference(h.owner)] };
    h.before(isApply, () => h.client.create(Services, mine));
    const { outcome } = await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    assert.equal(outcome, "configured");
    const managed = (await h.live(Services, "coder")).metadata.managedFields ?? [];
    assert.deepEqual(managed.map((entry) => `${entry.manager} ${entry.operation}`), ["coder-k8s Apply"]);
  });
});

Deno.test("what another owner controls is refused", async () => {
  await withApplier(async (h) => {
    const other = await newOwner(h.client, h.namespace, "other");
    const theirs = foreignService(h.namespace);
    theirs.metadata.ownerReferences = [controllerReference(other)];
    await h.client.create(Services, theirs, somebody);
    await h.caughtUp(Services, "coder");
    const error = await refused(h);
    assert.equal(error.kind, "controlled");
    assert.match(error.message, /controlled by ConfigMap other/);
    assert.deepEqual(h.requests, []);
    await assertUntouched(h);
  });
});

Deno.test("another controller that takes the object at the last moment wins", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    await h.caughtUp(Services, "coder");
    const other = await newOwner(h.client, h.namespace, "other");
    h.before(isApply, async () => {
      const live = await h.live(Services, "coder");
      live.metadata.ownerReferences = [controllerReference(other)];
      await h.client.update(Services, live, somebody);
    });
    const changed = fullService(h.namespace);
    changed.metadata.labels = { changed: "1" };
    const error = await h.applier.apply(Services, changed, { owner: h.owner }).catch((error: unknown) =>
      error
    );
    assert.ok(error instanceof ForeignObjectError, String(error));
    assert.equal(error.kind, "controlled");
    assert.equal((await h.live(Services, "coder")).metadata.labels?.["changed"], undefined);
  });
});

Deno.test("an object that was replaced by somebody else's is not written, although the cache shows ours", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    await h.caughtUp(Services, "coder");
    h.before(isApply, async () => {
      await h.client.delete(Services, { namespace: h.namespace, name: "coder" });
      await h.client.create(Services, foreignService(h.namespace), somebody);
    });
    const changed = fullService(h.namespace);
    changed.metadata.labels = { changed: "1" };
    await assert.rejects(h.applier.apply(Services, changed, { owner: h.owner }), ForeignObjectError);
    await assertUntouched(h);
  });
});

Deno.test("a permission that is withdrawn at the last moment is respected", async () => {
  await withApplier(async (h) => {
    const foreign = foreignService(h.namespace);
    foreign.metadata.annotations = { "coder.com/adopt": "coder" };
    await h.client.create(Services, foreign, somebody);
    await h.caughtUp(Services, "coder");
    h.before(
      isApply,
      () => h.cluster.kubectl(["-n", h.namespace, "annotate", "service", "coder", "coder.com/adopt-"]),
    );
    assert.equal((await refused(h)).kind, "uncontrolled");
    await assertUntouched(h);
  });
});

Deno.test("the remains of an earlier owner of the same name are not taken over", async () => {
  await withApplier(async (h) => {
    await h.applier.apply(Services, fullService(h.namespace), { owner: h.owner });
    const again: ConfigMap = { ...h.owner, metadata: { ...h.owner.metadata, uid: crypto.randomUUID() } };
    const error = await refused(h, again);
    assert.equal(error.kind, "controlled");
    assert.match(error.message, /earlier object of the same name/);
  });
});

Deno.test("objects without an owner are ours by their fingerprint, or by what the caller knows of them", async () => {
  await withApplier(async (h) => {
    const account = fullServiceAccount(h.namespace);
    assert.equal((await h.applier.apply(ServiceAccounts, account)).outcome, "created");
    account.metadata.labels = { changed: "1" };
    assert.equal((await h.applier.apply(ServiceAccounts, account)).outcome, "configured");
    const legacy = { namespace: h.namespace, name: "legacy", labels: { "coder.com/control-plane": "coder" } };
    await h.client.create(ServiceAccounts, { ...account, metadata: legacy }, somebody);
    await h.caughtUp(ServiceAccounts, "legacy");
    const desired = { ...account, metadata: { ...legacy, annotations: { ours: "1" } } };
    await assert.rejects(h.applier.apply(ServiceAccounts, desired), ForeignObjectError);
    const { outcome } = await h.applier.apply(ServiceAccounts, desired, {
      isOurs: (live) => live.metadata.labels?.["coder.com/control-plane"] === "coder",
    });
    assert.equal(outcome, "configured");
  });
});

Deno.test("an object of ours that we released and want again needs no permission", async () => {
  await withApplier(async (h) => {
    const { object } = await h.applier.apply(ServiceAccounts, fullServiceAccount(h.namespace), {
      owner: h.owner,
    });
    const key = { namespace: h.namespace, name: "coder" };
    const release = { metadata: { ownerReferences: [{ uid: h.owner.metadata.uid, $patch: "delete" }] } };
    await h.client.patch(ServiceAccounts, key, { type: "strategic", body: release });
    await h.caughtUp(ServiceAccounts, "coder");
    const desired = fullServiceAccount(h.namespace);
    await assert.rejects(h.applier.apply(ServiceAccounts, desired, { owner: h.owner }), ForeignObjectError);
    const isOurs = () => true;
    const again = await h.applier.apply(ServiceAccounts, desired, { owner: h.owner, isOurs });
    assert.equal(again.object.metadata.uid, object.metadata.uid);
    assert.equal(again.object.metadata.ownerReferences?.[0]?.uid, h.owner.metadata.uid);
  });
});

Deno.test("a cache that does not show an object at all never leads to its adoption", async () => {
  await withApplier(async (h) => {
    // The harness caches this namespace alone, so that objects elsewhere are never seen.
    const elsewhere = await h.cluster.newNamespace("elsewhere");
    const map: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: elsewhere, name: "m" },
    };
    await h.client.create(ConfigMaps, { ...map, data: { theirs: "1" } }, somebody);
    const error = await h.applier.apply(ConfigMaps, { ...map, data: { theirs: "2" } }).catch((
      error: unknown,
    ) => error);
    assert.ok(error instanceof ForeignObjectError, String(error));
    const live = await h.client.get(ConfigMaps, { namespace: elsewhere, name: "m" });
    assert.deepEqual(live.data, { theirs: "1" });
  });
});
