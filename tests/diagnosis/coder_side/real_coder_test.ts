/** What goes wrong in a real Coder is named, by workspaces of one deployment that fail side by side. */
import assert from "node:assert/strict";
import type { Diagnosis } from "../../../src/diagnosis/mod.ts";
import type { Failure } from "../failure.ts";
import { askUntil, assertHealthy, assertNamed } from "../proof.ts";
import { DORMANT, REAL_CODER_SIDE } from "./real_coder.ts";
import { RealLab } from "./real_lab.ts";

Deno.test("what is wrong with workspaces of a real Coder is named, alone and with another failure", async (t) => {
  await using lab = await RealLab.start();
  const diagnosed = (name: string, proves: (diagnosis: Diagnosis) => void) =>
    askUntil(proves, { kind: "workspace", namespace: lab.namespace, name }, lab.world, lab.planted);
  const failures = chosen();
  const making = failures.map(async (failure) => {
    const [outcome] = await Promise.allSettled([failure.inject(lab, failure.id)]);
    return [failure, outcome] as const;
  });
  await lab.workspace("well");
  const well = await lab.reached("well", "running");
  await lab.agent("well", (status, lifecycle) => status === "connected" && lifecycle === "ready");
  const made = new Map(await Promise.all(making));
  await lab.served();
  /** The subject, where it could be made. */
  const subjectOf = (failure: Failure<RealLab>): string => {
    const outcome = made.get(failure);
    if (outcome?.status === "fulfilled") return outcome.value;
    throw new Error(`${failure.id} could not be made: ${outcome?.reason}`);
  };

  await t.step("a workspace that runs beside all of them has no cause", async () => {
    await diagnosed(well, (diagnosis) => {
      assertHealthy(diagnosis);
      assert.equal(diagnosis.state, "It runs; agent main is connected.");
    });
  });
  for (const failure of failures) {
    await t.step(`${failure.id} is named`, async () => {
      await diagnosed(subjectOf(failure), (diagnosis) => assertNamed(diagnosis, [failure]));
    });
  }
  for (const failure of failures.filter((one) => one !== DORMANT)) {
    await t.step(`${failure.id} is named while the workspace is dormant, too`, async () => {
      const name = subjectOf(failure);
      await DORMANT.inject(lab, failure.id);
      await diagnosed(name, (diagnosis) => assertNamed(diagnosis, [failure, DORMANT]));
    });
  }
});

/** All, or those that `DIAGNOSIS_ONLY` names by their ids. */
function chosen(): readonly Failure<RealLab>[] {
  const only = Deno.env.get("DIAGNOSIS_ONLY")?.split(",");
  return REAL_CODER_SIDE.filter(({ id }) => only?.includes(id) ?? true);
}
