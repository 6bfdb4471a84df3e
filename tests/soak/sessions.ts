/**
 * Sandbox sessions for long: file operations against a process that swaps what they work on, and a shared store that is away for
 * a minute.
 */
import { KINDS } from "../../src/sessions/sandbox/testing.ts";
import { race, type RaceReport } from "../sessions/race/race.ts";
import { sandboxRace } from "../sessions/race/sandbox_race.ts";
import { storeOutages } from "./session_store.ts";
import { type AreaOptions, type Check, clock, type Report, without } from "./report.ts";

/** Of all ways together; the minutes that were asked for do not count. */
const TRIES = 1_000_000;
/** Through the whole sandbox, in each kind of it, besides. */
const SANDBOX_TRIES = 10_000;

/** The ways that paths are kept below, and whom operations run as. */
const WAYS = [
  { as: "own uid", beneath: true },
  { as: "own uid", beneath: false },
  { as: "unisolated", beneath: true },
  { as: "unisolated", beneath: false },
] as const;

export async function run({ seed, signal, say, watch }: AreaOptions): Promise<Report> {
  const started = performance.now();
  const facts: (readonly [string, string])[] = [["seed", String(seed)]];
  const checks: Check[] = [];
  let total = 0;
  for (const [at, way] of WAYS.entries()) {
    const name = `${way.as}, ${way.beneath ? "by the kernel" : "by hand"}`;
    say(`a process that swaps links all the time (${name})`);
    let tries = 0;
    const report = await watch(
      () => `${(total + tries).toLocaleString("en")} tries of ${TRIES.toLocaleString("en")}`,
      () =>
        race({
          ...way,
          tries: TRIES / WAYS.length,
          seed: seed + at * TRIES,
          signal,
          onProgress: (count) => tries = count,
        }),
    );
    total += report.tries;
    facts.push([name, words(report)]);
    checks.push(without(`ways out of a session's directory (${name})`, report.escapes));
  }
  for (const kind of ["user namespaces after the mounts", "not root"] as const) {
    say(`the same in real sandboxes (${kind})`);
    const report = await sandboxRace({ host: KINDS[kind].options, tries: SANDBOX_TRIES, seed, signal });
    total += report.tries;
    facts.push([`sandbox, ${kind}`, words(report)]);
    checks.push(without(`ways out of a sandbox's directory (${kind})`, report.escapes));
  }
  const store = await storeOutages({ signal, say });
  facts.push(...store.facts);
  checks.push(...store.checks);
  const control = await race({ as: "unisolated", beneath: true, naive: true, tries: TRIES, seed, signal });
  checks.push({
    what: "the same race catches a check of the path as a text",
    result: control.escapes.length > 0 ? `after ${control.tries} tries at most` : "not caught",
    ok: control.escapes.length > 0,
    details: [],
  });
  return {
    facts: [...facts, ["tries", total.toLocaleString("en")], ["time", clock(performance.now() - started)]],
    checks,
  };
}

/** `1,204 swaps; read ok 43, …`, the most frequent first. */
function words({ swaps, outcomes }: RaceReport): string {
  const most = Object.entries(outcomes).sort(([, one], [, other]) => other - one).slice(0, 8);
  return `${swaps.toLocaleString("en")} swaps; ${most.map(([what, count]) => `${what} ${count}`).join(", ")}`;
}
