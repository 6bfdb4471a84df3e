import assert from "node:assert/strict";
import { z } from "zod";
import { inGroup, writableGadgetDefinition } from "../../src/aggregated/serving/testing/gadgets.ts";
import type { JsonObject } from "../../src/aggregated/writing/decode/json_value.ts";
import { shapeOf } from "../../src/aggregated/writing/decode/shape.ts";
import { MemoryTarget } from "../../src/aggregated/writing/testing/memory_target.ts";
import { createWriter } from "../../src/aggregated/writing/writer.ts";
import { applyStrategicPatch } from "../../src/aggregated/writing/patch/strategic_patch.ts";
import { group, optional } from "../../src/api/field.ts";
import { seededRandom } from "../../src/telemetry/testing/random.ts";
import { sharedCluster, waitFor } from "../cluster/mod.ts";
import { Twins } from "./conformance/twins.ts";
import { gadgetCrd } from "./conformance/gadget_crd.ts";
import { applyCases, collectionCases } from "./writing/apply_cases.ts";
import { bodyCases, createCases, deleteCases, gadget, updateCases } from "./writing/object_cases.ts";
import { jsonPatchCases, mergePatchCases, strategicPatchCases, typedCases } from "./writing/patch_cases.ts";
import { MemoryWriter } from "./writing/memory_writer.ts";
import { RandomWrites } from "./writing/random_writes.ts";
import { ServedWriter, TwinWriters, type Write } from "./writing/twin_writers.ts";

async function gadgets<T>(run: (twins: TwinWriters) => Promise<T>): Promise<T> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("writing");
  const group = `w${crypto.randomUUID().slice(0, 8)}.coder.test`;
  await cluster.apply(gadgetCrd(group));
  try {
    const path = `/apis/${group}/v1alpha1/namespaces/${namespace}/gadgets`;
    await waitFor(() => cluster.find(path), { what: "the custom resource to be served" });
    const definition = inGroup(group, writableGadgetDefinition);
    using twins = await TwinWriters.start(
      cluster,
      definition.type,
      namespace,
      new MemoryWriter(definition, namespace),
    );
    return await run(twins);
  } finally {
    const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    await cluster.request("DELETE", `${crds}/gadgets.${group}`);
  }
}

/** The form of config maps. Their rules for values are left out: nothing here breaks them. */
const configMapDefinition = {
  type: { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", namespaced: true },
  schema: {
    data: optional(z.record(z.string(), z.string())),
    binaryData: optional(z.record(z.string(), z.string())),
    immutable: optional(z.boolean()),
  },
};

async function configMaps(run: (twins: TwinWriters) => Promise<void>): Promise<void> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("writing");
  const here = new MemoryWriter(configMapDefinition, namespace, { isBuiltIn: true });
  using twins = await TwinWriters.start(cluster, configMapDefinition.type, namespace, here);
  await run(twins);
}

async function objections(twins: TwinWriters, writes: readonly Write[]): Promise<string> {
  const all: string[] = [];
  for (const write of writes) all.push(await twins.objection(write));
  return all.filter((one) => one !== "").join("\n");
}

Deno.test("objects are created, changed and deleted as kube-apiserver does it, and refused as it does", async () => {
  await gadgets(async (twins) => {
    for (const cases of [createCases, bodyCases, updateCases, deleteCases, applyCases]) {
      assert.equal(await objections(twins, cases), "");
    }
  });
});

Deno.test("JSON patches and merge patches make of an object what kube-apiserver makes of it", async () => {
  await gadgets(async (twins) => {
    assert.equal(await objections(twins, jsonPatchCases), "");
    await twins.both({ ask: "DELETE p" });
    assert.equal(await objections(twins, mergePatchCases), "");
  });
});

Deno.test("behind the aggregation layer, over HTTP, all of it is the same", async () => {
  const cluster = await sharedCluster();
  await using kinds = await Twins.start(cluster);
  const { rig: { storage, type }, group, namespace } = kinds;
  storage.write = createWriter(new MemoryTarget(storage));
  const here = new ServedWriter(kinds.twins.front.caller, type, namespace);
  using twins = await TwinWriters.start(cluster, { ...type, group }, namespace, here);
  const all = [createCases, bodyCases, updateCases, deleteCases, applyCases, jsonPatchCases];
  for (const cases of all) {
    assert.equal(await objections(twins, cases), "");
  }
  await twins.both({ ask: "DELETE p" });
  assert.equal(await objections(twins, mergePatchCases), "");
  await twins.both({ ask: "DELETE" });
  assert.equal(await objections(twins, collectionCases), "");
});

Deno.test("strategic merge patches make of an object what kube-apiserver makes of a config map", async () => {
  await configMaps(async (twins) => assert.equal(await objections(twins, strategicPatchCases), ""));
});

Deno.test("bodies are typed as those of built-in kinds are", async () => {
  await configMaps(async (twins) => assert.equal(await objections(twins, typedCases), ""));
});

/** @param count how many writes, one after the other to one object */
async function randomObjections(
  twins: TwinWriters,
  seed: number,
  count: number,
  make: (random: RandomWrites, index: number) => Write,
): Promise<string> {
  const random = new RandomWrites(seededRandom(seed));
  const all: string[] = [];
  for (let index = 0; index < count && all.length < 5; index++) {
    const objection = await twins.objection(make(random, index));
    if (objection !== "") all.push(`seed ${seed}, write ${index}: ${objection}`);
  }
  return all.join("\n");
}

Deno.test("JSON patches and merge patches that nobody thought of do the same on both sides", async () => {
  await gadgets(async (twins) => {
    const spec = { color: "red", parts: { a: "1" }, tags: ["a", "b"] };
    await twins.both({ ask: "POST", body: gadget("r", { labels: { a: "b" } }, spec) });
    const write = (random: RandomWrites, index: number) =>
      index % 2 === 0 ? random.jsonPatch("r") : random.mergePatch("r");
    assert.equal(await randomObjections(twins, 7, 300, write), "");
  });
});

Deno.test("strategic merge patches that nobody thought of do the same on both sides", async () => {
  await configMaps(async (twins) => {
    const object = { metadata: { name: "r", finalizers: ["x/a", "x/b"] }, data: { a: "1" } };
    await twins.both({ ask: "POST", body: object });
    assert.equal(await randomObjections(twins, 11, 300, (random) => random.strategicPatch("r")), "");
  });
});

Deno.test("strategic merge patches of conditions do to them what kube-apiserver does", async () => {
  const cluster = await sharedCluster();
  const path = `/api/v1/namespaces/${await cluster.newNamespace("writing")}/status`;
  const shape = shapeOf({
    schema: {
      status: group("Status.", {
        conditions: optional(
          z.array(z.record(z.string(), z.string())).meta({
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
          }),
        ),
      }),
    },
  });
  const random = new RandomWrites(seededRandom(13));
  let before = await cluster.request("GET", path.replace("/status", ""));
  for (let index = 0; index < 150; index++) {
    const patch = { status: random.conditions() };
    const after = await cluster.request("PATCH", path, patch, {
      contentType: "application/strategic-merge-patch+json",
    });
    const { status } = applyStrategicPatch(before, patch as unknown as JsonObject, shape) as typeof before;
    const here = (status.conditions ?? []).map((one: object) => ({ lastTransitionTime: null, ...one }));
    assert.deepEqual(
      here,
      after.status.conditions ?? [],
      JSON.stringify({ index, before: before.status, patch }),
    );
    before = after;
  }
});
