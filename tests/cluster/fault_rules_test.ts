import assert from "node:assert/strict";
import { LineSplitter } from "./fault_exchange.ts";
import { FaultRule, type Match, matches, seen } from "./fault_rules.ts";

const WATCH = seen(1, "GET", "/apis/apps/v1/namespaces/x/deployments?watch=true", "operator/1.0 (linux)");
const UPDATE = seen(2, "PUT", "/api/v1/namespaces/y/configmaps/z/status", "kubectl");

function pick(match: Match): number[] {
  return [WATCH, UPDATE].filter((request) => matches(match, request)).map(({ id }) => id);
}

Deno.test("nothing named means every request", () => {
  assert.deepEqual(pick({}), [1, 2]);
});

Deno.test("every part of a request can be asked for", () => {
  assert.deepEqual(pick({ method: "PUT" }), [2]);
  assert.deepEqual(pick({ method: ["GET", "POST"] }), [1]);
  assert.deepEqual(pick({ verb: "watch" }), [1]);
  assert.deepEqual(pick({ verb: ["update", "patch"] }), [2]);
  assert.deepEqual(pick({ resource: ["deployments", "pods"] }), [1]);
  assert.deepEqual(pick({ namespace: "y" }), [2]);
  assert.deepEqual(pick({ name: "z" }), [2]);
  assert.deepEqual(pick({ subresource: "status" }), [2]);
  assert.deepEqual(pick({ path: "/apis/apps/v1/namespaces/x/deployments" }), [1]);
  assert.deepEqual(pick({ path: /configmaps/ }), [2]);
  assert.deepEqual(pick({ path: "/apis" }), []);
  assert.deepEqual(pick({ userAgent: "operator" }), [1]);
  assert.deepEqual(pick({ userAgent: /^kube/ }), [2]);
  assert.deepEqual(pick({ watch: false }), [2]);
  assert.deepEqual(pick({ when: ({ query }) => query.has("watch") }), [1]);
});

Deno.test("all that is named must hold", () => {
  assert.deepEqual(pick({ verb: "watch", namespace: "y" }), []);
});

Deno.test("a rule passes the first ones, affects the next, and is then used up", () => {
  const rule = new FaultRule({ type: "cut" }, {}, { skip: 2, times: 2 });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => rule.take()), [false, false, true, true, false]);
  assert.equal(rule.hits, 2);
  assert.equal(rule.active, false);
});

Deno.test("a rule that is removed affects nothing any more and says so", async () => {
  const rule = new FaultRule({ type: "freeze" }, {}, {});
  assert.equal(rule.take(), true);
  rule[Symbol.dispose]();
  await rule.removed;
  assert.equal(rule.take(), false);
  assert.equal(rule.hits, 1);
});

Deno.test("lines are put together from pieces of any size", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const whole = "first\nsecond line\n\nlast\n";
  for (const size of [1, 2, 5, 100]) {
    const splitter = new LineSplitter();
    const lines: string[] = [];
    for (let at = 0; at < whole.length; at += size) {
      for (const line of splitter.push(encode(whole.slice(at, at + size)))) {
        lines.push(new TextDecoder().decode(line));
      }
    }
    assert.deepEqual(lines, ["first\n", "second line\n", "\n", "last\n"], `pieces of ${size}`);
  }
  assert.deepEqual(new LineSplitter().push(encode("no newline")), []);
});
