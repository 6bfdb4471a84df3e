import { deepEqual, equal, throws } from "node:assert/strict";
import { root } from "../../lib/run.ts";
import { conditionTypesOf } from "./condition_types.ts";
import { membersOf } from "./errors.ts";
import { merged, metricsOf, registrations } from "./metrics.ts";
import { reasonsOf } from "./reasons.ts";
import { parse, sourceFiles, textOf, ts, wordsOf } from "./source.ts";

const file = (text: string, path = "src/x.ts") => parse(path, text);
/** The initializer of the constant `it`. */
const value = (text: string) => {
  let found: ts.Expression | undefined;
  const visit = (node: ts.Node) => {
    if (ts.isVariableDeclaration(node) && node.name.getText() === "it") found = node.initializer;
    ts.forEachChild(node, visit);
  };
  visit(file(text));
  return found!;
};

Deno.test("texts are read that are written in several parts, or under a name", () => {
  equal(textOf(value('const it = "a" + "b";')), "ab");
  equal(textOf(value('const A = "x"; const it = `${A}_y` as const;')), "x_y");
  equal(textOf(value("const it = f();")), undefined);
  equal(textOf(value('function g(A: string) { const it = `${A}`; } const A = "not this";')), undefined);
  equal(wordsOf(value("const it = `${n} of ${m} pods` + ' are ready';")), "… of … pods are ready");
});

Deno.test("metrics are read as they are registered", () => {
  deepEqual(registrations(file('metrics.counter("a_total", "As, " + "all.", ["x"]);')), [
    { name: "a_total", type: "counter", labels: ["x"], help: "As, all." },
  ]);
  deepEqual(
    registrations(file('const L = ["x"]; m.histogram("h", "H.", [...L, "y"], [1]);')).map(({ labels }) =>
      labels
    ),
    [
      ["x", "y"],
    ],
  );
  deepEqual(registrations(file('m.counterFrom("c_total", "C.", () => 1);')), [
    { name: "c_total", type: "counter", labels: [], help: "C." },
  ]);
  deepEqual(registrations(file('map.gauge("only one argument");')), []);
  deepEqual(registrations(file('map.toString("two", "arguments");')), []);
});

Deno.test("metrics of loops and of helpers are those that come of them", () => {
  const names = (text: string) => registrations(file(text)).map(({ name, help }) => `${name}: ${help}`);
  deepEqual(
    names('for (const [name, help] of [["a", "A."], ["b", "B."]]) metrics.gauge(`p_${name}`, help);'),
    [
      "p_a: A.",
      "p_b: B.",
    ],
  );
  deepEqual(
    names('const g = (name: string, help: string) => metrics.gauge(name, help); g("a", "A."); g("b", "B.");'),
    [
      "a: A.",
      "b: B.",
    ],
  );
  deepEqual(
    names(
      'function f({ name, what }: T) { metrics.gauge(name, `${what}, all.`); } f({ name: "a", what: "As" });',
    ),
    [
      "a: As, all.",
    ],
  );
});

Deno.test("a metric that cannot be read is no metric that is left out", () => {
  throws(
    () => registrations(file("metrics.counter(name(), 'Help.');")),
    /src\/x\.ts:1: name, help or labels/,
  );
  throws(
    () => registrations(file("metrics.counter('a', 'Help.', labels());")),
    /src\/x\.ts:1: name, help or labels/,
  );
});

Deno.test("one metric that is asked for twice is one", () => {
  const metric = { name: "a", type: "counter", labels: [], help: "A." } as const;
  deepEqual(merged([metric, metric, { ...metric, help: "B." }]), [{ ...metric, help: "A. Or: B." }]);
});

Deno.test("every figure that a text of the sources names is found", async () => {
  const known = new Set((await metricsOf(root)).map(({ name }) => name));
  const named = new Set<string>();
  for (const { text, fileName } of await sourceFiles(root, ["src"])) {
    // Registrations alone: queries name figures of others.
    if (!/\.(counter|counterFrom|gauge|histogram)\(/.test(text) || fileName.includes("diagnosis")) continue;
    for (
      const [, name = ""] of text.matchAll(/\.(?:counter|counterFrom|gauge|histogram)\(\s*"([a-z0-9_]+)"/g)
    ) {
      named.add(name);
    }
  }
  deepEqual([...named].filter((name) => !known.has(name)), []);
  equal(named.size > 80 && known.size >= named.size, true);
});

const reasons = (text: string) =>
  reasonsOf([file(text)]).map(({ reason, message }) => `${reason}: ${message}`);

Deno.test("reasons are found wherever they are said, with their messages", () => {
  deepEqual(reasons('say({ type: "Ready", status: "False", reason: "NotYet", message: `${n} pods` });'), [
    "NotYet: … pods",
  ]);
  deepEqual(reasons('const x = { reason: a ? "One" : b ?? "Other", message: "Why" };'), [
    "One: Why",
    "Other: Why",
  ]);
  deepEqual(reasons('function tell(reason: string, message: string) {} tell("Told", "It was.");'), [
    "Told: It was.",
  ]);
  deepEqual(
    reasons(
      'class Bad extends Error { constructor(readonly reason: string, message: string) { super(message); } }\nthrow new Bad("Broken", "It is.");',
    ),
    [
      "Broken: It is.",
    ],
  );
  deepEqual(reasons('type FailureReason = /** First. */ "One" | "Two";').map((text) => text.split(":")[0]), [
    "One",
    "Two",
  ]);
  deepEqual(reasons('type R = 1; type XReason =\n  /** The first. */\n  | "One"\n  | "Two";'), [
    "One: The first.",
    "Two: ",
  ]);
  deepEqual(reasons('function reasonOf(e: Error) { return e.name === "x" ? "Odd" : "Usual"; }'), [
    "Odd: ",
    "Usual: ",
  ]);
  deepEqual(reasons('const NEED_WORDS = { KeyGone: "it is gone" };'), ["KeyGone: it is gone"]);
  deepEqual(reasons('const way = ["Pending", "It waits for somebody"];'), ["Pending: It waits for somebody"]);
  deepEqual(reasons('const told = { becomes: ["Warning", "Degraded"] };'), ["Degraded: "]);
});

Deno.test("what is no reason is none", () => {
  deepEqual(
    reasons('const x = { reason: "lower-case", message: "m" }; f({ kind: "Secret" }); g("Pod", "x");'),
    [],
  );
});

Deno.test("types of conditions are found by what stands beside them", () => {
  const types = (text: string) => conditionTypesOf([file(text)]).map(({ type }) => type);
  deepEqual(types('report({ type: "Ready", status: "True" }); f({ type: "Opaque" });'), ["Ready"]);
  deepEqual(
    types('const TYPE = "Healthy"; export const TRANSIENT_CONDITIONS = ["Stalled", "Reconciling"];'),
    [
      "Healthy",
      "Stalled",
      "Reconciling",
    ],
  );
  deepEqual(types('event({ type: "Warning", status: 1 });'), []);
});

Deno.test("a code without a comment is refused", () => {
  const codes =
    'export const CODES = [\n  /** The first. */\n  "one",\n  "two",\n] as const;\nexport type T =\n  /** A. */\n  | "a";';
  deepEqual(membersOf(file(codes), "T"), [{ text: "a", comment: "A." }]);
  throws(() => membersOf(file(codes), "CODES"), /CODES: say in a comment before each what it means: two/);
  throws(() => membersOf(file(codes), "NONE"), /no list of texts that is called NONE/);
});
