import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { embeddedManifests, variantOf } from "../render/variant.ts";
import { InstallError } from "./error.ts";
import { checkUserNamespace, needsUserNamespace } from "./user_namespace.ts";

const files = await embeddedManifests();

/** As an API server answers that does not know the field. */
function dropped(object: KubeObject): KubeObject {
  const copy = structuredClone(object) as unknown as {
    spec: { template: { spec: { hostUsers?: boolean } } };
  };
  delete copy.spec.template.spec.hostUsers;
  return copy as unknown as KubeObject;
}

Deno.test("workers, which are root in their pods, are not made where the cluster drops their user namespace", () => {
  const { objects } = variantOf(files, { overlays: ["workers"], images: [] });
  const [workers, ...others] = objects.filter(needsUserNamespace);
  assert.equal(workers?.kind, "StatefulSet");
  assert.deepEqual(others, []);
  checkUserNamespace(workers, workers);
  assert.throws(
    () => checkUserNamespace(workers, dropped(workers)),
    (error: unknown) =>
      error instanceof InstallError &&
      /^statefulset\.apps\/sandbox-worker in coder-sandboxes: .*root of the node.*1\.33/.test(error.message),
  );
});

Deno.test("pods that are nobody in particular need none", () => {
  const { objects } = variantOf(files, { overlays: ["all"], images: [] });
  assert.deepEqual(objects.filter(needsUserNamespace), []);
  for (const object of objects) checkUserNamespace(object, object);
});
