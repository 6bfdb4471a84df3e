import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { acceptsGzip, gzipped } from "./gzip.ts";

Deno.test("gzip is taken by who says so", () => {
  for (const header of ["gzip", "deflate, gzip", "GZIP;q=0.5", "*", ["br", "gzip"]]) {
    assert.equal(acceptsGzip(header), true, String(header));
  }
  for (const header of [undefined, "", "br", "gzip;q=0", "gzip; q=0.00", "identity", "x-gzip"]) {
    assert.equal(acceptsGzip(header), false, String(header));
  }
});

Deno.test("what is compressed is the same again, of any size", async () => {
  for (const size of [0, 1, 256 * 1024, 256 * 1024 + 1, 2 * 1024 * 1024, 2 * 1024 * 1024 + 1, 5_000_000]) {
    const bytes = new Uint8Array(size).map((_, index) => index % 251);
    assert.deepEqual(new Uint8Array(gunzipSync(await gzipped(bytes))), bytes);
  }
});

Deno.test("the same bytes are compressed once", () => {
  const bytes = new Uint8Array(10);
  assert.equal(gzipped(bytes), gzipped(bytes));
  assert.notEqual(gzipped(bytes), gzipped(new Uint8Array(10)));
});

Deno.test("others get their turn while something large is compressed", async () => {
  const large = gzipped(new Uint8Array(64 * 1024 * 1024));
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await large;
  clearInterval(timer);
  assert.ok(turns > 3, `${turns} turns`);
});
