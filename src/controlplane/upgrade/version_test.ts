import assert from "node:assert/strict";
import {
  compareMinor,
  compareVersions,
  isSameVersion,
  latest,
  parseVersion,
  versionText,
} from "./version.ts";

const version = (text: string) => {
  const parsed = parseVersion(text);
  assert.ok(parsed !== undefined, text);
  return parsed;
};

Deno.test("tags of Coder's releases, candidates and builds of one's own are versions", () => {
  const table: [string, string][] = [
    ["v2.30.0", "v2.30.0"],
    ["2.30.0", "v2.30.0"],
    [" v2.30.0 ", "v2.30.0"],
    ["v2.31.0-rc.1", "v2.31.0-rc.1"],
    ["v2.30.0-acme.3", "v2.30.0-acme.3"],
    ["v2.30.0+43e67d1", "v2.30.0"],
    ["v2.30.0-devel+43e67d1", "v2.30.0-devel"],
    ["v2.30", "v2.30"],
    ["v0.0.0", "v0.0.0"],
  ];
  for (const [text, expected] of table) assert.equal(versionText(version(text)), expected, text);
});

Deno.test("everything else is no version", () => {
  const others = [
    "",
    "latest",
    "main",
    "v2",
    "2",
    "v2.30.",
    "v2.30.0-",
    "v2.30.0_1",
    "v2.30.0.1",
    "v02.30.0",
    "2024.01.05",
    "v2.30-rc.1",
    "V2.30.0",
    "v2.30.99999999999999999999",
    "2.30.0 or so",
  ];
  for (const text of others) assert.equal(parseVersion(text), undefined, text);
});

Deno.test("versions are ordered as Semantic Versioning orders them", () => {
  const ordered = [
    "v1.99.99",
    "v2.9.0",
    "v2.10.0",
    "v2.30",
    "v2.30.0-1",
    "v2.30.0-2",
    "v2.30.0-10",
    "v2.30.0-acme",
    "v2.30.0-acme.3",
    "v2.30.0-acme.11",
    "v2.30.0-rc.1",
    "v2.30.0",
    "v2.30.1-rc.1",
    "v2.30.1",
    "v2.31.0-rc.1",
    "v2.31.0",
    "v3.0.0",
  ].map(version);
  ordered.forEach((a, i) =>
    ordered.forEach((b, j) =>
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${versionText(a)} ${versionText(b)}`)
    )
  );
});

Deno.test("minor versions are compared without what follows them", () => {
  assert.equal(compareMinor(version("v2.30.0"), version("2.30.7-acme")), 0);
  assert.ok(compareMinor(version("v2.29.9"), version("v2.30.0-rc.1")) < 0);
  assert.ok(compareMinor(version("v3.0.0"), version("v2.99.0")) > 0);
});

Deno.test("the same version is one that is surely the same", () => {
  assert.ok(isSameVersion(version("v2.30.0"), version("2.30.0")));
  assert.ok(!isSameVersion(version("v2.30.0"), version("v2.30.0-acme.3")));
  assert.ok(!isSameVersion(version("v2.30"), version("v2.30")), "a tag that follows a minor version moves");
});

Deno.test("the latest of several is found, unknown ones left out", () => {
  const found = latest([
    undefined,
    version("v2.29.0"),
    version("v2.30.0-rc.1"),
    undefined,
    version("v2.28.9"),
  ]);
  assert.deepEqual(found, version("v2.30.0-rc.1"));
  assert.equal(latest([]), undefined);
  assert.equal(latest([undefined]), undefined);
});
