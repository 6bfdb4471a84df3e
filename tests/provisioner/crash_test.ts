/** Operators that end in the middle of a rotation, or of an end, at any kind of write; the next one finishes or undoes it. */
import assert from "node:assert/strict";
import { sideBySide, waitFor } from "../cluster/mod.ts";
import { provisioners } from "../operator/compose.ts";
import type { RunningOperator } from "../operator/controllers.ts";
import { type CrashPlan, CrashPoint } from "./crash_points.ts";
import { FAST, KeyWitness, nothingLeft, rotated, running } from "./key_witness.ts";
import { ProvisionerRig } from "./rig.ts";

const STATUS = "update CoderProvisioner status";

/** The writes of a rotation, in order. */
const ROTATION: readonly CrashPlan[] = [
  // The name of the next key, before Coder hears of it.
  { write: STATUS },
  { write: "createKey" },
  { write: "patch Secret" },
  { write: STATUS, after: "patch Secret" },
  { write: "patch Deployment" },
  { write: STATUS, after: "patch Deployment" },
  { write: "deleteKey" },
  { write: STATUS, after: "deleteKey" },
];

/** Those of an end. */
const END: readonly CrashPlan[] = [
  { write: STATUS },
  { write: "delete Deployment" },
  { write: "deleteKey" },
  // The finalizer goes.
  { write: "patch CoderProvisioner" },
];

function each(plans: readonly CrashPlan[]): CrashPlan[] {
  return plans.flatMap((plan) => [{ ...plan, done: false }, { ...plan, done: true }]);
}

async function start(rig: ProvisionerRig): Promise<{ operator: RunningOperator; point: CrashPoint }> {
  const point = new CrashPoint();
  const operator = await rig.operator(point.around(provisioners({ listings: FAST })));
  return { operator, point };
}

/** Until the operator has stopped where it was to. */
async function reached(point: CrashPoint, { after = "", done, write }: CrashPlan): Promise<void> {
  let over = false;
  point.reached.then(() => over = true);
  await waitFor(() => over, { what: `${write} ${after} ${done}`, intervalMs: 5 });
}

/** Every key was on record before Coder heard of it: none had to be found in a list. */
async function noneWasFound(rig: ProvisionerRig, ...names: string[]): Promise<void> {
  for (const name of names) assert.ok(!(await rig.live.eventReasons(name)).includes("KeyFound"), name);
}

sideBySide("operators that end in the middle", {
  async "wherever an operator ends in a rotation, the next one goes on, and one good key is left"() {
    await using rig = await ProvisionerRig.start("crash");
    let { operator, point } = await start(rig);
    try {
      let key = await running(rig);
      await nothingLeft(rig);
      using witness = new KeyWitness(rig);
      for (const plan of each(ROTATION)) {
        const rotate = JSON.stringify(plan);
        point.arm(plan);
        await rig.provisioners.change("prov", {
          metadata: { annotations: { "coder.com/rotate-key": rotate } },
        });
        await reached(point, plan);
        await point.crash(operator);
        ({ operator, point } = await start(rig));
        key = await rotated(rig, key);
        await nothingLeft(rig);
        const { status } = await rig.settled("prov", {
          Ready: "True",
          Degraded: "False",
          ProvisionerKeyReady: "True",
        });
        assert.deepEqual([status?.provisionerKeyName], rig.keyNames(), rotate);
        assert.equal(status?.key?.rotation, rotate);
        witness.assert();
      }
      await noneWasFound(rig, "prov");
    } finally {
      await operator.crash();
    }
  },

  async "wherever an operator ends while a provisioner is made, there is one key in the end"() {
    await using rig = await ProvisionerRig.start("crash-first");
    const wanted: string[] = [];
    for (const [index, plan] of each(ROTATION.slice(0, 6)).entries()) {
      const name = `prov-${index}`;
      const first = await start(rig);
      first.point.arm(plan);
      await rig.provisioner(name);
      await reached(first.point, plan);
      await first.point.crash(first.operator);
      const { operator } = await start(rig);
      await rig.podsReady(name);
      await rig.settled(name, { Ready: "True", Degraded: "False", ProvisionerKeyReady: "True" });
      await nothingLeft(rig, name);
      const key = rig.keyInCoder(await rig.key(name));
      assert.ok(key, JSON.stringify(plan));
      wanted.push(key.name);
      assert.deepEqual(rig.keyNames(), wanted);
      await noneWasFound(rig, name);
      await operator.crash();
    }
  },

  async "wherever an operator ends in the end of a provisioner, no key is left behind"() {
    await using rig = await ProvisionerRig.start("crash-end");
    using witness = new KeyWitness(rig);
    for (const [index, plan] of each(END).entries()) {
      const name = `prov-${index}`;
      const first = await start(rig);
      await running(rig, { terminationGracePeriodSeconds: 1 }, name);
      first.point.arm(plan);
      await rig.provisioners.delete(name);
      await reached(first.point, plan);
      await first.point.crash(first.operator);
      const { operator } = await start(rig);
      await rig.provisioners.gone(name);
      assert.deepEqual(rig.keyNames(), [], JSON.stringify(plan));
      witness.assert();
      await operator.crash();
    }
  },
});
