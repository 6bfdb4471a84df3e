import assert from "node:assert/strict";
import type { CoderClient } from "../../coder/mod.ts";
import { createBudget, createCoderClient, createTransport } from "../../coder/mod.ts";
import { htmlPage, startFakeCoder } from "../../../tests/fake-coder/mod.ts";
import { askVerdict, statusVerdict } from "./entitlement.ts";
import { changed } from "../../reconciler/testing/fakes.ts";
import { license, VisitWorld } from "../../../tests/provisioner/visit_world.ts";

const ENTITLEMENTS = "/api/v2/entitlements";
const now = new Date("2026-01-01T00:10:00Z");
const at = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();

Deno.test("what a control plane knows counts, save where it is an old no", () => {
  const known = (entitlement: string | undefined, checked: string | undefined) =>
    statusVerdict({
      ...(entitlement !== undefined && { externalProvisionerDaemonsEntitlement: entitlement }),
      ...(checked !== undefined && { entitlementsLastChecked: checked }),
    }, now);
  for (const entitlement of ["entitled", "grace_period"]) {
    for (const checked of [undefined, at(0), at(-5), at(1_000)]) {
      assert.equal(known(entitlement, checked)?.reason, "Entitled", `${entitlement} ${checked}`);
    }
  }
  const fresh = known("not_entitled", at(1.5));
  assert.deepEqual([fresh?.entitled, fresh?.reason, fresh?.freshForMs], [false, "NotEntitled", 30_000]);
  assert.equal(known("not_entitled", at(-5))?.freshForMs, 120_000, "a time to come is now");
  for (const [entitlement, checked] of [["not_entitled", at(2)], ["unknown", at(0)], [undefined, at(0)]]) {
    assert.equal(known(entitlement, checked), undefined);
  }
  assert.equal(known("not_entitled", undefined), undefined);
});

/** A client whose entitlements are these, or fail so. */
function clientOf(entitlements: () => unknown): CoderClient {
  return { licenses: { entitlements: () => Promise.resolve().then(entitlements) } } as unknown as CoderClient;
}

const signal = new AbortController().signal;

Deno.test("Coder's own words are understood, and others are no yes", async () => {
  const said = async (features: unknown) => await askVerdict(clientOf(() => ({ features })), signal);
  const feature = (entitlement: string) => ({ external_provisioner_daemons: { entitlement } });
  assert.equal((await said(feature("entitled"))).reason, "Entitled");
  assert.match((await said(feature("grace_period"))).message, /grace period: renew it/);
  assert.equal((await said(feature("not_entitled"))).reason, "NotEntitled");
  assert.equal((await said({})).reason, "NotEntitled");
  const odd = await said(feature("perhaps"));
  assert.deepEqual([odd.entitled, odd.reason], [false, "NotEntitled"]);
  assert.match(odd.message, /"perhaps"/);
  await assert.rejects(askVerdict(clientOf(() => assert.fail("a mistake")), signal), /a mistake/);
});

Deno.test("refusals are told apart as the Go operator did", async () => {
  await using coder = await startFakeCoder();
  const transport = createTransport({ url: coder.url });
  const { token } = coder.state.addOwner();
  const client = createCoderClient({ transport, token, budget: createBudget({}) });
  const refused = async (status: number, message = "no") => {
    coder.faults.add({
      route: ENTITLEMENTS,
      action: { do: "answer", reply: { status, json: { message } } as never },
    });
    return (await askVerdict(client, signal)).reason;
  };
  assert.equal(await refused(403), "Forbidden");
  assert.equal(await refused(401, "You must be signed in"), "Forbidden");
  coder.faults.add({ route: ENTITLEMENTS, action: htmlPage(500, "Oh") });
  assert.equal((await askVerdict(client, signal)).reason, "EntitlementsQueryFailed");
  coder.settings.edition = "agpl";
  assert.equal((await askVerdict(client, signal)).reason, "NotSupported");
  transport.close();
});

Deno.test("Coder is asked once for all where the control plane does not know", async () => {
  await using world = await VisitWorld.start({
    controlPlaneStatus: { externalProvisionerDaemonsEntitlement: "unknown" },
  });
  const visits = await Promise.all([world.visit(), world.visit()]);
  assert.deepEqual(visits.map(({ entitled }) => entitled), [true, true]);
  assert.equal(world.coder.count({ route: ENTITLEMENTS }), 1);
  assert.equal(world.said("ExternalProvisionersEntitled"), "True Entitled");
});

Deno.test("without a licence no key is made; that is looked at again every two minutes", async () => {
  await using world = await VisitWorld.start({
    controlPlaneStatus: { externalProvisionerDaemonsEntitlement: "not_entitled" },
  });
  license(world.coder, false);
  for (let minute = 0; minute < 4; minute++) {
    await world.visit();
    world.store();
    assert.equal(world.condition("ExternalProvisionersEntitled"), "False NotEntitled");
    assert.equal(world.condition("ProvisionerKeyReady"), "False NotEntitled");
    assert.equal(world.lookAgainMs, 120_000);
    world.shiftMs += 60_000;
  }
  assert.deepEqual(world.result?.report.troubles.map(({ reason }) => reason), ["NotEntitled"]);
  assert.equal(world.coder.count({ route: ENTITLEMENTS }), 2);
  assert.equal(world.coder.count({ method: "POST" }), 0);
  license(world.coder, true);
  world.shiftMs += 60_000;
  await world.settle();
  assert.equal(world.isValid(), true);
});

Deno.test("the AGPL build supports none of this", async () => {
  await using world = await VisitWorld.start({
    edition: "agpl",
    controlPlaneStatus: { externalProvisionerDaemonsEntitlement: "not_entitled" },
  });
  await world.visit();
  assert.equal(world.said("ExternalProvisionersEntitled"), "False NotSupported");
  assert.equal(world.coder.count({ method: "POST" }), 0);
});

Deno.test("a fresh no of the control plane is believed until it is two minutes old", async () => {
  await using world = await VisitWorld.start({
    controlPlaneStatus: {
      externalProvisionerDaemonsEntitlement: "not_entitled",
      entitlementsLastChecked: new Date().toISOString(),
    },
  });
  await world.visit();
  assert.equal(world.said("ExternalProvisionersEntitled"), "False NotEntitled");
  assert.equal(world.coder.count({ route: ENTITLEMENTS }), 0);
  assert.ok((world.lookAgainMs ?? Infinity) <= 120_000);
});

Deno.test("what was said last stands while nobody can say", async () => {
  await using world = await VisitWorld.start();
  await world.settle();
  world.put(changed(world.home.controlPlane, {}, { status: {} }));
  const visit = await world.visit();
  assert.equal(world.said("ExternalProvisionersEntitled"), undefined);
  assert.equal(visit.entitled, true);
});
