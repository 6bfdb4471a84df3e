/** What the status, kubectl and Events tell of a Coder that the operator visits. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { FakeClock } from "../../src/telemetry/testing/fake_clock.ts";
import { fakeLicense, startFakeCoder } from "../fake-coder/mod.ts";
import { OPERATOR_USER } from "../operator/install.ts";
import { comesToRest, type Rig, startRig } from "./rig.ts";
import { stepsWithToken } from "./visit_steps.ts";

function status(rig: Rig, wanted: Record<string, unknown>) {
  return waitFor(async () => {
    const { status } = await rig.controlPlane("coder") ?? {};
    const fields = status as Record<string, unknown> | undefined;
    return Object.entries(wanted).every(([name, value]) => fields?.[name] === value) ? status : undefined;
  }, { what: `a status with ${JSON.stringify(wanted)}` });
}

Deno.test("version and tier are in the status and in kubectl, and an outage of Coder takes them from neither", async () => {
  const rig = await startRig("visits");
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  await using operator = await rig.operator({
    endpoints: { coder: fake.url },
    visits: { steps: stepsWithToken(token) },
  });
  await rig.send("POST", "v1/secrets", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "license" },
    stringData: { license: fakeLicense({ feature_set: "premium" }) },
  });
  await rig.create("coder", { licenseSecretRef: { name: "license" } });
  const before = await status(rig, { version: "v2.30.0", licenseTier: "premium", phase: "Ready" });
  assert.match(before?.entitlementsLastChecked ?? "", /^\d{4}-.*Z$/);
  const answers = await rig.condition("coder", "CoderReachable", "True");
  assert.equal(answers.message, `Coder v2.30.0 answers at ${fake.url}`);
  const table = async () => {
    const args = ["get", "codercontrolplane", "coder", "-n", rig.namespace, "-o", "wide"];
    return (await rig.cluster.kubectl(args)).stdout.trim().split("\n");
  };
  const [header = "", row = ""] = await table();
  for (const column of ["VERSION", "LICENSE"]) assert.ok(header.includes(column), header);
  assert.match(row, /\bv2\.30\.0\b.*\bpremium\b/);

  await fake.stop();
  // A change of pods is worth a look at once.
  await rig.change("coder", { spec: { podAnnotations: { turn: "1" } } });
  const away = await rig.condition("coder", "CoderReachable", "False");
  assert.equal(away.reason, "CoderUnavailable");
  assert.equal((await rig.condition("coder", "LicenseApplied", "True")).reason, "Applied");
  const during = await status(rig, { version: "v2.30.0", licenseTier: "premium" });
  assert.equal(during?.licenseLastAppliedHash, before?.licenseLastAppliedHash);
  assert.match((await table())[1] ?? "", /\bv2\.30\.0\b.*\bpremium\b/);

  await fake.start();
  fake.settings.version = "v2.35.1+abcdef";
  await rig.change("coder", { spec: { podAnnotations: { turn: "2" } } });
  await status(rig, { version: "v2.35.1", licenseTier: "premium" });
  const warning = await rig.condition("coder", "ConfigurationWarning", "True");
  assert.match(warning.message, /v2\.35\.1 is newer than those that this operator is tested with/);
  const reasons = await waitFor(async () => {
    const all = await rig.eventReasons("coder");
    return ["CoderReachable", "CoderUnreachable", "LicenseApplied", "ConfigurationWarning"]
        .every((reason) => all.includes(reason))
      ? all
      : undefined;
  }, { what: "the Events of visits" });
  assert.ok(!reasons.includes("LicenseNotApplied"));
  assert.ok(operator.lines.every((line) => !line.includes(token)));
  fake.assertClean();
});

Deno.test("hours at rest cost Coder little and Kubernetes nothing", async () => {
  const rig = await startRig("visitsrest");
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const clock = new FakeClock();
  const start = Date.now();
  let [begun, ended] = [0, 0];
  const steps = [
    { name: "Begin", run: () => Promise.resolve(void begun++) },
    ...stepsWithToken(token),
    { name: "End", run: () => Promise.resolve(void ended++) },
  ];
  await using operator = await rig.operator({
    endpoints: { coder: fake.url },
    visits: {
      steps,
      tools: { now: () => new Date(start + clock.now()) },
      controller: { clock, resyncMs: 0 },
    },
  });
  await rig.create("coder");
  await status(rig, { version: "v2.30.0", licenseTier: "none", phase: "Ready" });
  await rig.ready("coder");
  // What Kubernetes still has to tell settles; the visits' own time stands still.
  await rig.condition("coder", "CoderReachable", "True");
  await comesToRest(rig, operator);
  const mark = await rig.cluster.audit.mark();
  const requests = fake.requests.length;
  const hours = 3;
  for (let minute = 0; minute < hours * 60; minute++) {
    await clock.advance(60_000);
    // Calls take their time on real sockets.
    await waitFor(() => begun === ended || undefined, { what: "the visit to end", intervalMs: 2 });
  }
  const each = (fake.requests.length - requests) / (hours * 60);
  assert.ok(each > 0.1 && each <= 1, `${each} requests a minute`);
  const writes = (await rig.cluster.audit.since(mark)).writes(OPERATOR_USER).filter((
    { namespace, resource },
  ) => namespace === rig.namespace && resource !== "events");
  assert.deepEqual(writes, []);
});
