import assert from "node:assert/strict";
import { CutOff, retryAfter } from "./requests.ts";

const answer = (status: number, seconds?: number) => ({ status, retryAfter: seconds, body: "" });

Deno.test("client-go asks again where a connection broke", () => {
  assert.equal(retryAfter(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" })), 1);
  assert.equal(retryAfter(new Error("socket hang up")), 1);
  assert.equal(
    retryAfter(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })),
    undefined,
    "nobody there is a failure",
  );
  assert.equal(retryAfter(new CutOff("the answer was cut off")), undefined, "half an answer is a failure");
});

Deno.test("client-go asks again where it is told when", () => {
  assert.equal(retryAfter(answer(429, 2)), 2);
  assert.equal(retryAfter(answer(503, 1)), 1);
  assert.equal(retryAfter(answer(503)), undefined);
  assert.equal(retryAfter(answer(404, 1)), undefined);
});
