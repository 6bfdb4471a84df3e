import assert from "node:assert/strict";
import { parseSections } from "./config_file.ts";
import { COORDINATOR } from "./coordinator_options.ts";
import type { OptionSet } from "./option.ts";
import { WORKER } from "./worker_options.ts";

async function read(text: string, set: OptionSet = COORDINATOR as OptionSet) {
  const { values, mistakes } = await parseSections(set, "c.yaml", text);
  return { values: Object.fromEntries(values), said: mistakes.map(({ where, what }) => `${where}: ${what}`) };
}

Deno.test("sections are read with the lines of their keys", async () => {
  const { values, said } = await read(
    "# ours\nsession:\n  max_age: 30m\n\nworker:\n  max_retries: 3\n  timeout: 5m\n",
  );
  assert.deepEqual(said, []);
  assert.deepEqual(values, {
    "session.max_age": { value: "30m", line: 3 },
    "worker.max_retries": { value: 3, line: 6 },
    "worker.timeout": { value: "5m", line: 7 },
  });
});

Deno.test("empty files, empty sections and empty keys say nothing", async () => {
  for (const text of ["", "# nothing\n", "~\n", "session:\n", "session: {}\n", "session:\n  max_age:\n"]) {
    assert.deepEqual(await read(text), { values: {}, said: [] }, text);
  }
});

Deno.test("lists and maps come as they are", async () => {
  const { values } = await read(
    "worker:\n  labels: {zone: a}\nsandbox:\n  egress: [a.com, b.com]\n",
    WORKER as OptionSet,
  );
  assert.deepEqual(values, {
    "worker.labels": { value: { zone: "a" }, line: 2 },
    "sandbox.egress": { value: ["a.com", "b.com"], line: 4 },
  });
});

Deno.test("what is not known is named with its line and what may have been meant", async () => {
  const cases: readonly [string, RegExp][] = [
    [
      "session:\n  max_agee: 1m\n",
      /^session\.max_agee \(c\.yaml, line 2\): unknown key; did you mean session\.max_age\?$/,
    ],
    ["session:\n  maxAge: 1m\n", /did you mean session\.max_age\?$/],
    ["server:\n  max_age: 1m\n", /^server\.max_age .*unknown key here; did you mean session\.max_age\?$/],
    ["sesion:\n  max_age: 1m\n", /^sesion \(c\.yaml, line 1\): unknown section; did you mean session\?$/],
    ["max_age: 1m\n", /^max_age .*: unknown section; did you mean session\.max_age\?$/],
    ["log-level: debug\n", /did you mean server\.log_level\?$/],
    ["redis:\n  url: x\n", /^redis .*: unknown section; there are server, worker, session, sandbox, audit$/],
    ["audit:\n  qqqqqqqq: x\n", /^audit\.qqqqqqqq .*: unknown key$/],
    ["server:\n  config: x\n", /a config file cannot name another one/],
    ["session: 30m\n", /^session .*must be a section with keys below it: max_age, max_ttl/],
    ["session:\n  max_age: 1m\n  max_age: 2m\n", /^session\.max_age \(c\.yaml, line 3\): is given twice$/],
    ["session: {max_age: 1m}\nsession: {max_ttl: 1h}\n", /^session \(c\.yaml, line 2\): is given twice$/],
    ["- a\n", /^c\.yaml: must be a map of sections/],
    ["a: [\n", /^c\.yaml, line \d: not valid YAML: /],
  ];
  for (const [text, message] of cases) {
    const { said } = await read(text);
    assert.equal(said.length, 1, `${text}: ${said.join("\n")}`);
    assert.match(said[0] ?? "", message);
  }
});

Deno.test("every option of both commands has one place in the file", () => {
  for (const set of [COORDINATOR, WORKER] as OptionSet[]) {
    const places = set.options.map(({ yaml }) => yaml);
    assert.equal(new Set(places).size, places.length);
    for (const place of places) {
      assert.match(place, /^(server|session|worker|audit|sandbox)\.[a-z][a-z0-9_]*$/);
    }
  }
});

Deno.test("any text is read or refused, never thrown at", async () => {
  let state = 7;
  const random = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const pieces = [
    "session",
    "worker:",
    "\n",
    "  ",
    "max_age",
    ": ",
    "1m",
    "[",
    "]",
    "{",
    "}",
    "- ",
    "&a",
    "*a",
    "!!map",
    "'",
    "\u0000",
    "? ",
    "|",
  ];
  for (let round = 0; round < 2_000; round++) {
    const text = Array.from({ length: 12 }, () => pieces[Math.floor(random() * pieces.length)]).join("");
    const { said } = await read(text);
    for (const one of said) assert.notEqual(one, "");
  }
});
