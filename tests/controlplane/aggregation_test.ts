/** What a control plane's status says of how its workspaces and templates are shown as Kubernetes resources. */
import assert from "node:assert/strict";
import { nameForms } from "../../src/aggregated/resources/naming.ts";
import { namingOf } from "../../src/api/control_plane_naming.ts";
import { keyOf, keyText } from "../../src/api/object.ts";
import { aggregationWarnings } from "../../src/controlplane/aggregation.ts";
import { storedControlPlane } from "../../src/controlplane/testing.ts";
import { eligibilityOf } from "../../src/inventory/mod.ts";
import { startCluster, waitFor } from "../cluster/mod.ts";
import { type Rig, startRig } from "./rig.ts";

const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/codercontrolplanes.coder.com";

/** As under an earlier operator, whose CRD let any name through. */
async function createUnderEarlierRules({ cluster, create, namespace }: Rig, name: string): Promise<void> {
  // deno-lint-ignore no-explicit-any -- a CRD as sent
  const crd: any = await cluster.request("GET", CRD);
  const { openAPIV3Schema } = crd.spec.versions[0].schema;
  const rules = openAPIV3Schema["x-kubernetes-validations"];
  assert.notEqual(rules, undefined);
  const patch = (op: string, value?: unknown) => {
    const path = "/spec/versions/0/schema/openAPIV3Schema/x-kubernetes-validations";
    return cluster.kubectl([
      "patch",
      "crd",
      crd.metadata.name,
      "--type=json",
      `--patch=${JSON.stringify([{ op, path, value }])}`,
    ]);
  };
  await patch("remove");
  await waitFor(() => create(name).catch(() => undefined), { what: `${name} to be let through` });
  await patch("add", rules);
  const probe = {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { name: `another.${name}` },
    spec: {},
  };
  const path = `/apis/coder.com/v1alpha1/namespaces/${namespace}/codercontrolplanes?dryRun=All`;
  await waitFor(() => cluster.request("POST", path, probe).then(() => false, () => true), {
    what: "the rules to be back",
  });
}

Deno.test("a control plane with a dot in its name is told by its status, once, that it is not shown", async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const rig = await startRig("dotted", cluster);
  await createUnderEarlierRules(rig, "my.coder");
  await using operator = await rig.operator();
  const { reason, message } = await rig.condition("my.coder", "ConfigurationWarning", "True");
  assert.equal(reason, "NameHasDot");
  assert.match(message, /not shown as Kubernetes resources/);
  await operator.again("my.coder");
  await operator.again("my.coder");
  await rig.create("coder");
  await rig.ready("coder");
  await rig.condition("coder", "ConfigurationWarning", "Absent");
  const told = await waitFor(async () => {
    const all = (await rig.eventReasons("my.coder")).filter((each) => each === "ConfigurationWarning");
    return all.length > 0 && all;
  }, { what: "the Event" });
  assert.equal(told.length, 1);
});

Deno.test("of two control planes that wish for plain names the younger is told so, ready all the same, until the other gives in", async () => {
  const rig = await startRig("plain");
  await using _operator = await rig.operator();
  const spec = { aggregation: { naming: "Plain" as const } };
  await rig.create("first", spec);
  await rig.ready("first");
  await rig.condition("first", "ConfigurationWarning", "Absent");
  await rig.create("second", spec);
  const { reason, message } = await rig.condition("second", "ConfigurationWarning", "True");
  assert.equal(reason, "PlainNamesTaken");
  assert.match(message, /older control plane first:/);
  await rig.ready("second");
  await rig.condition("first", "ConfigurationWarning", "Absent");
  await rig.change("first", { spec: { aggregation: { naming: "Prefixed" } } });
  await rig.condition("second", "ConfigurationWarning", "Absent");
});

Deno.test("who is warned is who is not served, or not under plain names, whatever the specs are", () => {
  const times = ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"];
  let seed = 1;
  const pick = <T>(from: readonly T[]): T => from[(seed = seed * 48_271 % 2_147_483_647) % from.length]!;
  for (let round = 0; round < 500; round++) {
    const planes = ["a", "b", "c", "d.e", "f"].slice(0, 1 + round % 5).map((name) =>
      storedControlPlane(
        {
          aggregation: { naming: pick(["", "Auto", "Plain", "Plain", "Prefixed"]) },
          operatorAccess: { disabled: pick([false, false, true]) },
        },
        { name, uid: name, creationTimestamp: pick(times) },
      )
    );
    const served = planes.filter((each) => ["eligible", "waiting"].includes(eligibilityOf(each).state));
    const forms = nameForms(served.map((each) => ({
      id: keyText(keyOf(each)),
      namespace: "a",
      controlPlane: keyOf(each),
      naming: namingOf(each),
      createdAt: each.metadata.creationTimestamp ?? "",
    })));
    for (const each of planes) {
      const reasons = aggregationWarnings(each, { list: () => planes }).map(({ reason }) => reason);
      const wishes = namingOf(each) === "Plain" && served.includes(each);
      const expected = eligibilityOf(each).state === "skipped" && each.spec?.operatorAccess?.disabled !== true
        ? ["NameHasDot"]
        : wishes && forms.get(keyText(keyOf(each))) !== "plain"
        ? ["PlainNamesTaken"]
        : [];
      assert.deepEqual(reasons, expected, JSON.stringify(planes));
    }
  }
});
