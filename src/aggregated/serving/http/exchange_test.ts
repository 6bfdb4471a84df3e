import assert from "node:assert/strict";
import { exchangeOf } from "../testing/exchanges.ts";
import { behind, type Filter, isStream } from "./exchange.ts";

Deno.test("filters work around each other, the first one outermost", async () => {
  const order: string[] = [];
  const filter = (name: string): Filter => async (exchange, next) => {
    order.push(`${name} in`);
    const answer = await next(exchange);
    order.push(`${name} out`);
    return answer;
  };
  const handler = behind([filter("a"), filter("b")], () => {
    order.push("handler");
    return Promise.resolve({ code: 200 });
  });
  assert.deepEqual(await handler(exchangeOf()), { code: 200 });
  assert.deepEqual(order, ["a in", "b in", "handler", "b out", "a out"]);
});

Deno.test("a filter that answers by itself is the end of the way", async () => {
  const handler = behind([() => Promise.resolve({ code: 429 })], () => assert.fail("it went on"));
  assert.deepEqual(await handler(exchangeOf()), { code: 429 });
});

Deno.test("without filters the handler stands alone", async () => {
  assert.deepEqual(await behind([], () => Promise.resolve({ code: 204 }))(exchangeOf()), { code: 204 });
});

Deno.test("what goes on is told from what is known as a whole", () => {
  assert.equal(isStream({ code: 200, contentType: "text/plain", run() {} }), true);
  assert.equal(isStream({ code: 200, body: "x" }), false);
});
