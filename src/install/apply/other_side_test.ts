import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { embeddedManifests, variantOf, type VariantRequest } from "../render/variant.ts";
import { otherSide } from "./other_side.ts";

const files = await embeddedManifests();
const variant = (shape: string, request: Partial<VariantRequest> = {}) =>
  variantOf(files, { overlays: [shape], images: [], ...request });

function failure(code: number): KubeApiError {
  return new KubeApiError(code, "", "no", { method: "GET", path: "/" });
}

/** A cluster that has these objects, and refuses everything where `code` says so. */
function cluster(objects: readonly KubeObject[], code?: number): Pick<KubeClient, "get"> {
  return {
    get: ((type: { kind: string }, key: { namespace: string; name: string }) => {
      if (code !== undefined) return Promise.reject(failure(code));
      const found = objects.find(({ kind, metadata }) =>
        kind === type.kind && metadata.name === key.name && metadata.namespace === key.namespace
      );
      return found === undefined ? Promise.reject(failure(404)) : Promise.resolve(found);
    }) as KubeClient["get"],
  };
}

const changed = (objects: readonly KubeObject[], kind: string, change: (spec: never) => void) =>
  structuredClone(objects).map((object) => {
    if (object.kind === kind) change((object as unknown as { spec: never }).spec);
    return object;
  });

Deno.test("who fits is told nothing, in the usual namespaces and in others", async () => {
  for (const replicas of ["", "/replicas"]) {
    for (const [talks, boxes] of [["coder-sessions", "coder-sandboxes"], ["talks", "boxes"]] as const) {
      const coordinator = variant(`coordinator${replicas}`, { namespace: talks, workersNamespace: boxes });
      const workers = variant(`workers${replicas}`, { namespace: boxes, coordinatorNamespace: talks });
      assert.equal(await otherSide(cluster(coordinator.objects), workers), undefined);
      assert.equal(await otherSide(cluster(workers.objects), coordinator), undefined);
    }
  }
  assert.equal(await otherSide(cluster([]), variant("all")), undefined);
});

Deno.test("where the other one is not there yet, it is told how to have it", async () => {
  assert.equal(
    await otherSide(cluster([]), variant("workers", { namespace: "boxes" })),
    "no coordinator is in coder-sessions yet; to have one there: " +
      "coder-k8s install --overlay=coordinator --workers-namespace=boxes",
  );
  assert.equal(
    await otherSide(cluster([]), variant("coordinator")),
    "no workers are in coder-sandboxes yet; to have them there: coder-k8s install --overlay=workers",
  );
});

Deno.test("a coordinator that does not let these workers in is told of, with what changes it", async () => {
  const { objects } = variant("coordinator");
  assert.equal(
    await otherSide(cluster(objects), variant("workers", { namespace: "boxes" })),
    "the coordinator in coder-sessions lets in workers of coder-sandboxes, and not those of boxes, which will not " +
      "connect; to change that: coder-k8s install --overlay=coordinator --workers-namespace=boxes",
  );
});

Deno.test("workers that dial another coordinator are told of, with what changes it", async () => {
  const { objects } = variant("workers");
  assert.equal(
    await otherSide(cluster(objects), variant("coordinator", { namespace: "talks" })),
    "the workers in coder-sandboxes dial a coordinator in coder-sessions, and not the one in talks; to change that: " +
      "coder-k8s install --overlay=workers --coordinator-namespace=talks",
  );
});

Deno.test("what somebody has written by hand is theirs", async () => {
  const workers = variant("workers", { namespace: "boxes" });
  const { objects } = variant("coordinator");
  const without = objects.filter(({ kind }) => kind !== "NetworkPolicy");
  assert.equal(await otherSide(cluster(without), workers), undefined, "nothing is closed");
  type Policy = { ingress: { from?: object[] }[] };
  const open = changed(objects, "NetworkPolicy", ({ ingress }: Policy) => delete ingress[1]!.from);
  assert.equal(await otherSide(cluster(open), workers), undefined, "it is open to all");
  const labelled = changed(objects, "NetworkPolicy", ({ ingress }: Policy) => {
    ingress[1]!.from = [{ namespaceSelector: { matchLabels: { team: "a" } } }];
  });
  assert.equal(await otherSide(cluster(labelled), workers), undefined, "by a label of theirs");
  const strange = changed(objects, "NetworkPolicy", (spec: Policy) => {
    spec.ingress = "all" as never;
  });
  assert.equal(await otherSide(cluster(strange), workers), undefined);

  const coordinator = variant("coordinator", { namespace: "talks" });
  type Set = { template: { spec: { containers: { args: string[] }[] } } };
  const elsewhere = changed(
    variant("workers").objects,
    "StatefulSet",
    ({ template }: Set) => void template.spec.containers[0]!.args.push("--coordinator=https://c.example.com"),
  );
  assert.equal(await otherSide(cluster(elsewhere), coordinator), undefined, "an address of theirs");
});

Deno.test("a coordinator that nobody may dial is told of", async () => {
  const closed = changed(
    variant("coordinator").objects,
    "NetworkPolicy",
    (spec: { ingress: object[] }) => void spec.ingress.splice(1, 1),
  );
  assert.match(
    await otherSide(cluster(closed), variant("workers")) ?? "",
    /lets in workers of nobody, and not/,
  );
});

Deno.test("who may not look is told what can be known; what fails otherwise fails", async () => {
  const refused = cluster([], 403);
  assert.equal(await otherSide(refused, variant("workers")), undefined);
  assert.equal(
    await otherSide(refused, variant("workers", { namespace: "boxes" })),
    "these workers dial the coordinator in coder-sessions, which must let in those of boxes: " +
      "coder-k8s install --overlay=coordinator --workers-namespace=boxes",
  );
  await assert.rejects(() => otherSide(cluster([], 500), variant("workers")), KubeApiError);
});
