import assert from "node:assert/strict";
import {
  type AccessRig,
  assertNoSecrets,
  MINUTE,
  startAccessRig,
} from "../../../tests/controlplane/access_rig.ts";
import type { ControlPlaneStatus } from "../../api/control_plane.ts";
import { DatabaseError } from "../../coder/database/mod.ts";
import { schemaStep } from "./schema_step.ts";
import type { Visit, VisitStep } from "./visit.ts";

const OLD = "ghcr.io/coder/coder:v2.29.0";
const NEW = "ghcr.io/coder/coder:v2.30.0";
const URL_ENTRY = { name: "CODER_PG_CONNECTION_URL", value: "postgres://coder:pg-password@db/coder" };

/** What later steps see of the number. */
class Watched {
  migration: Visit["migration"];
  readonly steps: VisitStep[];

  constructor(step = schemaStep({ clusterDomain: "corp" })) {
    const run: VisitStep["run"] = (visit) => Promise.resolve(void (this.migration = visit.migration));
    this.steps = [step, { name: "Later", run }];
  }
}

/** A control plane whose image is `image`, while pods run the old one. */
function start(image: string, status: ControlPlaneStatus = { image: OLD }): Promise<AccessRig> {
  return startAccessRig({ spec: { image, extraEnv: [URL_ENTRY] }, status });
}

const reads = (rig: AccessRig) => rig.database.calls.length;

Deno.test("in a steady state, and before anything was rolled out, nothing is read", async () => {
  for (const status of [{ image: OLD }, {}]) {
    await using rig = await start(OLD, status);
    const { steps } = new Watched();
    await rig.run(steps, 24 * 60 * MINUTE);
    assert.deepEqual([reads(rig), rig.secretReads], [0, 0]);
  }
  await using first = await start(NEW, {});
  await first.visit(new Watched().steps);
  assert.equal(reads(first), 0, "a first start");
  await using closed = await start(NEW);
  closed.spec = { ...closed.spec, operatorAccess: { disabled: true } };
  await closed.visit(new Watched().steps);
  assert.equal(reads(closed), 0, "the operator is to stay out");
});

Deno.test("while an upgrade is under way the number is read at once where its state changes, else every minute", async () => {
  await using rig = await start(NEW);
  const watched = new Watched();
  await rig.visit(watched.steps);
  assert.deepEqual(watched.migration, { version: 412, dirty: false });
  assert.deepEqual(rig.database.addresses[0]?.searchDomains, ["a.svc.corp", "svc.corp", "corp"]);
  rig.database.migrated = { version: 415, dirty: true };
  await rig.visit(watched.steps);
  assert.equal(reads(rig), 1);
  assert.deepEqual(watched.migration, { version: 412, dirty: false }, "what was read stands");
  rig.status = { ...rig.status, upgrade: { image: NEW, step: "RollingOut" } };
  await rig.visit(watched.steps);
  assert.equal(reads(rig), 2);
  assert.deepEqual(watched.migration, { version: 415, dirty: true });
  const before = reads(rig);
  await rig.run(watched.steps, 60 * MINUTE);
  assert.ok(reads(rig) - before >= 55 && reads(rig) - before <= 60, `${reads(rig) - before} in an hour`);
  // Given up, but not gone back yet.
  rig.spec = { ...rig.spec, image: OLD };
  const { calls } = rig.database;
  calls.length = 0;
  await rig.visit(watched.steps);
  assert.equal(reads(rig), 1);
  rig.status = { image: OLD };
  await rig.visit(watched.steps);
  assert.equal(watched.migration, undefined, "it is over");
  assert.equal(reads(rig), 1);
  assertNoSecrets(rig);
});

Deno.test("a database that cannot be reached leaves the number unknown, and is no trouble", async () => {
  await using rig = await start(NEW);
  const watched = new Watched();
  await rig.visit(watched.steps);
  assert.ok(watched.migration !== undefined);
  rig.database.fails = new DatabaseError("nobody answers", "unreachable");
  rig.advance(MINUTE);
  const said = await rig.visit(watched.steps);
  assert.equal(watched.migration, undefined);
  assert.deepEqual([said.conditions, said.troubles, said.warnings], [[], [], []]);
  const before = reads(rig);
  await rig.run(watched.steps, 60 * MINUTE);
  assert.ok(reads(rig) > before && reads(rig) - before <= 60, `${reads(rig) - before} in an hour`);
  rig.database.fails = undefined;
  rig.advance(10 * MINUTE);
  await rig.visit(watched.steps);
  assert.ok(watched.migration !== undefined);
});

Deno.test("a database that hangs holds a visit up for seconds", async () => {
  await using rig = await start(NEW);
  const watched = new Watched();
  rig.database.hangs = true;
  const began = performance.now();
  await rig.visit(watched.steps);
  assert.ok(performance.now() - began < 60_000);
  assert.equal(watched.migration, undefined);
  assert.ok(rig.lookAgainMs >= MINUTE, `${rig.lookAgainMs}`);
});

Deno.test("where no database is known there is no number, and the next look is a minute away", async () => {
  await using rig = await startAccessRig({ spec: { image: NEW }, status: { image: OLD } });
  const watched = new Watched();
  await rig.visit(watched.steps);
  assert.deepEqual([watched.migration, reads(rig), rig.lookAgainMs], [undefined, 0, MINUTE]);
});

Deno.test("a control plane that is gone is forgotten", async () => {
  await using rig = await start(NEW);
  const step = schemaStep();
  const watched = new Watched(step);
  await rig.visit(watched.steps);
  step.forget?.(rig.uid);
  rig.database.fails = new DatabaseError("nobody answers", "unreachable");
  await rig.visit(watched.steps);
  assert.deepEqual([watched.migration, reads(rig)], [undefined, 2]);
});
