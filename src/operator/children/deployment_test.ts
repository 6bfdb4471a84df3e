import assert from "node:assert/strict";
import type { Deployment, ManagedFieldsEntry, PodTemplateSpec } from "../../api/kubernetes/types.ts";
import type { JsonPatchOperation, PatchBody } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { controlledBy } from "../../reconciler/testing/fakes.ts";
import { type DeploymentFacts, noFacts } from "../../workload/deployment_facts.ts";
import { deployment as desiredOf } from "../../workload/deployment.ts";
import { TEMPLATE_HOLDER } from "../../workload/held_fields.ts";
import { UPGRADE_NOW_ANNOTATION } from "../../workload/template_decision.ts";
import type { Tools } from "../pass/step.ts";
import { CHILD, EventLog, FakeApplier, type Widget, widget, widgetPass } from "../testing.ts";
import {
  applyDeployment,
  type DeploymentQuestion,
  ownDeployment,
  type RenderedTemplate,
  type SettledDeployment,
  settleDeployment,
} from "./deployment.ts";

const older: PodTemplateSpec = { spec: { containers: [{ name: "c", image: "old" }] } };
const newer: PodTemplateSpec = { spec: { containers: [{ name: "c", image: "new" }] } };
const rendered: RenderedTemplate = {
  template: newer,
  inputs: "in",
  recorded: {},
  checksums: { before: undefined, now: new Map() },
};
const ours: ManagedFieldsEntry = {
  manager: "coder-k8s",
  operation: "Apply",
  fieldsV1: { "f:spec": { "f:template": { "f:spec": { "f:containers": {} } } } },
};

/** Our Deployment with the older template. */
function live(annotations: Record<string, string> = {}, managedFields = [ours]): Deployment {
  const ownerReferences = controlledBy(widget());
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...CHILD, resourceVersion: "1", annotations, managedFields, ownerReferences },
    spec: { selector: {}, replicas: 1, template: older },
  };
}
/** As this operator's version before wrote it. */
const fromBefore = () => live({ "coder.com/template-inputs": "in", "coder.com/template-rendering": "1" });

/** A pass over a widget whose Deployment is `stored`. */
class World {
  facts: DeploymentFacts | undefined;
  autoscaled = false;
  readonly applier = new FakeApplier();
  readonly events = new EventLog();
  readonly patches: JsonPatchOperation[][] = [];
  readonly observed: unknown[] = [];
  readonly pass;
  readonly tools: Tools;

  constructor(readonly stored: Deployment | undefined, readonly object: Widget = widget()) {
    const informer = { get: () => object, observe: (seen: unknown) => void this.observed.push(seen) };
    this.pass = widgetPass({ object, informer });
    this.tools = {
      applier: this.applier,
      events: this.events,
      kinds: {
        deployments: { get: () => this.stored, derived: () => this.facts, observe: () => {} },
        autoscalers: { byIndex: () => this.autoscaled ? [{}] : [] },
      },
      client: {
        get: () => Promise.resolve(this.stored),
        patch: (_type: unknown, _key: unknown, { body }: PatchBody) => {
          this.patches.push(body as JsonPatchOperation[]);
          const [, { value } = {}] = body as { value?: unknown }[];
          const managedFields = value as ManagedFieldsEntry[];
          const { metadata, ...rest } = this.stored ?? live();
          return Promise.resolve({ ...rest, metadata: { ...metadata, managedFields } });
        },
      },
    } as unknown as Tools;
  }

  settle(more: Partial<DeploymentQuestion> = {}): Promise<SettledDeployment> {
    const question = { live: this.stored, rendered, rendering: "2", replicas: 1, ...more };
    return settleDeployment(this.pass, this.tools, question);
  }

  /** Applies what is settled. */
  async apply(settled: Partial<SettledDeployment> = {}, checksums = rendered.checksums) {
    const all: SettledDeployment = { template: newer, replicas: 1, rendering: "2", ...settled };
    const desired = desiredOf({ ...CHILD, labels: {} }, 1, {
      ...all,
      inputs: "in",
      recorded: {},
      strategy: undefined,
    });
    await applyDeployment(this.pass, this.tools, desired, all, { checksums });
    return this.applier.applied.at(-1)?.options;
  }
}

Deno.test("a Deployment is ours where this very object controls it", () => {
  const own = (stored: Deployment | undefined, object = widget()) =>
    ownDeployment({ deploymentKey: CHILD, object }, new World(stored).tools);
  assert.equal(own(undefined), undefined);
  assert.equal(own(live())?.metadata.name, "w-pods");
  assert.equal(own(live(), widget({}, { uid: "uid-2" })), undefined);
});

Deno.test("a new Deployment gets the rendered template and the number of the spec", async () => {
  const world = new World(undefined);
  assert.deepEqual(await world.settle({ replicas: 3 }), { template: newer, replicas: 3, rendering: "2" });
  assert.deepEqual([world.pass.pendingUpgrade, world.patches], [[], []]);
});

Deno.test("an earlier version's template is kept, its ownership set aside, and told what waits", async () => {
  const world = new World(fromBefore());
  const settled = await world.settle();
  assert.equal(settled.template, undefined);
  assert.match(settled.rendering, /^kept:[0-9a-f]{16}$/);
  assert.deepEqual(world.pass.pendingUpgrade, ["changes containers[name=c].image"]);
  const [, { value } = {}] = world.patches[0] as { value?: ManagedFieldsEntry[] }[];
  assert.deepEqual(value?.map(({ manager }) => manager), [TEMPLATE_HOLDER]);
});

Deno.test("a template that is set aside already is kept without a write", async () => {
  const world = new World(
    live({ "coder.com/template-inputs": "in", "coder.com/template-rendering": "kept:abc" }),
  );
  world.facts = { ...noFacts, keptTemplate: "abc" };
  assert.deepEqual((await world.settle()).rendering, "kept:abc");
  assert.deepEqual(world.patches, []);
});

Deno.test("where nothing of ours is there to set aside, the template is rendered", async () => {
  const world = new World(fromBefore());
  world.stored?.metadata.managedFields?.splice(0);
  assert.deepEqual((await world.settle()).template, newer);
  assert.deepEqual(world.pass.pendingUpgrade, []);
});

Deno.test("a kept template is given back before a change of the spec is applied, or a wish granted", async () => {
  const held = { ...ours, manager: TEMPLATE_HOLDER, operation: "Update" };
  const kept = (inputs: string) =>
    live({ "coder.com/template-inputs": inputs, "coder.com/template-rendering": "kept:abc" }, [held]);
  const wish = widget({}, { annotations: { [UPGRADE_NOW_ANNOTATION]: "true" } });
  for (const world of [new World(kept("other")), new World(kept("in"), wish)]) {
    world.facts = { ...noFacts, keptTemplate: "abc" };
    assert.deepEqual((await world.settle()).template, newer);
    assert.equal(world.patches.length, 1);
    assert.deepEqual(world.pass.pendingUpgrade, []);
  }
});

Deno.test("another operator's template is kept where it is up to date, or where something else waits", async () => {
  const settledAt = (observedGeneration: number | undefined): Widget => ({
    ...widget({}, { generation: 4 }),
    ...(observedGeneration !== undefined && { status: { observedGeneration } }),
  });
  const keeps = async (object: Widget, more: Partial<DeploymentQuestion> = {}) =>
    (await new World(live(), object).settle(more)).template === undefined;
  assert.equal(await keeps(settledAt(4)), true);
  assert.equal(await keeps(settledAt(3)), false);
  assert.equal(await keeps(settledAt(undefined)), false);
  assert.equal(await keeps(settledAt(3), { waiting: true }), true);
  assert.equal(await keeps(settledAt(3), { settled: true }), true);
  assert.equal(await keeps(settledAt(4), { settled: false }), false);
});

Deno.test("the number is an autoscaler's while there is one, and that of kubectl scale until the spec's changes", async () => {
  const number = async (set: (world: World) => void, wanted = 1) => {
    const world = new World(live({ "coder.com/replicas": "1" }));
    set(world);
    return (await world.settle({ replicas: wanted })).replicas;
  };
  assert.equal(await number(() => {}), 1);
  assert.equal(await number((world) => world.autoscaled = true), undefined);
  assert.equal(await number((world) => world.facts = { scaled: true }), undefined);
  assert.equal(await number((world) => world.facts = { scaled: true }, 2), 2);
});

Deno.test("what is left to others is released, and what came of it is noted in the pass", async () => {
  const world = new World(undefined);
  world.applier.outcome = "created";
  assert.deepEqual((await world.apply())?.release, []);
  assert.deepEqual(world.events.lines, ["Normal Created: Created Deployment w-pods"]);
  assert.equal(world.pass.deployment?.metadata.name, "w-pods");
  assert.deepEqual((await world.apply({ template: undefined, replicas: undefined }))?.release, [
    ["spec", "replicas"],
    ["spec", "template"],
  ]);
});

Deno.test("pods that changed Secrets replace are told of, those that nothing replaces are not", async () => {
  const [one, two] = [new Map([["Secret/db", "1"]]), new Map([["Secret/db", "2"]])];
  const told = async (
    checksums: RenderedTemplate["checksums"],
    settled: Partial<SettledDeployment> = {},
    outcome: "configured" | "unchanged" = "configured",
  ) => {
    const world = new World(live());
    world.applier.outcome = outcome;
    await world.apply(settled, checksums);
    return world.events.lines.filter((line) => line.includes("ReferencesChanged"));
  };
  assert.deepEqual(await told({ before: one, now: two }), [
    "Normal ReferencesChanged: Pods are replaced: Secret db changed",
  ]);
  assert.deepEqual(await told({ before: one, now: one }), []);
  assert.deepEqual(await told({ before: undefined, now: two }), [], "nothing was recorded before");
  assert.deepEqual(await told({ before: one, now: two }, { template: undefined }), []);
  assert.deepEqual(await told({ before: one, now: two }, {}, "unchanged"), []);
});

Deno.test("a wish for the template is taken away once it is granted, and not where the apply fails", async () => {
  const annotations = { [UPGRADE_NOW_ANNOTATION]: "true" };
  const world = new World(live(), widget({}, { annotations }));
  await world.apply();
  const path = "/metadata/annotations/coder.com~1upgrade-now";
  assert.deepEqual(world.patches, [[{ op: "test", path, value: "true" }, { op: "remove", path }]]);
  assert.equal(world.observed.length, 1);
  assert.match(world.events.lines.at(-1) ?? "", /^Normal Upgraded/);
  const refused = new World(live(), widget({}, { annotations }));
  refused.applier.refuse = new KubeApiError(403, "Forbidden", "no", { method: "PATCH", path: "/" });
  await assert.rejects(refused.apply(), KubeApiError);
  assert.deepEqual([refused.patches, refused.events.lines], [[], []]);
});
