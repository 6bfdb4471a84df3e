/** What anybody may type, in great numbers: the parser never throws and never loses a word. */
import assert from "node:assert/strict";
import { parseArguments } from "./arguments.ts";
import { ALL_FLAGS } from "./commands.ts";
import { parseConfigFile } from "./config_file.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { OPTIONS } from "./options.ts";
import { loadSettings } from "./settings.ts";

/** Numbers in [0, 1) that are the same in every run. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function pick<T>(random: () => number, from: readonly T[]): T {
  const one = from[Math.floor(random() * from.length)];
  assert.ok(one !== undefined);
  return one;
}

const pieces = [
  ...OPTIONS.map(({ flag }) => `--${flag}`),
  ...OPTIONS.map(({ flag }) => `-${flag}=1`),
  ..."controller all version help --help -h -o json -- - = --= --=x ---x -x=y true false 0 1s :8081 a,b"
    .split(" "),
  "",
  " ",
  "\u0000",
  "--log-level=\n",
  "é",
];

Deno.test("any command line is parsed without a throw, and every word of it is accounted for", () => {
  const random = sequence(1);
  for (let round = 0; round < 5_000; round++) {
    const args = Array.from({ length: Math.floor(random() * 8) }, () => pick(random, pieces));
    const { flags, words, mistakes } = parseArguments(args, ALL_FLAGS);
    const values = [...flags.values()].reduce((sum, one) => sum + one.length, 0);
    const parts = values + words.length + mistakes.length + (args.includes("--") ? 1 : 0);
    assert.ok(parts <= args.length || args.length === 0, JSON.stringify(args));
    assert.ok(args.length === 0 || parts >= Math.ceil(args.length / 2), JSON.stringify(args));
  }
});

Deno.test("any environment and config file give settings or mistakes, never a throw", async () => {
  const random = sequence(2);
  const values = [
    "",
    "0",
    "-1",
    "true",
    "1s",
    ":1",
    "controller",
    "debug",
    "a,b",
    "https://c",
    "[1, 2]",
    "{a: b}",
    "~",
  ];
  for (let round = 0; round < 500; round++) {
    const some = OPTIONS.filter(() => random() < 0.2);
    const environment = Object.fromEntries(some.map(({ env }) => [env, pick(random, values)]));
    const file = OPTIONS.filter(() => random() < 0.2).map(({ key }) => `${key}: ${pick(random, values)}\n`)
      .join("");
    const loaded = await loadSettings({
      flags: new Map([["config", ["c.yaml"]]]),
      environment,
      readTextFile: () => Promise.resolve(file),
    });
    assert.equal(loaded.settings === undefined, loaded.mistakes.length > 0);
    for (const { where, what } of loaded.mistakes) assert.ok(where !== "" && what !== "");
  }
});

Deno.test("any text is a config file or a mistake with a place", async () => {
  const random = sequence(3);
  const letters = "ab:{}[]&*!|>%@`'\"\n\t- #,?~1".split("");
  for (let round = 0; round < 1_000; round++) {
    const text = Array.from({ length: Math.floor(random() * 40) }, () => pick(random, letters)).join("");
    const { mistakes } = await parseConfigFile("c.yaml", text);
    for (const { where } of mistakes) assert.match(where, /c\.yaml/);
  }
});

Deno.test("every whole number of milliseconds survives being written and read", () => {
  const random = sequence(4);
  for (let round = 0; round < 5_000; round++) {
    const value = Math.floor(random() * 10 ** Math.floor(random() * 12));
    assert.equal(parseDuration(formatDuration(value)), value);
  }
});
