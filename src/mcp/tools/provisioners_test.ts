import assert from "node:assert/strict";
import type { CoderProvisioner } from "../../api/provisioner.ts";
import { toolRig } from "../testing.ts";
import { platformCluster } from "./platform_testing.ts";
import { getProvisionerStatus, listProvisioners } from "./provisioners.ts";

const provisioner = (
  name: string,
  spec: Partial<NonNullable<CoderProvisioner["spec"]>> = {},
  status: CoderProvisioner["status"] = {},
  metadata: object = {},
): CoderProvisioner => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderProvisioner",
  metadata: { namespace: "lab", name, generation: 1, ...metadata },
  spec: { controlPlaneRef: { name: "main" }, ...spec },
  status,
});
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

Deno.test("provisioners are listed with whose they are, how many there are, and what troubles them", async () => {
  const cluster = platformCluster({
    objects: [
      provisioner("us", { controlPlaneRef: { name: "other", namespace: "prod" } }, {
        phase: "Pending",
        replicas: 1,
        conditions: [{
          type: "Ready",
          status: "False",
          reason: "NotEntitled",
          message: "the licence has none",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        }],
      }),
      provisioner("eu", { organizationName: "acme" }, { phase: "Ready", replicas: 2, readyReplicas: 2 }),
    ],
  });
  const rig = toolRig({ cluster });
  const eu = {
    name: "eu",
    namespace: "lab",
    controlPlane: "lab/main",
    organization: "acme",
    phase: "Ready",
    readyReplicas: 2,
    replicas: 2,
  };
  assert.deepEqual(plain((await rig.run(listProvisioners)).output), {
    items: [eu, {
      name: "us",
      namespace: "lab",
      controlPlane: "prod/other",
      organization: "default",
      phase: "Pending",
      readyReplicas: 0,
      replicas: 1,
      trouble: "NotEntitled: the licence has none",
    }],
  });
  for (const controlPlane of ["main", "lab/main"]) {
    const { output } = await rig.run(listProvisioners, { namespace: "lab", controlPlane, limit: 5 });
    assert.deepEqual(plain(output), { items: [eu] });
  }
  assert.deepEqual((await rig.run(listProvisioners, { controlPlane: "ain" })).output, { items: [] });
});

Deno.test("provisioners come in pages", async () => {
  const objects = Array.from({ length: 60 }, (_, index) => provisioner(`p${index}`));
  const rig = toolRig({ cluster: platformCluster({ objects }) });
  const { output } = await rig.run(listProvisioners);
  assert.deepEqual([(output["items"] as unknown[]).length, output["total"]], [50, 60]);
  const rest = await rig.run(listProvisioners, { cursor: output["nextCursor"] });
  assert.equal((rest.output["items"] as unknown[]).length, 10);
});

Deno.test("one that nobody can read hides no others", async () => {
  const odd = { ...provisioner("odd"), spec: { controlPlaneRef: 7 } } as unknown as CoderProvisioner;
  const rig = toolRig({ cluster: platformCluster({ objects: [odd, provisioner("eu")] }) });
  const { output } = await rig.run(listProvisioners);
  assert.equal((output["items"] as unknown[]).length, 1);
  assert.match(String(output["warnings"]), /^Left out: .*lab\/odd cannot be read: spec.controlPlaneRef/);
  const error = await rig.refuses(getProvisionerStatus, { namespace: "lab", name: "odd" });
  assert.equal(error.code, "invalid");
  assert.match(error.message, /^get CoderProvisioner lab\/odd: .*spec.controlPlaneRef/);
});

Deno.test("a status has scaling, tags and conditions", async () => {
  const conditions = [{
    type: "Ready",
    status: "True",
    reason: "Ready",
    message: "well",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }];
  const objects = [
    provisioner(
      "eu",
      { tags: { region: "eu" }, autoscale: { maxReplicas: 5 } },
      {
        observedGeneration: 1,
        phase: "Ready",
        replicas: 2,
        readyReplicas: 2,
        provisionerKeyName: "eu-1",
        image: "coder:v2",
        conditions,
      },
    ),
    provisioner("us", { replicas: 3 }, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  ];
  const rig = toolRig({ cluster: platformCluster({ objects }) });
  const status = async (name: string) =>
    plain((await rig.run(getProvisionerStatus, { namespace: "lab", name })).output);
  assert.deepEqual(await status("eu"), {
    name: "eu",
    namespace: "lab",
    controlPlane: "lab/main",
    organization: "default",
    phase: "Ready",
    readyReplicas: 2,
    replicas: 2,
    observedGeneration: 1,
    autoscale: { min: 1, max: 5 },
    tags: { region: "eu" },
    image: "coder:v2",
    keyName: "eu-1",
    conditions: [{ type: "Ready", status: "True", reason: "Ready", message: "well" }],
  });
  const us = await status("us");
  assert.deepEqual([us.desiredReplicas, us.warnings], [3, ["it is being deleted"]]);
});

Deno.test("a status that is behind says so", async () => {
  const objects = [provisioner("eu", {}, { observedGeneration: 1 }, { generation: 2 })];
  const rig = toolRig({ cluster: platformCluster({ objects }) });
  const { output } = await rig.run(getProvisionerStatus, { namespace: "lab", name: "eu" });
  assert.match(String(output["warnings"]), /has not handled the newest spec/);
});
