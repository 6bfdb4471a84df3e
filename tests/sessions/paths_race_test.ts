import { deepEqual, ok } from "node:assert/strict";
import { KINDS } from "../../src/sessions/sandbox/testing.ts";
import { race, type RaceReport } from "./race/race.ts";
import { sandboxRace } from "./race/sandbox_race.ts";

const SEED = Number(Deno.env.get("RACE_SEED") ?? 1_122);
const TRIES = 20_000;
const signal = () => AbortSignal.timeout(900_000);

/** The race was one: operations went well and badly, and what they worked on was swapped all the time. */
function wasFought({ outcomes, swaps, tries }: RaceReport): void {
  ok(swaps > tries / 20, `${swaps} swaps in ${tries} tries`);
  for (
    const one of [
      "read ok",
      "write ok",
      "append ok",
      "edit ok",
      "list ok",
      "search ok",
      "all forbidden",
      "all not_found",
    ]
  ) {
    ok((outcomes[one] ?? 0) > 0, `${one}: ${JSON.stringify(outcomes)}`);
  }
  ok(outcomes["all internal"] === undefined, JSON.stringify(outcomes));
}

for (const as of ["own uid", "unisolated"] as const) {
  for (const beneath of [true, false]) {
    Deno.test(`a process that swaps links all the time finds no way out (${as}, ${beneath ? "by the kernel" : "by hand"})`, async () => {
      const report = await race({ as, beneath, tries: TRIES, seed: SEED, signal: signal() });
      deepEqual(report.escapes, []);

      wasFought(report);
    });
  }
}

Deno.test("the same race catches operations that look at the path as a text", async () => {
  const report = await race({
    as: "unisolated",
    beneath: true,
    naive: true,
    tries: 1_000_000,
    seed: SEED,
    signal: signal(),
  });
  ok(report.escapes.length > 0);
});

for (const kind of ["user namespaces after the mounts", "not root"] as const) {
  Deno.test(`in a real sandbox (${kind}) neither`, async () => {
    const report = await sandboxRace({
      host: KINDS[kind].options,
      tries: 3_000,
      seed: SEED,
      signal: signal(),
    });
    deepEqual(report.escapes, [], `again with RACE_SEED=${SEED}`);
    wasFought(report);
  });
}
