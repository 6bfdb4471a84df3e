import assert from "node:assert/strict";
import { parseConfigFile } from "./config_file.ts";

const parse = async (text: string) => {
  const { values, mistakes } = await parseConfigFile("c.yaml", text);
  return { values: Object.fromEntries(values), mistakes: mistakes.map((one) => `${one.where}: ${one.what}`) };
};

Deno.test("values keep their YAML types and remember their line", async () => {
  const { values, mistakes } = await parse(
    "# ours\nlogLevel: debug\nconcurrency: 4\nleaderElect: false\nnamespace:\n  - a\n  - b\n",
  );
  assert.deepEqual(mistakes, []);
  assert.deepEqual(values, {
    logLevel: { value: "debug", line: 2 },
    concurrency: { value: 4, line: 3 },
    leaderElect: { value: false, line: 4 },
    namespace: { value: ["a", "b"], line: 5 },
  });
});

Deno.test("an empty file, one of comments, and a key without a value say nothing", async () => {
  for (const text of ["", "# nothing\n", "---\n", "null\n", "namespace:\n", "namespace: ~\n"]) {
    assert.deepEqual(await parse(text), { values: {}, mistakes: [] }, JSON.stringify(text));
  }
});

Deno.test("an unknown key is a mistake with its line and the key that was meant", async () => {
  const { mistakes } = await parse(
    "logLevel: info\nleaderElct: true\nhealth-bind-address: ':1'\nqqqqqqqq: 1\n",
  );
  assert.deepEqual(mistakes, [
    "leaderElct (c.yaml, line 2): unknown option; did you mean leaderElect?",
    "health-bind-address (c.yaml, line 3): unknown option; did you mean healthBindAddress?",
    "qqqqqqqq (c.yaml, line 4): unknown option",
  ]);
});

Deno.test("a key that stands twice is a mistake", async () => {
  assert.deepEqual((await parse("debug: true\ndebug: false\n")).mistakes, [
    "debug (c.yaml, line 2): is given twice",
  ]);
});

Deno.test("a config file cannot name another one", async () => {
  assert.deepEqual((await parse("config: other.yaml\n")).mistakes, [
    "config (c.yaml, line 1): a config file cannot name another one",
  ]);
});

Deno.test("what is not a map is a mistake", async () => {
  for (const text of ["- a\n", "just words\n"]) {
    assert.match((await parse(text)).mistakes.join(), /^c\.yaml: must be a map of options/);
  }
});

Deno.test("broken YAML is a mistake with its line", async () => {
  const { mistakes } = await parse("logLevel: debug\nnamespace: [a\n");
  assert.ok(mistakes.length > 0);
  assert.match(mistakes[0] ?? "", /^c\.yaml, line [23]: not valid YAML: /);
});

Deno.test("anchors are followed", async () => {
  const { values, mistakes } = await parse("context: &c main\nkubeconfig: *c\n");
  assert.deepEqual(mistakes, []);
  assert.equal(values["kubeconfig"]?.value, "main");
});
