import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { DuplicateKeyError, refuseDuplicateKeys } from "./duplicate_keys.ts";

function pod(container: Record<string, unknown>, spec: Record<string, unknown> = {}): KubeObject {
  const containers = [{ name: "coder", ...container }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "d", namespace: "n" },
    spec: { template: { spec: { containers, ...spec } } },
  } as KubeObject;
}

Deno.test("two environment variables of one name are refused, with the list and the name in the message", () => {
  const object = pod({ env: [{ name: "A", value: "1" }, { name: "B" }, { name: "A", value: "2" }] });
  assert.throws(() => refuseDuplicateKeys(object), (error: unknown) => {
    assert.ok(error instanceof DuplicateKeyError);
    assert.equal(error.path, "spec.template.spec.containers[name=coder].env");
    assert.equal(error.duplicate, "name=A");
    assert.match(error.message, /^Deployment n\/d cannot be applied: .*\.env has two items with name=A/);
    return true;
  });
});

Deno.test("ports count as the same where the default protocol makes them so", () => {
  refuseDuplicateKeys(pod({ ports: [{ containerPort: 53, protocol: "UDP" }, { containerPort: 53 }] }));
  const object = pod({ ports: [{ containerPort: 53, protocol: "TCP" }, { containerPort: 53 }] });
  assert.throws(() => refuseDuplicateKeys(object), /ports has two items with containerPort=53, protocol=TCP/);
});

Deno.test("a value that is twice in a set is refused", () => {
  const object = pod({});
  object.metadata.finalizers = ["a/b", "c/d", "a/b"];
  assert.throws(() => refuseDuplicateKeys(object), /metadata\.finalizers has two items with value=a\/b/);
});

Deno.test("atomic lists may hold the same item twice", () => {
  const item = { key: "a", operator: "Exists" };
  assert.doesNotThrow(() => refuseDuplicateKeys(pod({ args: ["-v", "-v"] }, { tolerations: [item, item] })));
});

Deno.test("the same name in different lists is no duplicate", () => {
  const container = { name: "init", env: [{ name: "A" }] };
  assert.doesNotThrow(() =>
    refuseDuplicateKeys(pod({ env: [{ name: "A" }] }, { initContainers: [container] }))
  );
});

Deno.test("items without a key are left for the API server to judge", () => {
  assert.doesNotThrow(() => refuseDuplicateKeys(pod({ env: [{ value: "1" }, { value: "2" }, null] })));
});

Deno.test("objects without a namespace are named without one", () => {
  const object = pod({ env: [{ name: "A" }, { name: "A" }] });
  object.metadata = { name: "d" };
  assert.throws(() => refuseDuplicateKeys(object), /^DuplicateKeyError: Deployment d cannot be applied/);
});
