import assert from "node:assert/strict";
import { type FlagSpec, parseArguments } from "./arguments.ts";

const specs: readonly FlagSpec[] = [
  { flag: "app", isSwitch: false },
  { flag: "log-level", isSwitch: false },
  { flag: "kube-api-qps", isSwitch: false },
  { flag: "leader-elect", isSwitch: true },
  { flag: "help", letter: "h", isSwitch: true },
  { flag: "output", letter: "o", isSwitch: false },
];

const parse = (...args: string[]) => {
  const { flags, words, mistakes } = parseArguments(args, specs);
  return {
    flags: Object.fromEntries(flags),
    words,
    mistakes: mistakes.map((one) => `${one.where}: ${one.what}`),
  };
};

Deno.test("a value stands behind an equals sign or in the next argument", () => {
  assert.deepEqual(parse("--app=all").flags, { app: ["all"] });
  assert.deepEqual(parse("--app", "all").flags, { app: ["all"] });
  assert.deepEqual(parse("--app=a=b").flags, { app: ["a=b"] });
  assert.deepEqual(parse("--app=").flags, { app: [""] });
});

Deno.test("one dash does for long flags, as with Go programs", () => {
  assert.deepEqual(parse("-app=controller", "-leader-elect").flags, {
    app: ["controller"],
    "leader-elect": ["true"],
  });
});

Deno.test("switches need no value and take one behind an equals sign", () => {
  assert.deepEqual(parse("--leader-elect").flags, { "leader-elect": ["true"] });
  assert.deepEqual(parse("--leader-elect=false").flags, { "leader-elect": ["false"] });
});

Deno.test("letters work with one dash only", () => {
  assert.deepEqual(parse("-h").flags, { help: ["true"] });
  assert.deepEqual(parse("-o", "json").flags, { output: ["json"] });
  assert.deepEqual(parse("-o=json").flags, { output: ["json"] });
  assert.equal(parse("--h").mistakes.length, 1);
});

Deno.test("repeated flags keep all values in order", () => {
  assert.deepEqual(parse("--app=a", "--app", "b").flags, { app: ["a", "b"] });
});

Deno.test("words, a lone dash and everything behind two dashes are not flags", () => {
  assert.deepEqual(parse("controller", "-", "--app=x").words, ["controller", "-"]);
  assert.deepEqual(parse("--", "--app=x", "-h").words, ["--app=x", "-h"]);
});

Deno.test("a negative number is a value", () => {
  assert.deepEqual(parse("--kube-api-qps", "-1").flags, { "kube-api-qps": ["-1"] });
});

Deno.test("an unknown flag is a mistake with a suggestion", () => {
  assert.deepEqual(parse("--log-levle=debug").mistakes, [
    "--log-levle: unknown flag; did you mean --log-level?",
  ]);
  assert.deepEqual(parse("--qqqqqqqq").mistakes, ["--qqqqqqqq: unknown flag"]);
  assert.deepEqual(parse("--no-leader-elect").mistakes, [
    "--no-leader-elect: unknown flag; did you mean --leader-elect=false?",
  ]);
});

Deno.test("the value of a misspelt flag is not taken for a stray word", () => {
  assert.deepEqual(parse("--log-levle", "debug").words, []);
  assert.deepEqual(parse("--leader-elct", "controller").words, ["controller"]);
});

Deno.test("a flag without its value is a mistake, and the next flag still counts", () => {
  const parsed = parse("--app", "--leader-elect");
  assert.deepEqual(parsed.mistakes, ["--app: needs a value"]);
  assert.deepEqual(parsed.flags, { "leader-elect": ["true"] });
  assert.deepEqual(parse("--app").mistakes, ["--app: needs a value"]);
});

Deno.test("true or false behind a switch is explained", () => {
  assert.deepEqual(parse("--leader-elect", "false").mistakes, [
    "false: stray argument; write --leader-elect=false",
  ]);
  assert.deepEqual(
    parse("false").words,
    ["false"],
    "without a switch before it, it is a word like any other",
  );
});

Deno.test("every mistake is found, not the first alone", () => {
  assert.equal(parse("--x1", "--x2", "--app").mistakes.length, 3);
});
