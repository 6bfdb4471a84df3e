import assert from "node:assert/strict";
import { adviceFor } from "./advice.ts";

Deno.test("the reason's advice goes before the kind's", () => {
  assert.match(adviceFor({ kind: "unauthorized", reason: "tokenExpired" }), /expired: replace it/);
  assert.match(adviceFor({ kind: "unauthorized" }), /Check the session token/);
  assert.match(adviceFor({ kind: "forbidden", reason: "notEntitled" }), /licence/);
});

Deno.test("a database that is away is never blamed on the token", () => {
  assert.match(
    adviceFor({ kind: "unavailable", reason: "databaseAway" }),
    /check PostgreSQL.*nothing about the token/,
  );
});

Deno.test("where Coder's words say it all there is none", () => {
  assert.equal(adviceFor({ kind: "conflict" }), "");
  assert.equal(adviceFor({ kind: "invalid" }), "");
});
