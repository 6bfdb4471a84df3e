import assert from "node:assert/strict";
import type { KindOptions } from "../informer.ts";
import { deepFreeze, entryMaker } from "./cache_entry.ts";
import { StringPool } from "./string_pool.ts";
import { type Widget, widget, Widgets } from "../testing/objects.ts";

function maker(kind: KindOptions<Widget> = {}, freeze = true) {
  const errors: string[] = [];
  const make = entryMaker({
    type: Widgets,
    kind,
    pool: new StringPool(),
    freeze,
    onError: (what, error) =>
      errors.push(error === undefined ? what : `${what}: ${(error as Error).message}`),
  });
  return { make, errors };
}

const managedFields = [{ manager: "coder-k8s", operation: "Apply" }];

Deno.test("an object is kept whole, without managedFields", () => {
  const { make, errors } = maker();
  const entry = make(widget("a/one", 3, { uid: "u", managedFields, labels: { tier: "backend" } }));
  assert.deepEqual(entry?.object, widget("a/one", 3, { uid: "u", labels: { tier: "backend" } }));
  assert.equal(entry?.derived, undefined);
  assert.deepEqual(errors, []);
});

Deno.test("items of a list, which carry no kind, get theirs", () => {
  const { make } = maker();
  const { apiVersion: _, kind: __, ...item } = widget("a/one");
  const object = make(item)?.object;
  assert.equal(object?.apiVersion, "example.com/v1");
  assert.equal(object?.kind, "Widget");
});

Deno.test("a metadata-only kind keeps no payload even where the server sends it", () => {
  const { make } = maker({ metadataOnly: true });
  const object = make({ ...widget("a/one"), data: { password: "c2VjcmV0" }, stringData: { x: "y" } })?.object;
  assert.deepEqual(Object.keys(object ?? {}).sort(), ["apiVersion", "kind", "metadata"]);
  assert.equal(object?.kind, "Widget", "not PartialObjectMetadata");
});

Deno.test("derive sees managedFields, which the kept object no longer has", () => {
  const { make } = maker({ derive: ({ metadata }) => metadata.managedFields?.map(({ manager }) => manager) });
  const entry = make(widget("a/one", 0, { managedFields }));
  assert.deepEqual(entry?.derived, ["coder-k8s"]);
  assert.equal("managedFields" in (entry?.object.metadata ?? {}), false);
});

Deno.test("transform decides what is kept, and cannot smuggle managedFields in", () => {
  const { make } = maker({ transform: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }) });
  const entry = make(widget("a/one", 3, { managedFields }));
  assert.equal(entry?.object.spec, undefined);
  assert.equal(entry?.object.metadata.managedFields, undefined);
});

Deno.test("a transform may return a frozen object", () => {
  const { make } = maker({
    transform: (object) => {
      deepFreeze(object);
      return object;
    },
  });
  const entry = make(widget("a/one", 3, { managedFields, labels: { app: "long-enough-to-be-interned" } }));
  assert.equal(entry?.object.spec?.size, 3);
  assert.equal(entry?.object.metadata.managedFields, undefined);
});

Deno.test("a transform or derive that throws is told of, and the object is kept as it came", () => {
  const { make, errors } = maker({
    transform: () => {
      throw new Error("bad transform");
    },
    derive: () => {
      throw new Error("bad derive");
    },
  });
  assert.equal(make(widget("a/one", 7))?.object.spec?.size, 7);
  assert.deepEqual(errors, ["derive threw: bad derive", "transform threw: bad transform"]);
});

Deno.test("a transform that returns no object is told of, and the object is kept as it came", () => {
  const { make, errors } = maker({ transform: () => undefined as unknown as Widget });
  assert.equal(make(widget("a/one", 7))?.object.spec?.size, 7);
  assert.deepEqual(errors, ["transform returned no object with a name"]);
});

Deno.test("what is no object with a name is refused and told of", () => {
  const { make, errors } = maker();
  const odd: unknown[] = [
    undefined,
    null,
    "text",
    [],
    {},
    { metadata: null },
    { metadata: {} },
    { metadata: { name: "" } },
    { metadata: { name: 7 } },
    { metadata: { name: "x", namespace: 7 } },
    { metadata: { name: "x", uid: {} } },
    { metadata: { name: "x", resourceVersion: 12 } },
    { metadata: { name: "x", labels: "app=x" } },
  ];
  for (const raw of odd) assert.equal(make(raw), undefined, JSON.stringify(raw));
  assert.equal(errors.length, odd.length);
});

Deno.test("with freeze, whoever changes a cached object fails at once, at any depth", () => {
  const { make } = maker();
  const object = make(widget("a/one", 1, { labels: { app: "x" } }))!.object;
  assert.throws(() => object.kind = "Other", TypeError);
  assert.throws(() => object.metadata.labels!["app"] = "y", TypeError);
  assert.throws(() => object.spec!.size = 2, TypeError);
});

Deno.test("without freeze, objects stay as they are", () => {
  const { make } = maker({}, false);
  assert.equal(Object.isFrozen(make(widget("a/one"))?.object), false);
});
