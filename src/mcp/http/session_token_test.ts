import assert from "node:assert/strict";
import { callerHash, issueSession, readSession, SESSION_LIFE_MS, sessionHash } from "./session_token.ts";

const key = new Uint8Array(32).fill(7);
const keys = () => ({ current: key, all: [key] });
const facts = {
  version: "2025-06-18",
  elicits: true,
  client: "Claude",
  callerId: "system:serviceaccount:lab:bot",
};

Deno.test("a token says what was put in, shows no caller, and is a header's length", () => {
  const token = issueSession({ ...facts, client: "ü".repeat(1_000) }, keys, 5);
  assert.match(token, /^[\w-]+\.[\w-]+$/);
  assert.ok(token.length < 512);
  const read = readSession(token, keys, 6);
  assert.deepEqual(read, {
    version: "2025-06-18",
    elicits: true,
    client: "ü".repeat(64),
    expiresAt: 5 + SESSION_LIFE_MS,
    caller: callerHash(facts.callerId),
  });
  assert.doesNotMatch(atob(token.split(".")[0]!.replaceAll("-", "+").replaceAll("_", "/")), /serviceaccount/);
});

Deno.test("a token ends after a day, and counts for its own key and no other purpose", () => {
  const token = issueSession(facts, keys, 0);
  assert.notEqual(readSession(token, keys, SESSION_LIFE_MS - 1), undefined);
  assert.equal(readSession(token, keys, SESSION_LIFE_MS), undefined);
  const other = new Uint8Array(32).fill(8);
  assert.equal(readSession(token, () => ({ current: other, all: [other] }), 1), undefined);
  assert.notEqual(readSession(token, () => ({ current: other, all: [other, key] }), 1), undefined);
  for (
    const text of ["", ".", "a.b", token.slice(1), `${token}x`, token.replace(".", ""), "x".repeat(3_000)]
  ) {
    assert.equal(readSession(text, keys, 1), undefined, text.slice(0, 20));
  }
  assert.equal(readSession(issueSession({ ...facts, version: "2026-07-28" }, keys, 0), keys, 1), undefined);
});

Deno.test("two sessions of one moment are two, and what is on record of them is no token", () => {
  const [a, b] = [issueSession(facts, keys, 0), issueSession(facts, keys, 0)];
  assert.notEqual(a, b);
  assert.match(sessionHash(a), /^[0-9a-f]{16}$/);
  assert.notEqual(sessionHash(a), sessionHash(b));
});
