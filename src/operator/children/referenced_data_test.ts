import assert from "node:assert/strict";
import type { ConfigMap, ObjectMeta } from "../../api/kubernetes/types.ts";
import type { ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { isFrozen, ReferencedData } from "./referenced_data.ts";

const key = { namespace: "a", name: "x" };
const refusal = (code: number, reason: string) =>
  new KubeApiError(code, reason, "m", { method: "GET", path: "/" });

/** One object on the server, perhaps not what the cache has seen. */
class World {
  cached: ObjectMeta | undefined;
  live: Partial<ConfigMap> | KubeApiError = refusal(404, "NotFound");
  reads: string[] = [];
  readonly data: ReferencedData;

  constructor() {
    const client = {
      get: ({ kind }: ResourceType) => {
        this.reads.push(kind);
        return this.live instanceof KubeApiError ? Promise.reject(this.live) : Promise.resolve(this.live);
      },
    } as unknown as Pick<KubeClient, "get">;
    const informer = { get: () => this.cached && { metadata: this.cached } };
    this.data = new ReferencedData(
      client,
      { configMaps: informer, secrets: informer } as unknown as WorkloadKinds,
    );
  }

  put(resourceVersion: string, data: Record<string, string>, more: Partial<ConfigMap> = {}, uid = "u"): void {
    const metadata = { uid, resourceVersion };
    this.cached = metadata;
    this.live = { metadata, data, ...more };
  }
}

Deno.test("a version is read once, and another one again", async () => {
  const world = new World();
  world.put("1", { a: "1" });
  const first = await world.data.content("Secret", key);
  assert.equal(await world.data.content("Secret", key), first);
  world.put("2", { a: "2" });
  const second = await world.data.content("Secret", key);
  assert.notEqual(second?.data.get("a"), first?.data.get("a"));
  assert.deepEqual(world.reads, ["Secret", "Secret"]);
});

Deno.test("another object of the same name is another version", async () => {
  const world = new World();
  world.put("1", { a: "1" });
  await world.data.content("Secret", key);
  world.put("1", { a: "2" }, {}, "v");
  await world.data.content("Secret", key);
  assert.equal(world.reads.length, 2);
});

Deno.test("values are kept as hashes that differ by object and key", async () => {
  const world = new World();
  world.put("1", { a: "secret", b: "secret" }, { binaryData: { c: "secret" } });
  const secret = await world.data.content("Secret", key);
  const configMap = await world.data.content("ConfigMap", key);
  const hashes = [secret, configMap].flatMap((each) => [
    ...each?.data.values() ?? [],
    ...each?.binary.values() ?? [],
  ]);
  assert.equal(new Set(hashes).size, hashes.length);
  for (const hash of hashes) assert.match(hash, /^[0-9a-f]{16}$/);
});

Deno.test("absence is remembered until the cache sees something", async () => {
  const world = new World();
  assert.equal(await world.data.content("ConfigMap", key), undefined);
  assert.equal(await world.data.content("ConfigMap", key), undefined);
  assert.equal(world.reads.length, 1);
  world.put("1", { a: "1" });
  assert.deepEqual([...(await world.data.content("ConfigMap", key))?.data.keys() ?? []], ["a"]);
});

Deno.test("an object that is newer than the cache is read until the cache has it", async () => {
  const world = new World();
  world.put("2", { a: "1" });
  world.cached = { uid: "u", resourceVersion: "1" };
  await world.data.content("Secret", key);
  await world.data.content("Secret", key);
  assert.equal(world.reads.length, 2);
  world.cached = { uid: "u", resourceVersion: "2" };
  await world.data.content("Secret", key);
  assert.equal(world.reads.length, 2);
});

Deno.test("a refusal is thrown and not remembered", async () => {
  const world = new World();
  world.live = refusal(403, "Forbidden");
  await assert.rejects(world.data.content("Secret", key, new AbortController().signal), isForbidden);
  world.put("1", { a: "1" });
  assert.ok(await world.data.content("Secret", key));
});

Deno.test("an object is frozen by its annotation alone", async () => {
  const annotations = (value: string) => ({ annotations: { "coder.com/no-rollout": value } });
  assert.equal(isFrozen(annotations("true")), true);
  for (const metadata of [undefined, {}, annotations("false"), annotations("")]) {
    assert.equal(isFrozen(metadata), false);
  }
  const world = new World();
  world.put("1", {}, { metadata: { uid: "u", resourceVersion: "1", ...annotations("true") } });
  assert.equal((await world.data.content("Secret", key))?.frozen, true);
});

Deno.test("the oldest answers go where there are too many", async () => {
  const world = new World();
  for (let i = 0; i <= 10_000; i++) await world.data.content("Secret", { namespace: "a", name: `x${i}` });
  const reads = world.reads.length;
  await world.data.content("Secret", { namespace: "a", name: "x10000" });
  assert.equal(world.reads.length, reads);
  await world.data.content("Secret", { namespace: "a", name: "x0" });
  assert.equal(world.reads.length, reads + 1);
});
