import assert from "node:assert/strict";
import { type CoderControlPlane, CoderControlPlanes } from "../api/control_plane.ts";
import type { Naming } from "../api/control_plane_aggregation.ts";
import type { Informer } from "../kube/informer.ts";
import { FakeInformer } from "../reconciler/testing/fakes.ts";
import { aggregationSource, aggregationWarnings } from "./aggregation.ts";
import { storedControlPlane } from "./testing.ts";

const [EARLY, LATE] = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];

function plane(name: string, naming: string, creationTimestamp = EARLY, disabled = false): CoderControlPlane {
  return storedControlPlane(
    { aggregation: { naming: naming as Naming }, operatorAccess: { disabled } },
    { name, uid: `uid-${name}`, creationTimestamp },
  );
}

/** Reasons, by name. */
function reasons(...planes: CoderControlPlane[]): Record<string, string> {
  const informer = {
    list: (filter?: { namespace?: string }) =>
      planes.filter(({ metadata }) => metadata.namespace === filter?.namespace),
  };
  return Object.fromEntries(planes.map((each) => [
    each.metadata.name,
    aggregationWarnings(each, informer).map(({ reason }) => reason).join(),
  ]));
}

Deno.test("a control plane with a dot in its name is told that nothing of it is shown", () => {
  assert.deepEqual(reasons(plane("my.coder", ""), plane("coder", "")), {
    "my.coder": "NameHasDot",
    coder: "",
  });
  const [warning] = aggregationWarnings(plane("my.coder", ""), { list: () => [] });
  assert.match(warning?.message ?? "", /dot.*not shown.*without a dot/);
});

Deno.test("where nothing is to be shown, nobody is warned of that", () => {
  assert.deepEqual(reasons(plane("my.coder", "", EARLY, true)), { "my.coder": "" });
  assert.deepEqual(reasons(plane("a", "Plain"), plane("b", "Plain", LATE, true)), { a: "", b: "" });
});

Deno.test("of several that wish for plain names all but the oldest are told who has them", () => {
  const [old, young] = [plane("z", "Plain"), plane("a", "Plain", LATE)];
  assert.deepEqual(reasons(old, young, plane("m", "Auto")), { z: "", a: "PlainNamesTaken", m: "" });
  const [warning] = aggregationWarnings(young, { list: () => [young, old] });
  assert.match(warning?.message ?? "", /older control plane z:/);
});

Deno.test("those that cannot have plain names, and those of other namespaces, take them from nobody", () => {
  const far = { ...plane("far", "Plain"), metadata: { ...plane("far", "Plain").metadata, namespace: "b" } };
  const all = [
    plane("my.coder", "Plain"),
    plane("off", "Plain", EARLY, true),
    far,
    plane("c", "Plain", LATE),
  ];
  assert.deepEqual(reasons(...all), { "my.coder": "NameHasDot", off: "", far: "", c: "" });
});

Deno.test("those that wish for plain names are looked at when another of the namespace comes, goes or changes its wish", () => {
  const informer = new FakeInformer(CoderControlPlanes);
  const woken: string[] = [];
  const stop = aggregationSource(informer as unknown as Informer<CoderControlPlane>)
    .start(({ name }) => woken.push(name));
  const taken = () => woken.splice(0).sort().join();
  informer.put(plane("a", "Plain"));
  assert.equal(taken(), "");
  informer.put(plane("b", "Auto"));
  assert.equal(taken(), "", "no other wish");
  informer.put(plane("b", "Plain"));
  assert.equal(taken(), "a");
  const ready: CoderControlPlane = { ...plane("b", "Plain"), status: { phase: "Ready" } };
  informer.put(ready);
  assert.equal(taken(), "", "what is not about names");
  const { metadata } = plane("b", "Plain", LATE);
  informer.put({ ...plane("b", "Plain"), metadata: { ...metadata, uid: "another" } });
  assert.equal(taken(), "a", "another one of its name is younger");
  informer.put(plane("b", "Plain", LATE, true));
  assert.equal(taken(), "a");
  informer.put(plane("c", "Plain"));
  assert.equal(taken(), "a", "whose access is disabled has no wish");
  informer.remove(plane("c", "Plain"));
  assert.equal(taken(), "a");
  stop();
});
