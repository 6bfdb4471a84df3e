/** The licence on a real cluster: with a fake Coder that takes licences, and with a real one that does not. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { waitFor } from "../cluster/mod.ts";
import { sharedCoderd } from "../coder/mod.ts";
import { type FakeCoder, fakeLicense, startFakeCoder } from "../fake-coder/mod.ts";
import { type Rig, startRig } from "./rig.ts";
import { stepsWithToken } from "./visit_steps.ts";

const ROUTE = "/api/v2/licenses";
const SPEC = { licenseSecretRef: { name: "license" } };

function license(feature_set: "enterprise" | "premium"): { jti: string; text: string; hash: string } {
  const jti = randomUUID();
  const text = fakeLicense({ jti, feature_set });
  return { jti, text, hash: createHash("sha256").update(text).digest("hex") };
}

async function putSecret(rig: Rig, text: string): Promise<void> {
  const stringData = { license: `${text}\n` };
  if (await rig.get("v1/secrets/license") !== undefined) {
    await rig.send("PATCH", "v1/secrets/license", { stringData });
    return;
  }
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "license" }, stringData };
  await rig.send("POST", "v1/secrets", secret);
}

const posts = (fake: FakeCoder) => fake.count({ method: "POST", route: ROUTE });

/** Waits until the status tells this licence and tier. */
function told(rig: Rig, hash: string, tier: string) {
  return waitFor(async () => {
    const { status } = await rig.controlPlane("coder") ?? {};
    return status?.licenseLastAppliedHash === hash && status.licenseTier === tier ? status : undefined;
  }, { what: `licence ${hash.slice(0, 8)} with tier ${tier} in the status` });
}

Deno.test("a licence is applied, rotated with its Secret, replaced, and kept when the reference goes", async () => {
  const rig = await startRig("license");
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const [first, second] = [license("enterprise"), license("premium")];
  await using operator = await rig.operator({
    endpoints: { coder: fake.url },
    visits: { steps: stepsWithToken(token) },
  });
  await rig.create("coder", SPEC);
  const missing = await rig.condition("coder", "LicenseApplied", "False");
  assert.match(missing.reason, /^(Pending|SecretMissing)$/);
  await waitFor(
    async () =>
      (await rig.condition("coder", "LicenseApplied", "False")).reason === "SecretMissing" || undefined,
    { what: "the missing Secret to be told" },
  );
  await putSecret(rig, first.text);
  const status = await told(rig, first.hash, "enterprise");
  assert.equal((await rig.condition("coder", "LicenseApplied", "True")).reason, "Applied");
  assert.equal(status.externalProvisionerDaemonsEntitlement, "entitled");
  assert.deepEqual(status.appliedLicenses, [first.jti]);
  await rig.condition("coder", "Degraded", "False");

  await putSecret(rig, second.text);
  await told(rig, second.hash, "premium");
  await waitFor(() => fake.state.licenses.length === 1 || undefined, { what: "the old licence to go" });
  assert.deepEqual(fake.state.licenses.map(({ uuid }) => uuid), [second.jti]);
  const changes = fake.requests.filter(({ route, method }) => route?.startsWith(ROUTE) && method !== "GET");
  assert.deepEqual(changes.map(({ method }) => method), ["POST", "POST", "DELETE"]);

  await rig.change("coder", { spec: { licenseSecretRef: null } });
  const unknown = await waitFor(async () => {
    const { status } = await rig.controlPlane("coder") ?? {};
    return status?.conditions?.find(({ type, status }) => type === "LicenseApplied" && status === "Unknown");
  }, { what: "the reference to be missed" });
  assert.equal(unknown.reason, "Pending");
  assert.match(unknown.message, /applied earlier stays in Coder/);
  assert.equal(fake.state.licenses.length, 1);

  const reasons = await waitFor(async () => {
    const all = await rig.eventReasons("coder");
    const uploaded = all.filter((reason) => reason === "LicenseUploaded").length;
    return uploaded >= 2 && all.includes("LicenseApplied") && all.includes("LicenseRemoved")
      ? all
      : undefined;
  }, { what: "the Events of the licence" });
  assert.equal(reasons.filter((reason) => reason === "LicenseUploaded").length, 2);
  for (const { text } of [first, second]) {
    assert.ok(!operator.lines.some((line) => line.includes(text)));
  }
  fake.assertClean();
});

Deno.test("a licence that Coder refuses is sent once, whatever wakes the operator", async () => {
  const rig = await startRig("badlicense");
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const steps = stepsWithToken(token);
  await using operator = await rig.operator({ endpoints: { coder: fake.url }, visits: { steps } });
  await putSecret(rig, "this is no licence");
  await rig.create("coder", SPEC);
  const refused = await waitFor(async () => {
    const condition = await rig.condition("coder", "LicenseApplied", "False");
    return condition.reason === "Error" ? condition : undefined;
  }, { what: "the refusal to be told" });
  assert.match(refused.message, /Invalid license/);
  assert.equal((await rig.condition("coder", "Degraded", "True")).reason, "LicenseNotApplied");
  assert.equal((await rig.ready("coder")).status?.phase, "Ready", "Coder itself is ready");
  for (let i = 0; i < 3; i++) {
    const looks = fake.count({ method: "GET", route: ROUTE });
    await rig.send("PATCH", "v1/secrets/license", { metadata: { annotations: { touched: `${i}` } } });
    await rig.change("coder", { spec: { podAnnotations: { turn: `${i}` } } });
    operator.visit("coder");
    await waitFor(() => fake.count({ method: "GET", route: ROUTE }) > looks || undefined, {
      what: "another look",
    });
  }
  assert.equal(posts(fake), 1);
  const good = license("enterprise");
  await putSecret(rig, good.text);
  await told(rig, good.hash, "enterprise");
  await rig.condition("coder", "Degraded", "False");
  assert.equal(posts(fake), 2);
});

Deno.test("a real Coder without licences says NotSupported, and its tier is none", async () => {
  const rig = await startRig("agpl");
  const coderd = await sharedCoderd();
  const { token } = await coderd.firstUser();
  await using _operator = await rig.operator({
    endpoints: { coder: coderd.url },
    visits: { steps: stepsWithToken(token) },
  });
  await putSecret(rig, fakeLicense());
  await rig.create("coder", SPEC);
  const condition = await waitFor(async () => {
    const found = await rig.condition("coder", "LicenseApplied", "False");
    return found.reason === "NotSupported" ? found : undefined;
  }, { what: "Coder's build to be told" });
  assert.match(condition.message, /AGPL/);
  const status = await waitFor(async () => {
    const { status } = await rig.controlPlane("coder") ?? {};
    return status?.licenseTier === "none" ? status : undefined;
  }, { what: "the tier in the status" });
  assert.equal(status.externalProvisionerDaemonsEntitlement, "not_entitled");
  assert.equal(status.version, "v2.30.0");
  assert.equal(status.licenseLastAppliedHash, undefined);
});
