import assert from "node:assert/strict";
import { blobLimits, BlobRoom, STANDARD_BLOB_LIMITS } from "./blob_rules.ts";

const LIMITS = { maxBytes: 100, maxOwnerBytes: 120, maxTotalBytes: 150 };

Deno.test("one owner may have a quarter of all, where nothing else is said", () => {
  assert.equal(blobLimits({ maxTotalBytes: 1_000 }).maxOwnerBytes, 250);
  assert.equal(blobLimits({ maxTotalBytes: 1_003 }).maxOwnerBytes, 250);
  assert.equal(STANDARD_BLOB_LIMITS.maxOwnerBytes, STANDARD_BLOB_LIMITS.maxTotalBytes / 4);
  const all = { maxBytes: 1, maxOwnerBytes: 2, maxTotalBytes: 3 };
  assert.deepEqual(blobLimits(all), all);
  assert.equal(blobLimits({ maxTotalBytes: 1_000 }).maxBytes, STANDARD_BLOB_LIMITS.maxBytes);
});

Deno.test("a refusal says which limit it is, and what to do", () => {
  const room = new BlobRoom(LIMITS);
  assert.throws(() => room.take("ann", 90, 11), {
    code: "limit",
    message:
      "there is no room for more than 90 bytes of it: one may have 100 bytes, one owner's together 120: " +
      "remove large files from the session",
  });
  room.take("ann", 0, 100);
  assert.throws(() => room.take("ann", 0, 21), {
    code: "limit",
    message:
      "there is no room for more than 0 bytes of it: one may have 100 bytes, one owner's together 120: " +
      "remove large files from the session, or try again when an older one of yours is over",
  });
  room.take("bob", 0, 50);
  assert.throws(() => room.take("cid", 0, 1), {
    code: "limit",
    message: "there is no room for more than 0 bytes of it: all together may have 150 bytes: " +
      "remove large files from the session, or try again when older ones are over",
  });
});

Deno.test("what is refused takes nothing, what is given back is free", () => {
  const room = new BlobRoom(LIMITS);
  room.take("ann", 0, 100);
  for (let count = 0; count < 3; count++) assert.throws(() => room.take("ann", 0, 50), { code: "limit" });
  room.take("bob", 0, 50);
  room.give("ann", 100);
  room.take("ann", 0, 60);
  room.take("ann", 60, 40);
});

Deno.test("what was counted anew counts, and nobody is owed room", () => {
  const room = new BlobRoom(LIMITS);
  room.take("ann", 0, 100);
  room.recount(new Map([["ann", 20], ["bob", 30]]));
  // Of a blob that the count had not seen.
  room.give("ann", 100);
  room.give("cid", 100);
  assert.throws(() => room.take("bob", 0, 91), { code: "limit" });
  room.take("ann", 0, 100);
  assert.throws(() => room.take("ann", 0, 21), { code: "limit" });
  assert.throws(() => room.take("bob", 0, 21), { code: "limit", message: /all together/ });
  room.take("bob", 0, 20);
});
