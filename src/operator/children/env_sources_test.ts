import assert from "node:assert/strict";
import type { ConfigMap, Secret } from "../../api/kubernetes/types.ts";
import { keyText, type ObjectKey, type ResourceType } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isForbidden, KubeApiError } from "../../kube/errors.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { SpecError } from "../../workload/spec_error.ts";
import { EnvSources, envSources } from "./env_sources.ts";
import { ReferencedData } from "./referenced_data.ts";
import type { EnvFromSource } from "../../api/kubernetes/types.ts";

type Data = Record<string, string>;

/** A namespace with objects, a cache that sees their metadata, and a count of reads. */
class World {
  readonly objects = new Map<string, { version: string; data: Data; binaryData?: Data; seen: boolean }>();
  reads = 0;
  refuse: KubeApiError | undefined;
  readonly sources: EnvSources;

  constructor() {
    const informer = (kind: string) => ({
      get: (key: ObjectKey) => {
        const object = this.objects.get(`${kind} ${keyText(key)}`);
        return object?.seen ? { metadata: { resourceVersion: object.version } } : undefined;
      },
    });
    const client = {
      get: (type: ResourceType, key: ObjectKey) => {
        this.reads++;
        if (this.refuse) return Promise.reject(this.refuse);
        const object = this.objects.get(`${type.kind} ${keyText(key)}`);
        if (object === undefined) {
          return Promise.reject(new KubeApiError(404, "NotFound", "gone", { method: "GET", path: "/" }));
        }
        const { version, data, binaryData } = object;
        return Promise.resolve(
          { metadata: { resourceVersion: version }, data, binaryData } as ConfigMap | Secret,
        );
      },
    } as unknown as Pick<KubeClient, "get">;
    const kinds = { configMaps: informer("ConfigMap"), secrets: informer("Secret") };
    this.sources = new EnvSources(new ReferencedData(client, kinds as unknown as WorkloadKinds));
  }

  put(id: string, version: string, data: Data, extra: { binaryData?: Data; seen?: boolean } = {}): void {
    this.objects.set(id, { version, data, seen: true, ...extra });
  }

  defines(envFrom: EnvFromSource[], name = "CODER_ACCESS_URL") {
    return this.sources.define(envSources({ metadata: { namespace: "a" }, spec: { envFrom } }), name);
  }
}

const configMap = [{ configMapRef: { name: "c" } }];
const secret = [{ secretRef: { name: "s" } }];

Deno.test("a key of a ConfigMap or a Secret defines the variable, whatever its value", async () => {
  const world = new World();
  world.put("ConfigMap a/c", "1", { CODER_ACCESS_URL: "" });
  world.put("Secret a/s", "1", { OTHER: "x" });
  assert.equal(await world.defines(configMap), true);
  assert.equal(await world.defines(secret), false);
  assert.equal(await world.defines([...secret, ...configMap]), true);
});

Deno.test("binary data defines nothing", async () => {
  const world = new World();
  world.put("ConfigMap a/c", "1", {}, { binaryData: { CODER_ACCESS_URL: "eA==" } });
  assert.equal(await world.defines(configMap), false);
});

Deno.test("a prefix counts, and one that is the whole name leaves no key", async () => {
  const world = new World();
  world.put("ConfigMap a/c", "1", { ACCESS_URL: "u" });
  assert.equal(await world.defines([{ prefix: " CODER_ ", configMapRef: { name: "c" } }]), true);
  assert.equal(await world.defines([{ prefix: "CODER_ACCESS_URL", configMapRef: { name: "c" } }]), false);
  const reads = world.reads;
  assert.equal(await world.defines([{ prefix: "OTHER_", configMapRef: { name: "c" } }]), false);
  assert.equal(world.reads, reads, "another prefix needs no look");
});

Deno.test("what does not exist defines nothing, optional or not", async () => {
  const world = new World();
  assert.equal(await world.defines(configMap), false);
  assert.equal(await world.defines([{ secretRef: { name: "s", optional: true } }]), false);
});

Deno.test("an answer is read once for each version of an object", async () => {
  const world = new World();
  world.put("Secret a/s", "1", {});
  assert.equal(await world.defines(secret), false);
  assert.equal(await world.defines(secret), false);
  assert.equal(world.reads, 1);
  world.put("Secret a/s", "2", { CODER_ACCESS_URL: "u" });
  assert.equal(await world.defines(secret), true);
  assert.equal(world.reads, 2);
  world.objects.delete("Secret a/s");
  assert.equal(await world.defines(secret), false);
  assert.equal(await world.defines(secret), false);
  assert.equal(world.reads, 3, "absence is remembered, too");
});

Deno.test("an object is read once for all its variables", async () => {
  const world = new World();
  world.put("Secret a/s", "1", { CODER_PG_CONNECTION_URL: "u" });
  assert.equal(await world.defines(secret), false);
  assert.equal(await world.defines(secret, "CODER_PG_CONNECTION_URL"), true);
  assert.equal(await world.defines(secret), false);
  assert.equal(world.reads, 1);
});

Deno.test("an object that the cache has not seen yet is read until it has", async () => {
  const world = new World();
  world.put("ConfigMap a/c", "1", { CODER_ACCESS_URL: "u" }, { seen: false });
  assert.equal(await world.defines(configMap), true);
  world.put("ConfigMap a/c", "1", { CODER_ACCESS_URL: "u" });
  assert.equal(await world.defines(configMap), true);
  assert.equal(world.reads, 1, "the version that was read is the one that came");
});

Deno.test("a source without a name is refused with its field", async () => {
  const world = new World();
  await assert.rejects(
    world.defines([{ configMapRef: { name: "c" } }, { secretRef: { name: " " } }]),
    (error) => error instanceof SpecError && error.field === "spec.envFrom[1].secretRef.name",
  );
});

Deno.test("a read that the API server refuses is no answer", async () => {
  const world = new World();
  world.refuse = new KubeApiError(403, "Forbidden", "no", { method: "GET", path: "/" });
  await assert.rejects(world.defines(configMap), isForbidden);
});

Deno.test("an entry may name both, or nothing", async () => {
  const world = new World();
  world.put("Secret a/s", "1", { CODER_ACCESS_URL: "u" });
  assert.equal(await world.defines([{ configMapRef: { name: "c" }, secretRef: { name: "s" } }]), true);
  assert.equal(await world.defines([{}]), false);
});
