import assert from "node:assert/strict";
import type { z } from "zod";
import {
  bindAddress,
  boolean,
  choice,
  choices,
  domain,
  duration,
  endpoints,
  httpUrl,
  namespace,
  namespaceList,
  namespacePatterns,
  number,
  text,
  textList,
} from "./values.ts";

/** Every input of `good` reads as its output, every one of `bad` is refused with a message that matches. */
function table<T>(
  schema: z.ZodType<T>,
  good: readonly [unknown, T][],
  bad: readonly unknown[],
  message: RegExp,
) {
  for (const [input, output] of good) assert.deepEqual(schema.parse(input), output, JSON.stringify(input));
  for (const input of bad) {
    const result = schema.safeParse(input);
    assert.equal(result.success, false, JSON.stringify(input));
    assert.match(result.error?.issues[0]?.message ?? "", message);
    assert.equal(result.error?.issues.length, 1, "one value, one message");
  }
}

Deno.test("booleans are YAML's or spelt as Go spells them", () => {
  table(
    boolean(),
    [[true, true], ["true", true], ["T", true], ["1", true], [1, true], ["false", false], [
      "F",
      false,
    ], [0, false]],
    ["yes", "", "tRUE", 2, null, undefined, []],
    /^must be true or false$/,
  );
});

Deno.test("a choice is one of its words exactly", () => {
  table(choice(["a", "b", "c"]), [["a", "a"], ["c", "c"]], ["A", "", "d", 1, null], /^must be a, b or c$/);
  table(choice(["only"]), [["only", "only"]], ["x"], /^must be only$/);
});

Deno.test("numbers keep their limits and are whole unless fractions are allowed", () => {
  table(
    number({ min: 1, max: 10 }),
    [["1", 1], [10, 10], ["+5", 5], ["2.0", 2]],
    ["0", "11", "1.5", "1e1", "0x5", "", " ", "ten", NaN, Infinity, null, [1], true],
    /^must be a whole number from 1 to 10$/,
  );
  table(
    number({ min: -1, max: 1, fraction: true }),
    [["-0.5", -0.5], [".5", 0.5]],
    ["1.01"],
    /^must be a number/,
  );
});

Deno.test("durations keep their limits, and the message names them", () => {
  table(duration(), [["0", 0], ["1m", 60_000], [0, 0]], ["-1s", 30, "30", null], /, not negative$/);
  table(
    duration({ min: 1_000, max: 60_000 }),
    [["1s", 1_000]],
    ["999ms", "61s"],
    /, at least 1s and at most 1m$/,
  );
});

Deno.test("an address is host and port, a lone 0 is off", () => {
  table(
    bindAddress(),
    [[":8081", { hostname: "0.0.0.0", port: 8081 }], ["[::1]:0", { hostname: "::1", port: 0 }], ["0", null], [
      0,
      null,
    ]],
    ["", ":http", ":65536", "a b:1", null, {}],
    /^must be an address such as/,
  );
});

Deno.test("text is trimmed and not empty", () => {
  table(text("a path"), [[" /x ", "/x"], [12, "12"]], ["", "  ", null, []], /^must be a path$/);
});

Deno.test("a namespace is a DNS label", () => {
  const long = "a".repeat(63);
  table(namespace(), [["default", "default"], [" a-1 ", "a-1"], [long, long]], [
    "",
    "-a",
    "a-",
    "A",
    "a.b",
    "a,b",
    `${long}a`,
    null,
  ], /^must be a namespace name/);
});

Deno.test("namespaces are separated by commas or listed, and each counts once", () => {
  table<readonly string[]>(
    namespaceList(),
    [["", []], ["a,b,", ["a", "b"]], [["a", "b,a"], ["a", "b"]], [[], []]],
    ["a b", "A", [["a"]], null, {}],
    /or several with commas between$/,
  );
});

Deno.test("a URL is absolute, http or https, with a host and without credentials", () => {
  table(
    httpUrl(),
    [["http://c", "http://c"], ["https://c:8443/base/", "https://c:8443/base"], [" https://c ", "https://c"]],
    ["c", "ftp://c", "https://", "http:c", "https://u:p@c", "https://:0x", null],
    /^must be a URL with scheme http or https and a host/,
  );
});

Deno.test("a URL that others compare stays as it was written", () => {
  table(
    httpUrl({ isExact: true }),
    [["https://c/", "https://c/"], [" https://c ", "https://c"], ["https://C/realm/", "https://C/realm/"]],
    ["c", "ftp://c", "https://u:p@c", null],
    /^must be a URL with scheme http or https and a host/,
  );
});

Deno.test("patterns of namespaces are names in which a star stands for anything", () => {
  table<readonly string[]>(
    namespacePatterns(),
    [["", []], ["team-*, *, team-*", ["team-*", "*"]], [["a", "b,c"], ["a", "b", "c"]], ["a".repeat(63), [
      "a".repeat(63),
    ]]],
    ["A", "a b", "a.b", "a?", "a".repeat(64), [["a"]], null, {}],
    /^must be a namespace name, in which \* stands for any characters, or several with commas between$/,
  );
});

Deno.test("a domain is made of DNS labels; a dot at its end means the same", () => {
  table(
    domain(),
    [["cluster.local", "cluster.local"], ["cluster.local.", "cluster.local"], [" k8s ", "k8s"]],
    ["", ".", ".local", "a..b", "Cluster.local", "a_b", `${"a.".repeat(127)}ab`, null, ["a"]],
    /^must be a DNS domain such as "cluster\.local"$/,
  );
});

Deno.test("endpoints are names of control planes with URLs, in every form that a source can write", () => {
  const one = new Map([["a/x", "http://x:3000"]]);
  const both = new Map([...one, ["b/y", "https://y/base"]]);
  table<ReadonlyMap<string, string>>(
    endpoints(),
    [
      ["", new Map()],
      [[], new Map()],
      [{}, new Map()],
      ["a/x=http://x:3000", one],
      ["a/x=http://x:3000,b/y=https://y/base/,", both],
      [["a/x=http://x:3000", "b/y=https://y/base"], both],
      [{ "a/x": "http://x:3000", "b/y": "https://y/base" }, both],
      ["a/x=http://w,a/x=http://x:3000", one],
      ["a/x.y=http://x:3000", new Map([["a/x.y", "http://x:3000"]])],
    ],
    [
      "a/x",
      "x=http://x",
      "a/b/c=http://x",
      "/x=http://x",
      "a/=http://x",
      "a.b/x=http://x",
      "A/x=http://x",
      "a/x=ftp://x",
      "a/x=http://u:p@x",
      "a/x=http://x,b",
      ["a/x=http://x", 7],
      [["a/x=http://x"]],
      [{ "a/x": "http://x" }],
      { "a/x": null },
      { "a/x": ["http://x"] },
      { x: "http://x" },
      7,
      null,
    ],
    /^must be namespace\/name=URL, such as /,
  );
});

Deno.test("lists of texts come with commas, repeated or as YAML", () => {
  for (const raw of ["a, b,,a", ["a", "b"], ["a,b"]]) assert.deepEqual(textList("x").parse(raw), ["a", "b"]);
  assert.deepEqual(textList("x").parse(""), []);
  assert.equal(textList("x").safeParse([{}]).success, false);
  assert.deepEqual(choices(["a", "b"]).parse("b,a"), ["a", "b"]);
  for (const raw of ["", "c", "a,c", null]) assert.equal(choices(["a", "b"]).safeParse(raw).success, false);
});
