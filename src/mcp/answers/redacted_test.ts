import assert from "node:assert/strict";
import { Redactor } from "../../telemetry/redactor.ts";
import { answerRedaction } from "./redacted.ts";

const TOKEN = "aB3dE6gH9j-0123456789abcdefGHIJKL";

Deno.test("an answer without secrets is handed on as it is", () => {
  const answer = { items: [{ name: "a", ready: true, at: null }], lines: ["x", "y"], count: 1 };
  assert.equal(answerRedaction().value(answer), answer);
});

Deno.test("secrets go at any depth, and the answer of the tool is not touched", () => {
  const answer = {
    items: [{ name: "a", message: `used ${TOKEN}` }],
    lines: ["x", `t=${TOKEN}`],
    deep: { x: [[TOKEN]] },
  };
  const before = structuredClone(answer);
  assert.deepEqual(answerRedaction().value(answer), {
    items: [{ name: "a", message: "used [redacted]" }],
    lines: ["x", "t=[redacted]"],
    deep: { x: [["[redacted]"]] },
  });
  assert.deepEqual(answer, before);
});

Deno.test("values whose names say it go, wherever names are data", () => {
  const answer = {
    parameters: [{ name: "db_password", value: "abcd" }, { name: "region", value: "eu" }],
    env: { DB_PASSWORD: "abcd", token: "abcd", REGION: "eu", "api-key": "" },
    variables: [{ key: "API_KEY", value: "abcd", sensitive: false }],
    keySecret: "a-name",
  };
  assert.deepEqual(answerRedaction().value(answer), {
    parameters: [{ name: "db_password", value: "[redacted]" }, { name: "region", value: "eu" }],
    env: { DB_PASSWORD: "[redacted]", token: "[redacted]", REGION: "eu", "api-key": "" },
    variables: [{ key: "API_KEY", value: "[redacted]", sensitive: false }],
    keySecret: "a-name",
  });
});

Deno.test("what is ours and opaque stays whole", () => {
  const answer = { plan: { planToken: TOKEN }, nextCursor: TOKEN, continue: TOKEN };
  assert.equal(answerRedaction().value(answer), answer);
});

Deno.test("a key whose lines are told one by one goes as a whole", () => {
  const lines = ["before", "-----BEGIN PRIVATE KEY-----", "MIIabc", "-----END PRIVATE KEY-----", "after"];
  assert.deepEqual(answerRedaction().value({ lines }), { lines: ["before", "[redacted]", "after"] });
  const harmless = ["-----BEGIN CERTIFICATE-----", "MIIabc"];
  assert.deepEqual(answerRedaction().value({ harmless }), { harmless });
});

Deno.test("a text that was clean is looked at again once there is another value", () => {
  const redactor = new Redactor();
  const redaction = answerRedaction(redactor);
  assert.equal(redaction.text("the word is hunter2"), "the word is hunter2");
  redactor.add("hunter2");
  assert.equal(redaction.text("the word is hunter2"), "the word is [redacted]");
  assert.deepEqual(redaction.value({ a: ["hunter2"] }), { a: ["[redacted]"] });
});

Deno.test("remembering clean texts has an end, and long ones are not kept", () => {
  const redactor = new Redactor();
  const redaction = answerRedaction(redactor);
  for (let index = 0; index < 45_000; index++) assert.equal(redaction.text(`n${index}`), `n${index}`);
  const long = `${"x ".repeat(500)}${TOKEN}`;
  for (let time = 0; time < 2; time++) assert.ok(!redaction.text(long).includes(TOKEN));
});

Deno.test("a long list that was seen before costs next to nothing", () => {
  const redaction = answerRedaction();
  const items = Array.from({ length: 200 }, (_, index) => ({
    name: `coder-${index}`,
    namespace: "lab",
    phase: "Ready",
    readyReplicas: 1,
    url: `https://coder-${index}.example.com`,
  }));
  const first = redaction.value({ items });
  const start = performance.now();
  for (let time = 0; time < 1_000; time++) assert.equal(redaction.value({ items }).items, first.items);
  const each = (performance.now() - start) / 1_000;
  assert.ok(each < 20, `${each} ms each`);
});
