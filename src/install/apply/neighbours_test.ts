import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { embeddedManifests, variantOf } from "../render/variant.ts";
import { checkNeighbours } from "./neighbours.ts";

const files = await embeddedManifests();
const ENFORCE = "pod-security.kubernetes.io/enforce";

/** @param labels of the namespace that is there; undefined: it is not */
async function check(
  shape: string,
  labels: Record<string, string> | undefined,
  pods: { name: string; app?: string }[],
  refusal?: Error,
) {
  const { objects } = variantOf(files, { overlays: [shape], images: [], namespace: "shared" });
  const live = objects.map((object) =>
    object.kind === "Namespace" && labels !== undefined
      ? { ...object, metadata: { ...object.metadata, labels } }
      : undefined
  );
  let reads = 0;
  const items = pods.map(({ name, app }) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "shared", ...(app === undefined ? {} : { labels: { app } }) },
  } as KubeObject));
  const client = {
    list: () => {
      reads++;
      return refusal === undefined ? Promise.resolve({ items }) : Promise.reject(refusal);
    },
  } as unknown as Pick<KubeClient, "list">;
  await checkNeighbours(client, objects, live, new AbortController().signal);
  return reads;
}

Deno.test("a namespace where others run is not opened to pods that may do anything", async () => {
  const others = [{ name: "db-0" }, { name: "web-1", app: "web" }];
  for (const labels of [{}, { [ENFORCE]: "restricted" }]) {
    await assert.rejects(
      check("workers", labels, others),
      /others run in the namespace shared \(db-0, web-1\).*--namespace.*kubectl label namespace shared/s,
    );
  }
});

Deno.test("one of its own, one that says so already, and one that is not there yet are taken", async () => {
  assert.equal(await check("workers", {}, [{ name: "sandbox-worker-0", app: "sandbox-worker" }]), 1);
  assert.equal(await check("workers", {}, []), 1);
  assert.equal(await check("workers", { [ENFORCE]: "privileged" }, [{ name: "db-0" }]), 0);
  assert.equal(await check("workers", undefined, [{ name: "db-0" }]), 0);
});

Deno.test("shapes that are run without privileges look at nobody's pods", async () => {
  for (const shape of ["all", "coordinator"]) assert.equal(await check(shape, {}, [{ name: "db-0" }]), 0);
});

Deno.test("who may not look hears so", async () => {
  const refusal = new KubeApiError(403, "Forbidden", "no", { method: "GET", path: "/" });
  await assert.rejects(check("workers", {}, [], refusal), /you may not list pods in shared/);
});
