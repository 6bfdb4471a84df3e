import assert from "node:assert/strict";
import {
  fakeLicense,
  type Fault,
  htmlPage,
  type LicenseWords,
  refuse,
} from "../../../../tests/fake-coder/mod.ts";
import { accessStep, startVisitRig, type VisitRig } from "../../../../tests/controlplane/visit_rig.ts";
import type { Entitlements } from "../../../coder/mod.ts";
import { entitlementsStep, licenseFacts } from "./entitlements_step.ts";
import { licenseStep } from "./license_step.ts";
import { reachStep } from "../reach_step.ts";
import type { VisitStep } from "../visit.ts";

const ROUTE = "/api/v2/entitlements";
const MINUTE = 60_000;
const steps = (
  rig: VisitRig,
): VisitStep[] => [reachStep(), accessStep(rig), licenseStep(), entitlementsStep()];
const asked = (rig: VisitRig) => rig.fake.count({ route: ROUTE });

/** The licence is in Coder, as if somebody had put it there. */
function put(rig: VisitRig, words: LicenseWords): void {
  const jwt = fakeLicense(words);
  const claims = JSON.parse(
    new TextDecoder().decode(Uint8Array.fromBase64(jwt.split(".")[1] ?? "", { alphabet: "base64url" })),
  );
  rig.fake.state.licenses.push({ id: 1, uuid: claims.jti, uploaded_at: claims.iat, claims, jwt });
}
const facts = ({ status }: VisitRig) => [status.licenseTier, status.externalProvisionerDaemonsEntitlement];

Deno.test("the tier and what it allows follow from Coder's entitlements", async () => {
  const soon = Math.floor(Date.now() / 1_000) - 60;
  const rows: [LicenseWords | undefined, [string, string]][] = [
    [undefined, ["none", "not_entitled"]],
    [{ feature_set: "enterprise" }, ["enterprise", "entitled"]],
    [{ feature_set: "premium" }, ["premium", "entitled"]],
    [{ feature_set: "premium", trial: true }, ["trial", "entitled"]],
    [{ feature_set: "", features: { user_limit: 10 } }, ["enterprise", "not_entitled"]],
    [{ feature_set: "", features: { custom_roles: 1 } }, ["premium", "not_entitled"]],
    [{ feature_set: "premium", license_expires: soon }, ["premium", "grace_period"]],
  ];
  for (const [words, expected] of rows) {
    await using rig = await startVisitRig();
    if (words !== undefined) put(rig, words);
    await rig.visit(steps(rig));
    assert.deepEqual(facts(rig), expected, JSON.stringify(words));
    assert.equal(rig.status.entitlementsLastChecked, "2026-01-01T00:00:00Z");
  }
});

Deno.test("words of other versions of Coder are unknown, not believed", () => {
  const entitlements = (features: Record<string, string>): Entitlements => ({
    has_license: true,
    trial: false,
    warnings: [],
    errors: [],
    features: Object.fromEntries(
      Object.entries(features).map(([name, entitlement]) => [name, { entitlement, enabled: true }]),
    ),
  });
  const provisioners = (features: Record<string, string>) =>
    licenseFacts(entitlements(features)).externalProvisionerDaemonsEntitlement;
  assert.equal(provisioners({ external_provisioner_daemons: "maybe" }), "unknown");
  assert.equal(provisioners({}), "unknown");
  assert.equal(licenseFacts(entitlements({ multiple_organizations: "grace_period" })).licenseTier, "premium");
  assert.equal(licenseFacts(entitlements({ multiple_organizations: "toString" })).licenseTier, "enterprise");
});

Deno.test("the time of the check is written when a value changes, and never ticks", async () => {
  await using rig = await startVisitRig();
  const all = steps(rig);
  await rig.run(all, 120 * MINUTE);
  assert.ok(asked(rig) >= 20 && asked(rig) <= 28, `${asked(rig)}`);
  assert.equal(rig.writes, 1);
  assert.equal(rig.status.entitlementsLastChecked, "2026-01-01T00:00:00Z");
  put(rig, {});
  await rig.run(all, 10 * MINUTE);
  assert.equal(rig.writes, 2);
  assert.match(rig.status.entitlementsLastChecked ?? "", /^2026-01-01T02:0/);
});

Deno.test("after a restart of the operator the same values are no change", async () => {
  await using rig = await startVisitRig();
  await rig.visit(steps(rig));
  const before = rig.status;
  rig.advance(60 * MINUTE);
  await rig.visit(steps(rig));
  assert.equal(asked(rig), 2);
  assert.deepEqual(rig.status, before);
});

Deno.test("a status without the time of its check gets one", async () => {
  await using rig = await startVisitRig({
    status: { licenseTier: "none", externalProvisionerDaemonsEntitlement: "not_entitled" },
  });
  await rig.visit(steps(rig));
  assert.equal(rig.status.entitlementsLastChecked, "2026-01-01T00:00:00Z");
});

Deno.test("before anything is known both values are unknown, and old ones stay", async () => {
  await using rig = await startVisitRig();
  rig.ready = false;
  const all = steps(rig);
  await rig.visit(all);
  await rig.visit(all);
  assert.deepEqual(facts(rig), ["unknown", "unknown"]);
  assert.equal(rig.status.entitlementsLastChecked, undefined);
  assert.equal(asked(rig), 0);
  rig.status = { ...rig.status, licenseTier: "premium" };
  await rig.visit(steps(rig));
  assert.deepEqual(facts(rig), ["premium", "unknown"]);
});

Deno.test("an applied licence shows at once, and once more when all pods of Coder know it", async () => {
  await using rig = await startVisitRig();
  const all = steps(rig);
  await rig.visit(all);
  assert.deepEqual(facts(rig), ["none", "not_entitled"]);
  rig.spec = { licenseSecretRef: { name: "license" } };
  rig.secret("license", { license: fakeLicense({ feature_set: "premium" }) });
  await rig.visit(all);
  assert.deepEqual(facts(rig), ["premium", "entitled"]);
  assert.equal(asked(rig), 2);
  await rig.run(all, MINUTE);
  assert.equal(asked(rig), 3);
  await rig.run(all, 3 * MINUTE);
  assert.equal(asked(rig), 3);
});

Deno.test("a build without licences is tier none", async () => {
  await using rig = await startVisitRig({ edition: "agpl" });
  const said = await rig.visit(steps(rig));
  assert.deepEqual(facts(rig), ["none", "not_entitled"]);
  assert.deepEqual(said.troubles, []);
});

Deno.test("no token is needed", async () => {
  await using rig = await startVisitRig();
  rig.token = undefined;
  put(rig, {});
  await rig.visit(steps(rig));
  assert.deepEqual(facts(rig), ["enterprise", "entitled"]);
});

for (
  const [what, action, isTrouble] of [
    ["401", { do: "answer", reply: refuse(401, "You are signed out.") }, false],
    ["403", { do: "answer", reply: refuse(403, "Forbidden.") }, true],
    ["429", { do: "answer", reply: refuse(429, "Slow down.", { headers: { "Retry-After": "60" } }) }, false],
    ["500", { do: "answer", reply: refuse(500, "Internal error.") }, false],
    ["a page of an ingress", htmlPage(502, "nginx"), false],
    ["a broken connection", { do: "dropRequest" }, false],
    ["an answer without features", { do: "body", body: `{"has_license":false}` }, true],
  ] as [string, Fault["action"], boolean][]
) {
  Deno.test(`${what} changes no value, and is tried again with patience`, async () => {
    await using rig = await startVisitRig();
    put(rig, { feature_set: "premium" });
    const all = steps(rig);
    await rig.visit(all);
    const before = rig.status;
    const remove = rig.fake.faults.add({ route: ROUTE, times: Infinity, action });
    rig.fake.state.licenses.length = 0;
    rig.advance(6 * MINUTE);
    const earlier = asked(rig);
    const said = await rig.visit(all);
    assert.equal(said.troubles.length > 0, isTrouble);
    if (isTrouble) assert.equal(said.troubles[0]?.reason, "EntitlementsUnknown");
    await rig.run(all, 4 * MINUTE);
    assert.deepEqual(facts(rig), facts({ status: before } as VisitRig));
    assert.ok(asked(rig) - earlier <= 12, `${asked(rig) - earlier}`);
    await rig.visit(steps(rig));
    assert.deepEqual(facts(rig), ["premium", "entitled"], "nor after a restart of the operator");
    remove();
    await rig.run(all, 12 * MINUTE);
    assert.deepEqual(facts(rig), ["none", "not_entitled"]);
  });
}

Deno.test("a control plane that comes later under the same name is asked for itself", async () => {
  await using rig = await startVisitRig();
  const all = steps(rig);
  await rig.visit(all);
  for (const step of all) step.forget?.(rig.uid);
  await rig.visit(all);
  assert.equal(asked(rig), 2);
});
