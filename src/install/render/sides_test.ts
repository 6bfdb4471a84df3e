import assert from "node:assert/strict";
import { checkApart, otherCommand, otherNote } from "./sides.ts";
import { embeddedManifests, variantOf, type VariantRequest } from "./variant.ts";

const files = await embeddedManifests();
const side = (shape: string, request: Partial<VariantRequest> = {}) =>
  variantOf(files, { overlays: [shape], images: [], ...request });

Deno.test("in the usual namespaces both fit, and nothing is to be said", () => {
  for (const shape of ["coordinator", "coordinator/replicas", "workers", "workers/replicas"]) {
    assert.equal(otherNote(side(shape)), undefined, shape);
  }
  assert.equal(otherCommand(side("workers/replicas")), "coder-k8s install --overlay=coordinator/replicas");
  assert.equal(otherCommand(side("coordinator")), "coder-k8s install --overlay=workers");
});

Deno.test("what is alone needs nobody else", () => {
  assert.deepEqual([otherCommand(side("all")), otherNote(side("split", { namespace: "x" }))], [
    undefined,
    undefined,
  ]);
});

Deno.test("in another namespace it is said how the other one is told, and that then fits", () => {
  const workers = side("workers", { namespace: "boxes", coordinatorNamespace: "talks" });
  assert.equal(
    otherNote(workers),
    "these workers dial the coordinator in talks, which must let in those of boxes: " +
      "coder-k8s install --overlay=coordinator --namespace=talks --workers-namespace=boxes",
  );
  const coordinator = side("coordinator", { namespace: "talks" });
  assert.equal(
    otherNote(coordinator),
    "this coordinator lets in workers of coder-sandboxes, which must dial it in talks: " +
      "coder-k8s install --overlay=workers --coordinator-namespace=talks",
  );
  const texts = (variant: ReturnType<typeof side>) => JSON.stringify(variant.objects);
  assert.match(texts(workers), /--coordinator=https:\/\/coordinator\.talks\.svc:50050/);
  assert.match(texts(workers), /"kubernetes\.io\/metadata\.name":"talks"/);
  const both = side("coordinator", { namespace: "talks", workersNamespace: "boxes" });
  assert.match(texts(both), /"kubernetes\.io\/metadata\.name":"boxes"/);
  assert.doesNotMatch(texts(both) + texts(workers), /coder-(?:sessions|sandboxes)/);
  const replicas = side("workers/replicas", { coordinatorNamespace: "talks" });
  assert.match(texts(replicas), /--coordinator=https:\/\/coordinator-workers\.talks\.svc:50050/);
});

Deno.test("a namespace of the other one is refused where there is no other, and where it would be the same", () => {
  const message = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      assert.equal((error as Error).name, "OverlayError");
      return (error as Error).message;
    }
    throw new Error("it is taken");
  };
  assert.equal(
    message(() => side("all", { coordinatorNamespace: "x" })),
    "--coordinator-namespace does not go with all, but with workers and workers/replicas",
  );
  assert.equal(
    message(() => side("workers", { workersNamespace: "x" })),
    "--workers-namespace does not go with workers, but with coordinator and coordinator/replicas",
  );
  assert.match(
    message(() => checkApart(side("workers", { namespace: "coder-sessions" }))),
    /^coordinator and workers cannot both be in coder-sessions: /,
  );
  const one = side("coordinator", { namespace: "x", workersNamespace: "x" });
  assert.match(message(() => checkApart(one)), /both be in x/);
  checkApart(side("coordinator"));
  checkApart(side("all"));
});
