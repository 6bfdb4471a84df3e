import assert from "node:assert/strict";
import { startClientRig } from "../../../tests/fake-coder/client_rig.ts";
import { fakeLicense } from "../../../tests/fake-coder/mod.ts";
import type { CoderClient } from "../../coder/mod.ts";
import { toolRig } from "../testing.ts";
import { ToolError } from "../errors.ts";
import { getLicenseAndEntitlements } from "./licences.ts";
import { platformCluster, platformCoders } from "./platform_testing.ts";

const control = (status: object = {}) => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { namespace: "lab", name: "main" },
  status,
});
const known = {
  licenseTier: "premium",
  entitlementsLastChecked: "2026-01-01T00:00:00Z",
  externalProvisionerDaemonsEntitlement: "entitled",
};
const args = { namespace: "lab", name: "main" };
const run = async (open: CoderClient | Error, more: object = {}, status: object = known) => {
  const coders = platformCoders([{ id: "lab/main", open }]);
  const cluster = platformCluster({ objects: [control(status)] });
  return {
    coders,
    ...(await toolRig({ cluster, coders }).run(getLicenseAndEntitlements, { ...args, ...more })),
  };
};

Deno.test("a licence is told by what it allows and until when, never by itself or by whose it is", async () => {
  await using coder = await startClientRig();
  const expires = Math.floor(Date.now() / 1_000) + 3_600;
  const license = fakeLicense({ feature_set: "premium", license_expires: expires });
  await coder.client.licenses.add(license);
  const { output, text, coders } = await run(coder.client);
  const { features, licenses, checkedAt, ...rest } = output as {
    features: { name: string; entitlement: string; enabled: boolean }[];
    licenses: Record<string, unknown>[];
    checkedAt: string;
  };
  assert.deepEqual(rest, {
    source: "coder",
    tier: "premium",
    externalProvisioners: "entitled",
    hasLicense: true,
    trial: false,
  });
  assert.ok(Math.abs(Date.parse(checkedAt) - Date.now()) < 60_000);
  assert.ok(features.some(({ name, enabled }) => name === "workspace_proxy" && enabled));
  assert.deepEqual(licenses.map(({ uploadedAt: _, ...one }) => JSON.parse(JSON.stringify(one))), [{
    id: 1,
    expiresAt: new Date(expires * 1_000).toISOString(),
    featureSet: "premium",
    trial: false,
  }]);
  assert.ok(!text.includes(license.slice(0, 20)) && !text.includes("salesforce"));
  assert.deepEqual(coders.needs, [
    { verb: "get", group: "coder.com", resource: "codercontrolplanes", namespace: "lab", name: "main" },
  ]);
});

Deno.test("features that are not entitled are told where they are asked for", async () => {
  await using coder = await startClientRig();
  assert.deepEqual((await run(coder.client)).output["features"], []);
  const all = (await run(coder.client, { allFeatures: true })).output["features"] as { name: string }[];
  assert.ok(all.length > 20);
  assert.deepEqual(all.map(({ name }) => name), all.map(({ name }) => name).sort());
});

Deno.test("limits are told with how much is used, and Coder's own warnings with them", async () => {
  await using coder = await startClientRig();
  coder.fake.faults.add({
    route: "/api/v2/entitlements",
    action: {
      do: "body",
      body: JSON.stringify({
        features: {
          user_limit: { entitlement: "grace_period", enabled: true, limit: 10, actual: 12 },
          audit_log: { entitlement: "entitled", enabled: true, limit: null },
        },
        has_license: true,
        trial: true,
        warnings: ["You have more users than the licence allows."],
        errors: ["Expired"],
      }),
    },
  });
  const { output } = await run(coder.client);
  assert.deepEqual(output["features"], [
    { name: "audit_log", entitlement: "entitled", enabled: true },
    { name: "user_limit", entitlement: "grace_period", enabled: true, limit: 10, actual: 12 },
  ]);
  assert.deepEqual(output["messages"], ["Expired", "You have more users than the licence allows."]);
  assert.equal(output["externalProvisioners"], "unknown");
});

Deno.test("while Coder is down, what the operator saw last is told within about a second, as that", async () => {
  await using hangs = await startClientRig();
  hangs.fake.faults.add({ action: { do: "hang" }, times: Infinity });
  for (
    const open of [hangs.client, new ToolError("unavailable", "the Coder of lab/main cannot be asked now")]
  ) {
    const start = performance.now();
    const { output } = await run(open);
    assert.ok(performance.now() - start < 15_000);
    const { warnings, ...rest } = output;
    assert.deepEqual(rest, {
      source: "status",
      tier: "premium",
      checkedAt: "2026-01-01T00:00:00Z",
      externalProvisioners: "entitled",
    });
    assert.match(String(warnings), /^this is what the operator saw last, for Coder told nothing: /);
  }
});

Deno.test("a build without licences says so", async () => {
  await using coder = await startClientRig({ edition: "agpl" });
  const { output } = await run(coder.client, {}, {});
  assert.deepEqual(JSON.parse(JSON.stringify(output)), {
    source: "status",
    tier: "unknown",
    externalProvisioners: "unknown",
    warnings: ["this build of Coder knows no licences"],
  });
});

Deno.test("licences that cannot be listed hide no entitlements", async () => {
  await using coder = await startClientRig();
  coder.fake.faults.add({ route: "/api/v2/licenses", action: { do: "dropRequest" }, times: Infinity });
  const { output } = await run(coder.client);
  assert.deepEqual([output["source"], output["licenses"]], ["coder", undefined]);
  assert.deepEqual(output["warnings"], ["the licences themselves could not be listed"]);
});

Deno.test("a control plane that is not there is an error", async () => {
  const rig = toolRig({ cluster: platformCluster(), coders: platformCoders([]) });
  const error = await rig.refuses(getLicenseAndEntitlements, args);
  assert.equal(
    error.message,
    'get the licence of lab/main: codercontrolplanes.coder.com "main" not found',
  );
});
