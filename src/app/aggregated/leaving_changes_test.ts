import assert from "node:assert/strict";
import { NEW, OLD, OTHER, record } from "../../actions/templates/testing.ts";
import { LeavingChanges } from "./leaving_changes.ts";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";

function rig() {
  const clock = new FakeClock();
  const facts = { active: OLD, fails: 0, looks: 0 };
  const told: string[] = [];
  const changes = new LeavingChanges({
    clock,
    activeOf: () => facts.active,
    retell: (owner, template) => void told.push(`${owner} ${template}`),
    look() {
      facts.looks++;
      if (facts.fails-- > 0) return Promise.reject(new Error("away"));
      facts.active = NEW;
      return Promise.resolve();
    },
  });
  const { signal } = new AbortController();
  return {
    clock,
    facts,
    told,
    changes,
    signal,
    settled: () => new Promise((resolve) => setTimeout(resolve, 0)),
  };
}

const pending = record({ version: NEW });

Deno.test("a change that another replica has ended is shown until its template was looked at", async () => {
  const { changes, facts, told, signal, settled } = rig();
  changes.heard("lab/coder", OTHER, pending, signal);
  assert.equal(changes.of("lab/coder", OTHER), undefined);
  changes.heard("lab/coder", OTHER, undefined, signal);
  assert.equal(changes.of("lab/coder", OTHER), pending);
  await settled();
  assert.deepEqual([changes.of("lab/coder", OTHER), facts.looks, told], [undefined, 1, [
    `lab/coder ${OTHER}`,
  ]]);
});

Deno.test("what was promoted here, has failed or was never there needs no look", async () => {
  const { changes, facts, signal, settled } = rig();
  facts.active = NEW;
  changes.heard("c", OTHER, pending, signal);
  changes.heard("c", OTHER, undefined, signal);
  const failure = { reason: "BuildFailed" as const, message: "", log: [], at: "" };
  changes.heard("c", OTHER, { ...pending, failure }, signal);
  changes.heard("c", OTHER, undefined, signal);
  changes.heard("c", OTHER, undefined, signal);
  changes.heard("c", OLD, pending, undefined);
  changes.heard("c", OLD, undefined, undefined);
  await settled();
  assert.deepEqual([facts.looks, changes.of("c", OTHER), changes.of("c", OLD)], [0, undefined, undefined]);
});

Deno.test("a Coder that does not answer is asked again, and not for ever", async () => {
  const { changes, facts, told, signal, clock, settled } = rig();
  facts.fails = 100;
  changes.heard("c", OTHER, pending, signal);
  changes.heard("c", OTHER, undefined, signal);
  for (let tries = 0; tries < 6; tries++) {
    await settled();
    await clock.advance(2_000);
  }
  await settled();
  assert.deepEqual([facts.looks, changes.of("c", OTHER), told.length], [5, undefined, 1]);
});

Deno.test("another change takes the place of one that leaves", async () => {
  const { changes, told, signal, settled } = rig();
  changes.heard("c", OTHER, pending, signal);
  changes.heard("c", OTHER, undefined, signal);
  changes.heard("c", OTHER, record({ id: "next" }), signal);
  assert.equal(changes.of("c", OTHER), undefined);
  await settled();
  assert.deepEqual(told, []);
});
