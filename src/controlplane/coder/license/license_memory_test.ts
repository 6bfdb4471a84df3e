import assert from "node:assert/strict";
import type { License } from "../../../coder/mod.ts";
import { LicenseMemory } from "./license_memory.ts";

const now = new Date("2026-01-02T03:04:05.678Z");
const later = new Date("2026-02-01T00:00:00Z");
const entry = (uuid: string): License => ({ id: 1, uuid, uploaded_at: "2026-01-01T00:00:00Z", claims: {} });
const applied = {
  conditions: [{
    type: "LicenseApplied",
    status: "True" as const,
    reason: "Applied",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }],
};

Deno.test("what was added is ours, with the time in whole seconds", () => {
  const memory = new LicenseMemory({});
  memory.want("h1");
  assert.equal(memory.isApplied, false);
  memory.added("h1", entry("AA"), now);
  assert.equal(memory.isApplied, true);
  assert.equal(memory.isOurs("aa"), true);
  assert.deepEqual(memory.status(), {
    licenseLastApplied: "2026-01-02T03:04:05Z",
    licenseLastAppliedHash: "h1",
    appliedLicenses: ["aa"],
  });
});

Deno.test("what is found is not ours, unless our own upload was left open", () => {
  const theirs = new LicenseMemory({});
  theirs.found("h1", entry("aa"), now);
  assert.equal(theirs.isOurs("aa"), false);
  assert.equal(theirs.status().licenseLastAppliedHash, "h1");
  const ours = new LicenseMemory({});
  ours.uncertain("h1");
  ours.found("h2", entry("bb"), now);
  assert.equal(ours.isOurs("bb"), false, "another one");
  ours.uncertain("h1");
  ours.found("h1", entry("aa"), now);
  assert.equal(ours.isOurs("aa"), true);
});

Deno.test("finding the same licence again moves no time", () => {
  const memory = new LicenseMemory({});
  memory.added("h1", entry("aa"), now);
  memory.found("h1", entry("aa"), later);
  memory.found("h1", undefined, later);
  assert.equal(memory.status().licenseLastApplied, "2026-01-02T03:04:05Z");
});

Deno.test("only what the Secret holds now counts as applied", () => {
  const memory = new LicenseMemory({ licenseLastAppliedHash: "h1", ...applied });
  assert.equal(memory.isApplied, true, "before the Secret was read, the status is all there is");
  memory.want("h2");
  assert.equal(memory.isApplied, false);
  memory.want("h1");
  assert.equal(memory.isApplied, true);
  assert.equal(new LicenseMemory({ licenseLastAppliedHash: "h1" }).isApplied, false);
});

Deno.test("a refusal is of one licence by one version of Coder, until another licence is in", () => {
  const memory = new LicenseMemory({});
  const refusal = { reason: "Error" as const, message: "no" };
  memory.refused("h1", "v2.30.0", refusal);
  assert.equal(memory.refusal("h1", "v2.30.0"), refusal);
  assert.equal(memory.refusal("h2", "v2.30.0"), undefined);
  assert.equal(memory.refusal("h1", "v2.30.1"), undefined);
  memory.added("h2", entry("bb"), now);
  assert.equal(memory.refusal("h1", "v2.30.0"), undefined);
});

Deno.test("the stamp changes with the licences and with nothing else", () => {
  const memory = new LicenseMemory({});
  assert.equal(memory.stamp, "");
  memory.added("h1", entry("aa"), now);
  const first = memory.stamp;
  memory.found("h1", entry("aa"), later);
  assert.equal(memory.stamp, first);
  memory.added("h2", entry("bb"), later);
  const both = memory.stamp;
  assert.notEqual(both, first);
  memory.keepOnly(entry("BB"));
  assert.notEqual(memory.stamp, both);
  assert.deepEqual(memory.status().appliedLicenses, ["bb"]);
});

Deno.test("the Go operator's licence is ours where its time and Coder's agree", () => {
  const of = (licenseLastApplied: string) => {
    const memory = new LicenseMemory({ licenseLastAppliedHash: "h1", licenseLastApplied, ...applied });
    memory.found("h1", entry("aa"), now);
    return memory.isOurs("aa");
  };
  assert.equal(of("2026-01-01T00:00:03Z"), true);
  assert.equal(of("2026-01-01T00:05:00Z"), false);
  assert.equal(of("nonsense"), false);
  const known = new LicenseMemory({
    licenseLastAppliedHash: "h1",
    licenseLastApplied: "2026-01-01T00:00:03Z",
    appliedLicenses: ["cc"],
  });
  known.found("h1", entry("aa"), now);
  assert.equal(known.isOurs("aa"), false, "our own status says whose they are");
});
