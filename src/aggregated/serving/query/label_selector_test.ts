import assert from "node:assert/strict";
import { below, pick, seededRandom } from "../../../telemetry/testing/random.ts";
import { StatusError } from "../status_errors.ts";
import { labelMatcher, parseLabelSelector } from "./label_selector.ts";

function matches(selector: string, labels?: Record<string, string>): boolean {
  return labelMatcher(parseLabelSelector(selector))(labels);
}

Deno.test("equality, sets, existence and comparison mean what they mean in Kubernetes", () => {
  const labels = { app: "coder", tier: "web", size: "12", empty: "" };
  const yes = [
    "",
    " ",
    "app=coder",
    "app==coder",
    "app = coder",
    "app!=other",
    "other!=x",
    "app in (coder,x)",
    "app in (x, coder)",
    "app notin (x)",
    "other notin (x)",
    "app",
    "!other",
    "! other",
    "size>11",
    "size<13",
    "empty=",
    "empty",
    "app=coder,tier=web",
    "app in (coder),!other,size>1",
    "tier in (web),tier in (web,db)",
    "empty in ()",
    "empty in (,x)",
  ];
  for (const selector of yes) assert.equal(matches(selector, labels), true, selector);
  const no = [
    "app=other",
    "app!=coder",
    "other=x",
    "app in (x)",
    "app notin (coder)",
    "other",
    "!app",
    "size>12",
    "size<12",
    "app>1",
    "other>1",
    "app=",
    "app=coder,other",
    "other in ()",
    "toString",
    "constructor=x",
  ];
  for (const selector of no) assert.equal(matches(selector, labels), false, selector);
});

Deno.test("an object without labels matches what asks for their absence alone", () => {
  assert.equal(matches("!a"), true);
  assert.equal(matches("a!=b"), true);
  assert.equal(matches("a notin (b)"), true);
  assert.equal(matches("a"), false);
  assert.equal(matches("a<1"), false);
});

Deno.test("keys may have a prefix; in and notin may be keys and values", () => {
  const key = "aggregation.coder.com/control-plane-name";
  assert.deepEqual(parseLabelSelector(`${key}=main`), [{ key, operator: "in", values: ["main"] }]);
  assert.deepEqual(parseLabelSelector("in in (in,notin)"), [{
    key: "in",
    operator: "in",
    values: ["in", "notin"],
  }]);
  assert.deepEqual(parseLabelSelector("notin"), [{ key: "notin", operator: "exists", values: [] }]);
  assert.deepEqual(parseLabelSelector("a=in"), [{ key: "a", operator: "in", values: ["in"] }]);
});

Deno.test("large numbers are compared exactly", () => {
  assert.equal(matches("n>9007199254740992", { n: "9007199254740993" }), true);
  assert.equal(matches("n<9007199254740993", { n: "9007199254740992" }), true);
});

Deno.test("what cannot be read is a bad request that says so", () => {
  const bad = [
    "=a",
    "a=b,",
    ",a",
    "a in b",
    "a in (b",
    "a in (b c)",
    "a in",
    "a=b=c",
    "-a",
    "a=-b",
    "a=b c",
    "a>b",
    "a>",
    "a!b",
    "(a)",
    "a/b/c",
    "UPPER.com/a",
    `${"a".repeat(64)}`,
    `a=${"b".repeat(64)}`,
    `${"a.".repeat(130)}com/x`,
    "/a",
    "a=ü",
    "a&b",
    "!",
    "!!a",
    "a !",
  ];
  for (const selector of bad) {
    assert.throws(
      () => parseLabelSelector(selector),
      (error: unknown) =>
        error instanceof StatusError && error.code === 400 &&
        error.message.includes("unable to parse the label selector"),
      selector,
    );
  }
  assert.deepEqual(parseLabelSelector("a=="), [{ key: "a", operator: "in", values: [""] }]);
});

Deno.test("no text makes the parser throw anything else, or run on", () => {
  const random = seededRandom(1);
  const pieces = [
    "a",
    "b.c/d",
    "in",
    "notin",
    "(",
    ")",
    ",",
    "=",
    "==",
    "!",
    "!=",
    ">",
    "<",
    " ",
    "1",
    "-",
    "\n",
    "\\",
    "'",
    "é",
    "💥",
    "_",
  ];
  for (let round = 0; round < 5_000; round++) {
    const text = Array.from({ length: below(random, 9) }, () => pick(random, pieces)).join("");
    try {
      labelMatcher(parseLabelSelector(text))({ a: "b", in: "1" });
    } catch (error) {
      assert.ok(error instanceof StatusError && error.code === 400, JSON.stringify(text));
    }
  }
  assert.throws(() => parseLabelSelector("(".repeat(100_000)), StatusError);
});
