import assert from "node:assert/strict";
import { z } from "zod";
import { answerOf } from "./answer.ts";
import { CoderApiError, CoderResponseError } from "./errors.ts";
import type { RefusedCall } from "./refusal.ts";
import type { TransportAnswer } from "./transport.ts";

const call: RefusedCall = {
  method: "GET",
  route: "/api/v2/things/{thing}",
  path: "/api/v2/things/7",
  address: "http://coder.test/base",
  clean: (text) => text,
};
const thing = z.object({ id: z.number(), token: z.string() });

function answer(status: number, body: string, headers: Record<string, string> = {}): TransportAnswer {
  return { status, headers: { "content-type": "application/json", ...headers }, body };
}

function broken(given: TransportAnswer): CoderResponseError {
  try {
    answerOf(given, thing, call);
  } catch (error) {
    assert.ok(error instanceof CoderResponseError, String(error));
    return error;
  }
  throw new Error("no error");
}

Deno.test("a good answer is its value, without fields that nobody named", () => {
  const value = answerOf(answer(200, `{"id":1,"token":"x","more":{"deep":[1]}}`), thing, call);
  assert.deepEqual(value, { id: 1, token: "x" });
});

Deno.test("any success is success", () => {
  for (const status of [200, 201, 202, 204]) {
    assert.equal(answerOf(answer(status, ""), undefined, call), undefined);
  }
});

Deno.test("a text is taken as it is", () => {
  assert.equal(answerOf(answer(200, "OK", { "content-type": "text/plain" }), "text", call), "OK");
});

Deno.test("a broken answer names route and paths, and no values", () => {
  const error = broken(answer(200, `{"id":"hunter2hunter2","token":7}`));
  assert.deepEqual(error.problems, ["id: expected number", "token: expected string"]);
  assert.equal(error.call.route, "/api/v2/things/{thing}");
  assert.equal(error.reason, "schema");
  assert.match(
    error.message,
    /GET \/api\/v2\/things\/7 at http:\/\/coder\.test\/base: the answer cannot be used: id: expected number/,
  );
  assert.doesNotMatch(error.message + error.stack, /hunter2/);
});

Deno.test("an answer that is not JSON is not quoted", () => {
  for (const body of ["", "hunter2hunter2", `{"token":"hunter2hunter2"`, "\u0000hunter2"]) {
    const error = broken(answer(200, body));
    assert.equal(error.reason, "notJson");
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(error.message + error.stack, /hunter2/);
  }
});

Deno.test("a page with status 200 proves nothing, whether or not a form was asked for", () => {
  for (const headers of [{ "content-type": "text/html; charset=utf-8" }, { "content-type": "" }]) {
    const page = answer(200, "<!DOCTYPE html><html></html>", headers);
    assert.equal(broken(page).reason, "notJson");
    assert.throws(() => answerOf(page, undefined, call), CoderResponseError);
    assert.throws(() => answerOf(page, "text", call), CoderResponseError);
  }
});

Deno.test("a redirect names where it points, without what may be secret", () => {
  for (const status of [301, 302, 303, 307, 308]) {
    const error = broken(
      answer(status, "", { location: "https://user:hunter2@other.example/x?token=hunter2" }),
    );
    assert.equal(error.reason, "redirect");
    assert.equal(error.status, status);
    assert.match(error.message, /a redirect to https:\/\/other\.example\. Redirects are not followed/);
    assert.doesNotMatch(error.message, /hunter2/);
  }
});

Deno.test("a redirect to nowhere, or within the host, is one too", () => {
  assert.match(broken(answer(307, "")).message, /answered 307, a redirect\. /);
  assert.match(broken(answer(307, "", { location: "/login" })).message, /answered 307, a redirect\. /);
  assert.match(broken(answer(307, "", { location: "http://[" })).message, /answered 307, a redirect\. /);
});

Deno.test("a refusal is a CoderApiError", () => {
  assert.throws(
    () => answerOf(answer(409, "{}", { "x-coder-build-version": "v2" }), thing, call),
    CoderApiError,
  );
});

Deno.test("304, the answer to a change that changes nothing, is no redirect", () => {
  assert.throws(
    () => answerOf(answer(304, "", { "x-coder-build-version": "v2" }), thing, call),
    CoderApiError,
  );
});
