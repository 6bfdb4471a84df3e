import assert from "node:assert/strict";
import { ConfigMaps, Secrets } from "../../api/kubernetes/resources.ts";
import { keyText, type KubeObject } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import { changed, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import type { WorkloadKinds } from "../../workload/kinds.ts";
import { type Widget, widget, Widgets } from "../testing.ts";
import { anyVersion, referenceSources, templateReferences } from "./reference_sources.ts";

/** What the pods of a widget are made from: the Secret and the ConfigMap that its spec names. */
function references(object: Widget): string[] {
  return templateReferences(object, () => {
    const { secret, configMap } = object.spec ?? {};
    if (secret === "broken") throw new Error("cannot be rendered");
    return {
      spec: {
        containers: [{
          name: "c",
          envFrom: [
            ...(typeof secret === "string" ? [{ secretRef: { name: secret } }] : []),
            ...(typeof configMap === "string" ? [{ configMapRef: { name: configMap } }] : []),
          ],
        }],
      },
    };
  });
}

function world() {
  const owners = new FakeInformer(Widgets);
  const [secrets, configMaps] = [new FakeInformer(Secrets), new FakeInformer(ConfigMaps)];
  const kinds = { secrets, configMaps } as unknown as WorkloadKinds;
  const keys: string[] = [];
  for (
    const source of referenceSources(owners as Informer<KubeObject> as Informer<Widget>, references, kinds)
  ) {
    source.start((key) => keys.push(keyText(key)));
  }
  return { owners, secrets, configMaps, take: () => keys.splice(0) };
}

Deno.test("what pods are made from is found in their template", () => {
  assert.deepEqual(
    references(widget({ secret: "s", configMap: "c" })),
    ["ConfigMap/a/c", "Secret/a/s"],
  );
  assert.deepEqual(references(widget({})), []);
});

Deno.test("an object whose pods cannot be rendered has none to look after", () => {
  assert.deepEqual(references(widget({ secret: "broken" })), []);
});

Deno.test("a Secret or ConfigMap wakes those whose pods are made from it, in its own namespace", () => {
  const { owners, secrets, configMaps, take } = world();
  owners.put(widget({ secret: "both", configMap: "c" }, { name: "one" }));
  owners.put(widget({ secret: "both" }, { name: "two", uid: "two" }));
  secrets.put(make(Secrets, "both", { namespace: "a" }));
  assert.deepEqual(take(), ["a/one", "a/two"]);
  configMaps.put(make(ConfigMaps, "c", { namespace: "a" }));
  assert.deepEqual(take(), ["a/one"]);
  configMaps.put(make(ConfigMaps, "both", { namespace: "a" }));
  secrets.put(make(Secrets, "both", { namespace: "b" }));
  assert.deepEqual(take(), []);
});

Deno.test("every new version counts, for no more than metadata is seen, and the end counts, too", () => {
  const { owners, secrets, take } = world();
  owners.put(widget({ secret: "s" }));
  const first = make(Secrets, "s", { namespace: "a" });
  secrets.put(first);
  assert.deepEqual(take(), ["a/w"]);
  secrets.put(first);
  assert.deepEqual(take(), [], "the same version again");
  const second = changed(first, {});
  secrets.put(second);
  assert.deepEqual(take(), ["a/w"]);
  secrets.remove(second);
  assert.deepEqual(take(), ["a/w"]);
  assert.equal(anyVersion.updated?.(first, second), true);
});

Deno.test("a template is rendered once for each generation, whatever becomes of the status", () => {
  const owners = new FakeInformer(Widgets);
  const rendered: string[] = [];
  referenceSources(
    owners as unknown as Informer<Widget>,
    (object) => {
      rendered.push(`${object.metadata.uid}/${object.metadata.generation}`);
      return references(object);
    },
    {
      configMaps: new FakeInformer(ConfigMaps),
      secrets: new FakeInformer(Secrets),
    } as unknown as WorkloadKinds,
  );
  const at = (generation: number, secret: string, resourceVersion: string) =>
    owners.put(widget({ secret }, { uid: "u", generation, resourceVersion }));
  at(1, "one", "1");
  at(1, "one", "2");
  owners.byIndex("pod-reference", "Secret/a/one");
  at(2, "two", "3");
  assert.deepEqual(owners.byIndex("pod-reference", "Secret/a/two").length, 1);
  assert.deepEqual(owners.byIndex("pod-reference", "Secret/a/one").length, 0);
  assert.deepEqual([...new Set(rendered)], rendered, "none twice");
});
