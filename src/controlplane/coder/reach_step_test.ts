import assert from "node:assert/strict";
import { htmlPage } from "../../../tests/fake-coder/mod.ts";
import { startVisitRig, type VisitRig } from "../../../tests/controlplane/visit_rig.ts";
import { reachStep } from "./reach_step.ts";
import type { Visit, VisitStep } from "./visit.ts";

const MINUTE = 60_000;

/** What later steps of a visit see. */
function witness(): { step: VisitStep; seen: { version: string | undefined; reachable: boolean }[] } {
  const seen: { version: string | undefined; reachable: boolean }[] = [];
  const run = ({ version, reachable }: Visit) => Promise.resolve(void seen.push({ version, reachable }));
  return { seen, step: { name: "Witness", run } };
}

const asked = (rig: VisitRig) => rig.fake.count({ route: "/api/v2/buildinfo" });

Deno.test("Coder's version is in the status, and every visit knows it", async () => {
  await using rig = await startVisitRig();
  const { step, seen } = witness();
  const steps = [reachStep(), step];
  await rig.visit(steps);
  await rig.visit(steps);
  assert.equal(rig.status.version, "v2.30.0");
  assert.equal(rig.condition("CoderReachable"), "True/Answers");
  assert.match(rig.message("CoderReachable"), /^Coder v2\.30\.0 answers at http:\/\/127\.0\.0\.1:\d+$/);
  assert.deepEqual(seen, [{ version: "v2.30.0", reachable: true }, { version: "v2.30.0", reachable: true }]);
  assert.equal(asked(rig), 1);
  assert.equal(rig.fake.requests[0]?.tokenId, undefined, "no token goes along");
});

Deno.test("Coder is asked every five minutes, and at once when pods change", async () => {
  await using rig = await startVisitRig();
  const steps = [reachStep()];
  await rig.run(steps, 60 * MINUTE);
  assert.ok(asked(rig) >= 10 && asked(rig) <= 14, `${asked(rig)}`);
  assert.equal(rig.writes, 1);
  const before = asked(rig);
  rig.fake.settings.version = "v2.29.5+abc";
  await rig.visit(steps);
  assert.equal(asked(rig), before);
  rig.pods = "2";
  await rig.visit(steps);
  assert.equal(asked(rig), before + 1);
  assert.equal(rig.status.version, "v2.29.5");
});

Deno.test("while no pod is available nothing is asked, and the version stays", async () => {
  await using rig = await startVisitRig();
  const { step, seen } = witness();
  const steps = [reachStep(), step];
  rig.ready = false;
  await rig.visit(steps);
  assert.equal(rig.condition("CoderReachable"), "Unknown/NotReady");
  assert.equal(asked(rig), 0);
  rig.ready = true;
  await rig.visit(steps);
  assert.equal(rig.condition("CoderReachable"), "True/Answers");
  rig.ready = false;
  await rig.visit(steps);
  assert.equal(rig.condition("CoderReachable"), "Unknown/NotReady");
  assert.equal(rig.status.version, "v2.30.0");
  assert.deepEqual(seen.map(({ reachable }) => reachable), [false, true, false]);
});

Deno.test("a Coder that does not answer is told, tried again ever later, and found again", async () => {
  await using rig = await startVisitRig();
  const { step, seen } = witness();
  const steps = [reachStep(), step];
  await rig.visit(steps);
  await rig.fake.stop();
  rig.pods = "2";
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    const said = await rig.visit(steps);
    assert.deepEqual(said.troubles, [], "the operator's view alone makes nothing degraded");
    waits.push(rig.lookAgainMs);
    rig.advance(rig.lookAgainMs);
  }
  assert.equal(rig.condition("CoderReachable"), "False/CoderUnavailable");
  assert.match(rig.message("CoderReachable"), /Check that Coder runs and that its address is right/);
  assert.equal(rig.status.version, "v2.30.0");
  assert.deepEqual(seen.at(-1), { version: undefined, reachable: false });
  assert.ok((waits[0] ?? 0) >= 4_000 && (waits[0] ?? 0) <= 6_000, `${waits}`);
  assert.ok((waits[8] ?? 0) >= 240_000 && (waits[8] ?? 0) <= 360_000, `${waits}`);
  assert.equal(rig.writes, 2, "the same failure is written once");
  await rig.fake.start();
  await rig.visit(steps);
  assert.equal(rig.condition("CoderReachable"), "True/Answers");
});

Deno.test("a Coder that asks for fewer requests stays known, and is left in peace", async () => {
  await using rig = await startVisitRig();
  const steps = [reachStep()];
  await rig.visit(steps);
  const end = rig.fake.faults.rateLimit(60);
  rig.pods = "2";
  const before = asked(rig);
  await rig.run(steps, MINUTE);
  assert.equal(asked(rig) - before, 1);
  assert.equal(rig.condition("CoderReachable"), "True/Answers");
  assert.equal(rig.writes, 1);
  end();
  rig.advance(10 * MINUTE);
  await rig.visit(steps);
  assert.equal(asked(rig) - before, 2);
});

Deno.test("a Coder that has never answered but with 429 is not called reachable", async () => {
  await using rig = await startVisitRig();
  rig.fake.faults.rateLimit(null);
  const steps = [reachStep()];
  await rig.run(steps, 2 * MINUTE);
  assert.equal(rig.condition("CoderReachable"), "False/RateLimited");
  assert.equal(rig.writes, 1, "the time to wait is not in the message");
  assert.ok(asked(rig) <= 4, `${asked(rig)}`);
});

Deno.test("a version that the operator is not tested with is a warning, no error", async () => {
  await using rig = await startVisitRig({ version: "v2.41.1+abc" });
  const steps = [reachStep()];
  const first = await rig.visit(steps);
  const [warning] = first.warnings;
  assert.equal(warning?.reason, "VersionNotTested");
  assert.match(warning?.message ?? "", /v2\.41\.1 is newer than those .* \(v2\.28 to v2\.30\)/);
  assert.equal(rig.condition("CoderReachable"), "True/Answers");
  assert.deepEqual((await rig.visit(steps)).warnings, first.warnings, "and stays one");
  rig.fake.settings.version = "v2.20.0";
  rig.pods = "2";
  assert.match((await rig.visit(steps)).warnings[0]?.message ?? "", /is older/);
  rig.fake.settings.version = "mine";
  rig.pods = "3";
  assert.match((await rig.visit(steps)).warnings[0]?.message ?? "", /mine cannot be compared/);
});

Deno.test("what will not pass by itself makes the control plane degraded", async () => {
  await using rig = await startVisitRig();
  const steps = [reachStep()];
  rig.fake.faults.add({ action: { do: "body", body: `{"version":7}` } });
  const broken = await rig.visit(steps);
  assert.equal(rig.condition("CoderReachable"), "False/BadResponse");
  assert.equal(broken.troubles[0]?.reason, "BadResponse");
  rig.pods = "2";
  rig.fake.faults.add({
    action: { do: "body", body: `{"version":"v2.30.0","workspace_proxy":true}` },
  });
  const proxy = await rig.visit(steps);
  assert.equal(rig.condition("CoderReachable"), "False/WorkspaceProxy");
  assert.match(proxy.troubles[0]?.message ?? "", /--control-plane-endpoint/);
});

Deno.test("a page of something in front of Coder is no Coder", async () => {
  await using rig = await startVisitRig();
  rig.fake.faults.add({ action: htmlPage(503, "nginx") });
  await rig.visit([reachStep()]);
  assert.equal(rig.condition("CoderReachable"), "False/CoderUnavailable");
});

Deno.test("an address that cannot be used is told as such", async () => {
  await using rig = await startVisitRig();
  rig.url = "ftp://coder.example.com";
  const said = await rig.visit([reachStep()]);
  assert.equal(rig.condition("CoderReachable"), "False/AddressInvalid");
  assert.match(said.troubles[0]?.message ?? "", /must begin with https/);
});

Deno.test("a control plane of the same name that comes later is asked for itself", async () => {
  await using rig = await startVisitRig();
  const step = reachStep();
  await rig.visit([step]);
  step.forget?.(rig.uid);
  await rig.visit([step]);
  assert.equal(asked(rig), 2);
});
