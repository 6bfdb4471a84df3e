import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { APIServices } from "../../../api/kubernetes/resources.ts";
import type { APIService } from "../../../api/kubernetes/types.ts";
import { MemoryKube } from "../testing/memory_kube.ts";
import { keepCaBundle } from "./ca_bundle.ts";

const NAME = "v1alpha1.gadgets.coder.test";
const key = { namespace: "", name: NAME };
const spec = {
  group: "gadgets.coder.test",
  version: "v1alpha1",
  groupPriorityMinimum: 1_000,
  versionPriority: 100,
  service: { namespace: "coder-system", name: "api" },
};

function cluster(more: Partial<NonNullable<APIService["spec"]>> = {}): MemoryKube {
  const client = new MemoryKube();
  client.put(APIServices, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: NAME },
    spec: { ...spec, ...more },
  });
  return client;
}

const keep = (client: MemoryKube, bundle: string) =>
  keepCaBundle(
    {
      client,
      apiService: NAME,
      service: { namespace: "coder-system", name: "api" },
      signal: new AbortController().signal,
    },
    bundle,
  );

Deno.test("the bundle is written where it differs, and nothing else is", async () => {
  const client = cluster({ caBundle: "b2xk" });
  assert.equal(await keep(client, "new"), "written");
  assert.deepEqual(client.find(APIServices, key)?.spec, {
    ...spec,
    caBundle: Buffer.from("new").toString("base64"),
  });
  assert.equal(await keep(client, "new"), "kept");
  assert.deepEqual(client.calls, ["get apiservices", "patch apiservices", "get apiservices"]);
});

Deno.test("an APIService that is not to be verified is made one that is", async () => {
  const client = cluster({ insecureSkipTLSVerify: true });
  assert.equal(await keep(client, "new"), "written");
  assert.deepEqual(client.find(APIServices, key)?.spec, {
    ...spec,
    caBundle: Buffer.from("new").toString("base64"),
  });
});

Deno.test("an APIService that is not there is not made", async () => {
  const client = new MemoryKube();
  assert.equal(await keep(client, "new"), "absent");
  assert.deepEqual(client.calls, ["get apiservices"]);
});

Deno.test("an APIService for another Service is left alone: who runs elsewhere must not take it away", async () => {
  for (const service of [{ namespace: "other", name: "api" }, { namespace: "coder-system", name: "b" }]) {
    const client = cluster({ service, caBundle: "b2xk" });
    assert.equal(await keep(client, "new"), "absent");
    assert.deepEqual(client.calls, ["get apiservices"]);
  }
});
