import assert from "node:assert/strict";
import { recordingLogger } from "../../../kube/testing/recording_logger.ts";
import { badRequest, requestEntityTooLarge, serviceUnavailable } from "../status_errors.ts";
import { exchangeOf } from "../testing/exchanges.ts";
import { errorFilter, factsOf } from "./error_filter.ts";
import { type BodyAnswer, ClientGoneError, type Exchange } from "./exchange.ts";

async function run(error: unknown, exchange: Exchange = exchangeOf()) {
  const { logger, lines } = recordingLogger();
  const answer = await errorFilter(logger)(exchange, () => Promise.reject(error)) as BodyAnswer;
  return { answer, lines, status: JSON.parse(String(answer.body)) };
}

Deno.test("an answer passes as it is", async () => {
  const answer = { code: 200 };
  assert.equal(
    await errorFilter(recordingLogger().logger)(exchangeOf(), () => Promise.resolve(answer)),
    answer,
  );
});

Deno.test("a refusal becomes its Status, and is no line in the log", async () => {
  const { answer, status, lines } = await run(badRequest("no such field"));
  assert.deepEqual([answer.code, status.message, answer.headers], [400, "no such field", undefined]);
  assert.deepEqual(lines, []);
});

Deno.test("when to try again stands in the header, too", async () => {
  const { answer } = await run(serviceUnavailable("Coder does not answer", 7));
  assert.deepEqual(answer.headers, { "Retry-After": "7" });
});

Deno.test("a refusal with a cause is logged with it, and told without it", async () => {
  const { status, lines } = await run(
    serviceUnavailable("Coder does not answer", 1, { cause: new Error("http://10.0.0.1") }),
  );
  assert.doesNotMatch(JSON.stringify(status), /10\.0\.0\.1/);
  assert.deepEqual([lines.length, lines[0]?.level, String(lines[0]?.fields["error"])], [
    1,
    "warn",
    "Error: http://10.0.0.1",
  ]);
});

Deno.test("what must end the connection does", async () => {
  assert.equal((await run(requestEntityTooLarge(1))).answer.closeConnection, true);
  assert.equal((await run(badRequest("x"))).answer.closeConnection, undefined);
});

Deno.test("anything else that is thrown is a mistake of ours, whatever it is", async () => {
  for (const thrown of [new TypeError("x is undefined"), "text", undefined, null, { secret: 1 }]) {
    const { answer, lines, status } = await run(thrown);
    assert.deepEqual([answer.code, status.reason], [500, "InternalError"]);
    assert.doesNotMatch(JSON.stringify(status), /undefined|text|secret/);
    assert.equal(lines[0]?.level, "error");
  }
});

Deno.test("what happens after the client is gone is nobody's mistake", async () => {
  assert.deepEqual((await run(new ClientGoneError())).lines, []);
  const exchange = exchangeOf();
  exchange.abort(new ClientGoneError());
  assert.deepEqual((await run(new Error("socket hang up"), exchange)).lines, []);
});

Deno.test("a log line names request and caller, and neither query nor headers", () => {
  const exchange = exchangeOf({ target: "/version?token=abc", headers: { authorization: "Bearer abc" } });
  const facts = factsOf(exchange);
  assert.deepEqual(facts, { auditId: "audit-1", method: "GET", path: "/version", verb: "get", user: "jane" });
  exchange.user = undefined;
  assert.equal("user" in factsOf(exchange), false);
});
