import assert from "node:assert/strict";
import { Services } from "../../api/kubernetes/resources.ts";
import type { Service } from "../../api/kubernetes/types.ts";
import type { KubeObject } from "../../api/object.ts";
import type { Informer } from "../../kube/informer.ts";
import { controlledBy, FakeInformer, make } from "../../reconciler/testing/fakes.ts";
import { CHILD, EventLog, FakeApplier, widget, widgetPass, Widgets } from "../testing.ts";
import { applyChild, removeChild } from "./apply_child.ts";

const service = (metadata: Partial<Service["metadata"]> = {}) =>
  make(Services, CHILD.name, { namespace: CHILD.namespace, ...metadata }) as Service;

function world() {
  const [applier, events] = [new FakeApplier(), new EventLog()];
  return { applier, events, tools: { applier, events }, pass: widgetPass() };
}

Deno.test("a child is applied for the object of the pass, and given back as the server has it", async () => {
  const { applier, events, tools, pass } = world();
  applier.outcome = "created";
  applier.live = { spec: { clusterIP: "10.0.0.1" } };
  const isOurs = () => true;
  const stored = await applyChild(Services, service(), pass, tools, { isOurs });
  assert.equal(stored.spec?.clusterIP, "10.0.0.1");
  const [{ options } = { options: {} }] = applier.applied;
  assert.deepEqual(options, { isOurs, owner: pass.object, ownerType: Widgets, signal: pass.signal });
  assert.deepEqual(events.lines, ["Normal Created: Created Service w-pods"]);
});

Deno.test("what the applier refuses is thrown, and nothing is told", async () => {
  const { applier, events, tools, pass } = world();
  applier.refuse = new Error("refused");
  await assert.rejects(applyChild(Services, service(), pass, tools), /refused/);
  assert.deepEqual(events.lines, []);
});

Deno.test("a child that goes is told, one that is not there or not ours is not", async () => {
  const { applier, events, tools, pass } = world();
  await removeChild(Services, CHILD, pass, tools);
  assert.deepEqual(events.lines, []);
  applier.owned.add("Service a/w-pods");
  await removeChild(Services, CHILD, pass, tools);
  assert.deepEqual(events.lines, ["Normal Deleted: Deleted Service w-pods"]);
});

Deno.test("where the cache can tell, nobody is asked about what is not there or not ours", async () => {
  const { applier, tools, pass } = world();
  const informer = new FakeInformer(Services);
  const remove = async () => {
    await removeChild(Services, CHILD, pass, tools, informer as Informer<KubeObject> as Informer<Service>);
    return applier.done.splice(0);
  };
  assert.deepEqual(await remove(), []);
  informer.put(service());
  assert.deepEqual(await remove(), []);
  informer.put(service({ ownerReferences: controlledBy(widget({}, { uid: "uid-2" })) }));
  assert.deepEqual(await remove(), []);
  informer.put(service({ ownerReferences: controlledBy(pass.object) }));
  assert.deepEqual(await remove(), ["delete Service a/w-pods"]);
});
