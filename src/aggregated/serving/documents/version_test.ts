import assert from "node:assert/strict";
import { versionInfo } from "./version.ts";

Deno.test("every field that clients read is there, and made of what was built", () => {
  const info = versionInfo({ version: "2.10.3-rc.1", commit: "0123abc", built: "2026-01-01T00:00:00Z" });
  assert.deepEqual([info.major, info.minor, info.gitVersion], ["2", "10", "v2.10.3-rc.1"]);
  assert.deepEqual([info.gitCommit, info.gitTreeState, info.buildDate, info.compiler], [
    "0123abc",
    "clean",
    "2026-01-01T00:00:00Z",
    "v8",
  ]);
  assert.match(info.goVersion, /^deno\d+\.\d+\.\d+/);
  assert.ok(Object.values(info).every((value) => typeof value === "string"));
});
