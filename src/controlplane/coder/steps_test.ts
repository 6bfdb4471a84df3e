/** All steps together: their order, and what they cost. */
import assert from "node:assert/strict";
import { fakeLicense } from "../../../tests/fake-coder/mod.ts";
import {
  type AccessRig,
  MINUTE,
  startAccessRig,
  WITH_DATABASE,
} from "../../../tests/controlplane/access_rig.ts";
import type { VisitRigOptions } from "../../../tests/controlplane/visit_rig.ts";
import { visitSteps } from "./steps.ts";

const HOUR = 60 * MINUTE;
const SPEC = {
  ...WITH_DATABASE,
  licenseSecretRef: { name: "license" },
  firstUser: { secretName: "owner" },
};

/** A control plane that wants everything, on an empty deployment. */
async function start(options: VisitRigOptions = {}): Promise<AccessRig> {
  const rig = await startAccessRig({ spec: SPEC, ...options });
  rig.secret("license", { license: fakeLicense({ feature_set: "premium" }) });
  rig.secret("owner", { username: "ada", email: "ada@example.com", password: "Correct-Horse-7" });
  return rig;
}
const states = (rig: AccessRig) =>
  ["CoderReachable", "FirstUser", "OperatorAccess", "LicenseApplied"].map((type) => rig.condition(type));

Deno.test("steps run in an order in which each finds what it needs", async () => {
  assert.deepEqual(visitSteps().map(({ name }) => name), [
    "Reach",
    "FirstUser",
    "Access",
    "Schema",
    "License",
    "Entitlements",
  ]);
  await using rig = await start();
  await rig.visit(visitSteps());
  assert.deepEqual(
    states(rig).map((state) => state.split("/")[0]),
    ["True", "True", "True", "True"],
    "in one visit",
  );
  assert.equal(rig.status.version, "v2.30.0");
  assert.equal(rig.status.licenseTier, "premium");
  assert.equal(rig.status.externalProvisionerDaemonsEntitlement, "entitled");
});

for (const edition of ["enterprise", "agpl"] as const) {
  Deno.test(`at rest a deployment (${edition}) sees at most one request a minute, and Kubernetes no write`, async () => {
    await using rig = await start();
    rig.fake.settings.edition = edition;
    const steps = visitSteps();
    await rig.run(steps, HOUR);
    const [requests, writes, secretWrites] = [rig.fake.requests.length, rig.writes, rig.secretWrites.length];
    const database = rig.database.calls.length;
    await rig.run(steps, 12 * HOUR);
    const each = (rig.fake.requests.length - requests) / (12 * 60);
    assert.ok(each <= 1, `${each} requests a minute`);
    assert.equal(rig.writes - writes, 0);
    assert.equal(rig.secretWrites.length - secretWrites, 0);
    assert.equal(rig.database.calls.length - database, 0);
    assert.equal(rig.fake.count({ method: "POST", route: "/api/v2/licenses" }), edition === "agpl" ? 0 : 1);
  });
}

Deno.test("visits that other things cause cost Coder nothing", async () => {
  await using rig = await start();
  const steps = visitSteps();
  await rig.run(steps, 2 * MINUTE);
  const before = rig.fake.requests.length;
  for (let i = 0; i < 50; i++) {
    await rig.visit(steps);
    rig.advance(100);
  }
  assert.ok(rig.fake.requests.length - before <= 1, `${rig.fake.requests.length - before}`);
});

for (const retryAfter of [60, null, 30]) {
  for (const when of ["at the first visit", "at rest"]) {
    const named = retryAfter === null ? "names no time" : `asks for ${retryAfter} s`;
    Deno.test(`rate-limited for a minute by a Coder that ${named}, ${when}: at most three requests`, async () => {
      await using rig = await start();
      const steps = visitSteps();
      if (when === "at rest") {
        await rig.run(steps, HOUR);
        // Everything is due.
        rig.advance(11 * MINUTE);
      }
      const before = rig.fake.requests.length;
      const end = rig.fake.faults.rateLimit(retryAfter);
      // Something else causes visits all the time.
      for (let second = 0; second < 60; second += 2) {
        await rig.visit(steps);
        rig.advance(2_000);
      }
      const sent = rig.fake.requests.length - before;
      assert.ok(sent >= 1 && sent <= 3, `${sent} requests`);
      if (when === "at rest") {
        const kept = states(rig).map((state) => state.split("/")[0]);
        assert.deepEqual(kept, ["True", "True", "True", "True"], "nothing is taken back");
      }
      end();
      await rig.run(steps, 15 * MINUTE);
      assert.equal(rig.condition("LicenseApplied"), "True/Applied");
      assert.equal(rig.condition("CoderReachable"), "True/Answers");
    });
  }
}

Deno.test("control planes that begin together do not stay together", async () => {
  const dues: number[] = [];
  for (let i = 0; i < 20; i++) {
    await using rig = await start();
    const steps = visitSteps();
    await rig.visit(steps);
    rig.advance(rig.lookAgainMs);
    await rig.visit(steps);
    dues.push(rig.clock.now() + rig.lookAgainMs);
  }
  assert.ok(new Set(dues).size >= 15, `${dues}`);
});
