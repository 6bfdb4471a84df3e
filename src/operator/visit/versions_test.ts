import assert from "node:assert/strict";
import { plainVersion, TESTED_RANGE, testedness } from "./versions.ts";

Deno.test("a version loses its build, keeps what leads up to a release, and begins with v", () => {
  assert.equal(plainVersion("v2.30.0+43e67d1"), "v2.30.0");
  assert.equal(plainVersion("2.30.0"), "v2.30.0");
  assert.equal(plainVersion(" v2.31.0-rc.1+a+b "), "v2.31.0-rc.1");
  assert.equal(plainVersion("v0.0.0-devel+12ab"), "v0.0.0-devel");
  assert.equal(plainVersion("main"), "main");
  assert.equal(plainVersion("x".repeat(500)).length, 64);
});

Deno.test("minor versions in the tested range are tested, whatever their patch", () => {
  for (const version of ["v2.28.0", "v2.28.11", "v2.29.3", "v2.30.0", "v2.30.99", "v2.30.0-rc.1"]) {
    assert.equal(testedness(version), "tested", version);
  }
  for (const version of ["v2.27.9", "v1.99.0", "v0.0.0-devel"]) {
    assert.equal(testedness(version), "older", version);
  }
  for (const version of ["v2.31.0", "v3.0.0"]) assert.equal(testedness(version), "newer", version);
  for (const version of ["main", "", "v2.30"]) assert.equal(testedness(version), "unknown", version);
  assert.equal(TESTED_RANGE, "v2.28 to v2.30");
});
