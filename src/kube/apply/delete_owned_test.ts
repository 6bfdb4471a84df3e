import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { Pods, Services } from "../../api/kubernetes/resources.ts";
import type { DeleteOptions, KubeClient } from "../client.ts";
import { deleteOwned } from "./delete_owned.ts";
import { KubeApiError } from "../errors.ts";
import { controllerReference } from "./owner_references.ts";

const owner: KubeObject = {
  apiVersion: "v1",
  kind: "Owner",
  metadata: { namespace: "a", name: "o", uid: "u-o" },
};
const key = { namespace: "a", name: "s" };

function child(change: Partial<KubeObject["metadata"]> = {}): KubeObject {
  const ownerReferences = [controllerReference(owner)];
  return { apiVersion: "v1", kind: "Service", metadata: { ...key, uid: "u-s", ownerReferences, ...change } };
}

function failure(code: number, reason: string): KubeApiError {
  return new KubeApiError(code, reason, reason, { method: "DELETE", path: "/s" });
}

/** What was asked of the server and told to the cache. */
function setUp(facts: { cached?: KubeObject; stored?: KubeObject; synced?: boolean; refuse?: Error }) {
  const deletes: DeleteOptions[] = [];
  const gone: string[] = [];
  let gets = 0;
  const client = {
    get: () => {
      gets++;
      return facts.stored === undefined
        ? Promise.reject(failure(404, "NotFound"))
        : Promise.resolve(facts.stored);
    },
    delete: (_type: unknown, _key: unknown, options: DeleteOptions) => {
      deletes.push(options);
      return facts.refuse === undefined ? Promise.resolve() : Promise.reject(facts.refuse);
    },
  } as unknown as KubeClient;
  const informer = {
    hasSynced: facts.synced ?? true,
    get: () => facts.cached,
    observeDeleted: (object: KubeObject) => void gone.push(object.metadata.uid ?? ""),
  };
  return { parts: { client, informer }, deletes, gone, gets: () => gets };
}

Deno.test("the delete names the uid, so that nothing else of that name can be hit", async () => {
  const { parts, deletes, gone } = setUp({ cached: child() });
  const { signal } = new AbortController();
  assert.equal(await deleteOwned(parts, Services, key, owner, signal), true);
  assert.deepEqual(deletes, [{ signal, preconditions: { uid: "u-s" } }]);
  assert.deepEqual(gone, ["u-s"]);
});

Deno.test("an object that stays for a while is not called gone", async () => {
  const waiting = setUp({ cached: child({ finalizers: ["a/b"] }) });
  assert.equal(await deleteOwned(waiting.parts, Services, key, owner), true);
  assert.deepEqual(waiting.gone, []);
  const pod = setUp({ cached: child() });
  assert.equal(await deleteOwned(pod.parts, Pods, key, owner), true);
  assert.deepEqual(pod.gone, [], "pods end gracefully");
});

Deno.test("nothing is sent for what is gone, already going, or not the owner's", async () => {
  const foreign = child({ ownerReferences: [] });
  const going = child({ deletionTimestamp: "2026-01-01T00:00:00Z" });
  for (const facts of [{}, { cached: going }, { cached: foreign }]) {
    const { parts, deletes, gets } = setUp(facts);
    assert.equal(await deleteOwned(parts, Services, key, owner), false);
    assert.deepEqual(deletes, []);
    assert.equal(gets(), 0, "a synced cache is believed");
  }
});

Deno.test("while the cache is not complete, the server is asked", async () => {
  const there = setUp({ synced: false, stored: child() });
  assert.equal(await deleteOwned(there.parts, Services, key, owner), true);
  assert.equal(there.gets(), 1);
  const absent = setUp({ synced: false });
  assert.equal(await deleteOwned(absent.parts, Services, key, owner), false);
  assert.deepEqual(absent.deletes, []);
});

Deno.test("an object that vanished or was replaced meanwhile is no failure, and leaves the cache", async () => {
  const conflict = failure(409, "Conflict");
  for (
    const facts of [
      { refuse: failure(404, "NotFound") },
      { refuse: conflict },
      { refuse: conflict, stored: child({ uid: "another" }) },
    ]
  ) {
    const { parts, gone } = setUp({ cached: child(), ...facts });
    assert.equal(await deleteOwned(parts, Services, key, owner), false);
    assert.deepEqual(gone, ["u-s"]);
  }
});

Deno.test("a conflict over an object that is there as before is not taken for its end", async () => {
  const refuse = failure(409, "Conflict");
  const { parts, gone } = setUp({ cached: child(), stored: child(), refuse });
  await assert.rejects(deleteOwned(parts, Services, key, owner), refuse);
  assert.deepEqual(gone, []);
});

Deno.test("any other failure is the caller's to know", async () => {
  const refuse = failure(403, "Forbidden");
  await assert.rejects(deleteOwned(setUp({ cached: child(), refuse }).parts, Services, key, owner), refuse);
  const broken = setUp({ synced: false });
  broken.parts.client.get = () => Promise.reject(refuse);
  await assert.rejects(deleteOwned(broken.parts, Services, key, owner), refuse);
});
