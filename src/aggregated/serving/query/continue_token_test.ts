import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { StatusError } from "../status_errors.ts";
import { readContinueToken, writeContinueToken } from "./continue_token.ts";

const token = {
  resourceVersion: "1764000000000000000",
  after: { namespace: "team", name: "acme.alice.dev" },
};

Deno.test("a token carries what is needed to go on, and passes through a query as it is", () => {
  const text = writeContinueToken(token);
  assert.match(text, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(readContinueToken(text), token);
});

Deno.test("a token without a version goes on with what is true now", () => {
  const { after } = token;
  assert.deepEqual(readContinueToken(writeContinueToken({ after })), { after });
});

Deno.test("what was not made here is a bad request", () => {
  const write = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const bad = [
    "",
    "x",
    "%%%",
    write(null),
    write([]),
    write({}),
    write({ v: "coder/v1", rv: "0", after: ["n", "a"] }),
    write({ v: "coder/v1", rv: "-1", after: ["n", "a"] }),
    write({ v: "coder/v1", rv: "1", after: ["n", ""] }),
    write({ v: "coder/v1", rv: "1", after: ["n"] }),
    write({ v: "coder/v1", rv: "1", after: ["n", "a"], more: 1 }),
    write({ v: "meta.k8s.io/v1", rv: 1, start: "a" }),
    write({ v: "coder/v1", rv: "1", after: ["n", "a".repeat(254)] }),
    writeContinueToken(token).slice(0, -3),
    "A".repeat(100_000),
  ];
  for (const text of bad) {
    assert.throws(
      () => readContinueToken(text),
      (error: unknown) =>
        error instanceof StatusError && error.code === 400 &&
        error.message.startsWith("continue key is not valid"),
      text.slice(0, 50),
    );
  }
});
