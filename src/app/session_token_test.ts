import assert from "node:assert/strict";
import { givenSessionToken } from "./session_token.ts";

Deno.test("a session token is given as it is or as a file, and an empty file is said", async () => {
  const file = await Deno.makeTempFile();
  try {
    assert.equal(await givenSessionToken({}), undefined);
    assert.equal(await givenSessionToken({ coderSessionToken: "token" }), "token");
    await assert.rejects(givenSessionToken({ coderSessionTokenFile: file }), /is empty/);
    await Deno.writeTextFile(file, " token\n");
    assert.equal(await givenSessionToken({ coderSessionTokenFile: file }), "token");
    await assert.rejects(givenSessionToken({ coderSessionTokenFile: `${file}.not` }), /cannot be read/);
  } finally {
    await Deno.remove(file);
  }
});
