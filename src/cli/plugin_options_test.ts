import assert from "node:assert/strict";
import { readPluginOptions } from "./plugin_options.ts";

const read = (flags: Record<string, string | readonly string[]>, command = "list") =>
  readPluginOptions(
    new Map(
      Object.entries(flags).map(([flag, value]) => [flag, typeof value === "string" ? [value] : value]),
    ),
    command,
  );

Deno.test("without flags it is what kubectl does, and ten minutes", () => {
  const { connection, timeoutMs, mistakes, headers, wait, follow, format, allNamespaces } = read({});
  assert.deepEqual(mistakes, []);
  assert.deepEqual(connection, {
    kubeconfig: undefined,
    context: undefined,
    as: undefined,
    asGroups: [],
    asUid: undefined,
    requestTimeoutMs: 30_000,
  });
  assert.deepEqual([timeoutMs, headers, wait, follow, format, allNamespaces], [
    600_000,
    true,
    false,
    false,
    undefined,
    false,
  ]);
});

Deno.test("a switch that is off is off, and whoever follows waits", () => {
  assert.equal(read({ wait: "false" }).wait, false);
  assert.equal(read({ wait: "true" }).wait, true);
  assert.equal(read({ follow: "true" }).wait, true);
  assert.equal(read({ mine: "false", owner: "bob" }).mistakes.length, 0);
  assert.equal(read({ "no-headers": "true" }).headers, false);
});

Deno.test("of a flag that comes twice the last counts, groups add up", () => {
  assert.equal(read({ namespace: ["a", "b"] }).namespace, "b");
  assert.deepEqual(read({ as: "x", "as-group": ["a", "b"] }).connection.asGroups, ["a", "b"]);
});

Deno.test("a format is that of list; other commands have formats of their own", () => {
  assert.equal(read({ output: "wide" }).format, "wide");
  assert.equal(read({ output: "text" }).mistakes.length, 1);
  assert.deepEqual(read({ output: "text" }, "diagnose").mistakes, []);
});

Deno.test("numbers, durations and addresses have bounds", () => {
  const wrong: [string, string][] = [
    ["build", "0"],
    ["build", "1.5"],
    ["tail", "-1"],
    ["since", "10ms"],
    ["timeout", "25h"],
    ["request-timeout", "-1s"],
    ["coder-url", "ftp://x"],
    ["coder-url", "https://user:pass@x"],
    ["namespace", "../x"],
    ["agent", "a.b"],
    ["owner", ""],
    ["selector", " "],
  ];
  for (const [flag, text] of wrong) {
    const { mistakes } = read({ [flag]: text });
    assert.deepEqual(mistakes.map(({ where }) => where), [`--${flag}`], `${flag} ${text}`);
    assert.ok(!mistakes[0]!.what.includes("pass"));
  }
  const { build, tail, sinceSeconds, timeoutMs, coderUrl, agent } = read({
    build: "12",
    tail: "0",
    since: "1m30s",
    timeout: "90s",
    "coder-url": "https://coder.example.com/",
    agent: "main",
  });
  assert.deepEqual([build, tail, sinceSeconds, timeoutMs, coderUrl, agent], [
    12,
    0,
    90,
    90_000,
    "https://coder.example.com",
    "main",
  ]);
});
