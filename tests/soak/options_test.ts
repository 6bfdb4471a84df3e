import assert from "node:assert/strict";
import { AREAS, HELP, parseOptions } from "./options.ts";

const parse = (...args: string[]) => parseOptions(args, () => 77);

Deno.test("without arguments all areas run for ten minutes each, with a new seed", () => {
  assert.deepEqual(parse(), { areas: [...AREAS], minutes: 10, seed: 77, help: false });
});

Deno.test("areas, minutes and seed may be chosen", () => {
  assert.deepEqual(parse("idle", "--minutes", "0.5", "--seed=0"), {
    areas: ["idle"],
    minutes: 0.5,
    seed: 0,
    help: false,
  });
  assert.deepEqual(parse("proxy", "idle", "chaos").areas, ["chaos", "idle", "proxy"]);
});

Deno.test("an area that is not there is named with those that are", () => {
  assert.throws(
    () => parse("chaos", "storm"),
    /no area named storm; there are: aggregated, availability, chaos, controlplane, idle, provisioner, proxy/,
  );
});

Deno.test("numbers that are none are refused, all at once", () => {
  assert.throws(
    () => parse("--minutes", "soon", "--seed", "1.5"),
    /--minutes must be a number above 0, not "soon"; --seed must be a whole number from 0 on, not "1\.5"/,
  );
  for (const minutes of ["0", "-1", "Infinity", ""]) {
    assert.throws(() => parse(`--minutes=${minutes}`), /--minutes/, minutes);
  }
  for (const seed of ["x", "-1", "", "1e300"]) assert.throws(() => parse(`--seed=${seed}`), /--seed/, seed);
});

Deno.test("an unknown option is refused", () => {
  assert.throws(() => parse("--hours", "1"), /--hours/);
});

Deno.test("help is asked for by its name or its letter, and names every area and option", () => {
  assert.ok(parse("--help").help && parse("-h").help);
  for (const word of [...AREAS, "--minutes", "--seed"]) assert.ok(HELP.includes(word), word);
});
