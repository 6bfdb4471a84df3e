import assert from "node:assert/strict";
import { cycloneDx, npmPurl, type Subject } from "./cyclonedx.ts";
import { debianComponents } from "./debian.ts";
import { isAllowed, licenceOf } from "./licences.ts";
import { readLock } from "./lock.ts";

const SUBJECT: Subject = {
  type: "application",
  name: "coder-k8s",
  version: "1.2.3",
  description: "d",
  built: "2026-01-01T00:00:00Z",
  needs: ["pkg:npm/a@1.0.0"],
};

Deno.test("a document: parts, hashes, licences, who needs what", () => {
  const document = cycloneDx(SUBJECT, [
    {
      type: "library",
      name: "@s/a",
      version: "1.0.0",
      purl: npmPurl("@s/a", "1.0.0"),
      licence: "MIT",
      integrity: "sha512-AQID",
      needs: ["pkg:npm/b"],
    },
    { type: "library", name: "b", purl: "pkg:npm/b", licence: "(MIT AND Zlib)", vendored: true },
  ]);
  assert.deepEqual(document["components"], [
    {
      type: "library",
      "bom-ref": "pkg:npm/%40s/a@1.0.0",
      group: "@s",
      name: "a",
      version: "1.0.0",
      hashes: [{ alg: "SHA-512", content: "010203" }],
      licenses: [{ license: { id: "MIT" } }],
      purl: "pkg:npm/%40s/a@1.0.0",
    },
    {
      type: "library",
      "bom-ref": "pkg:npm/b",
      name: "b",
      licenses: [{ expression: "(MIT AND Zlib)" }],
      purl: "pkg:npm/b",
      properties: [{ name: "coder-k8s:vendored", value: "true" }],
    },
  ]);
  assert.deepEqual(document["dependencies"], [
    { ref: "pkg:generic/coder-k8s@1.2.3", dependsOn: ["pkg:npm/a@1.0.0"] },
    { ref: "pkg:npm/%40s/a@1.0.0", dependsOn: ["pkg:npm/b"] },
    { ref: "pkg:npm/b", dependsOn: [] },
  ]);
});

Deno.test("equal parts make an equal serial number, others another", () => {
  const serial = (subject: Subject) => cycloneDx(subject, [])["serialNumber"];
  assert.equal(serial(SUBJECT), serial({ ...SUBJECT }));
  assert.notEqual(serial(SUBJECT), serial({ ...SUBJECT, version: "1.2.4" }));
  assert.match(
    String(serial(SUBJECT)),
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
});

Deno.test("an unknown kind of hash is told", () => {
  const part = { type: "library", name: "a", purl: "pkg:npm/a", integrity: "md5-AQID" } as const;
  assert.throws(() => cycloneDx(SUBJECT, [part]), /md5-AQID is of an unknown kind/);
});

Deno.test("licences in all forms that package.json has had", () => {
  assert.equal(licenceOf({ license: "MIT" }), "MIT");
  assert.equal(licenceOf({ license: { type: "ISC", url: "u" } }), "ISC");
  assert.equal(licenceOf({ licenses: [{ type: "MIT" }, { type: "Apache-2.0" }] }), "MIT OR Apache-2.0");
  for (const none of [{}, null, "MIT", { license: 1 }, { licenses: [] }]) {
    assert.equal(licenceOf(none), undefined);
  }
});

Deno.test("permissive licences alone may come in", () => {
  for (const good of ["MIT", "(MIT AND Zlib)", "MIT OR GPL-3.0-only", "0BSD", "BSD-3-Clause"]) {
    assert.ok(isAllowed(good), good);
  }
  for (
    const bad of [
      "AGPL-3.0-only",
      "GPL-3.0-only",
      "LGPL-2.1-or-later",
      "MIT AND AGPL-3.0-only",
      "UNLICENSED",
      "SEE LICENSE IN x",
      "(MIT OR (GPL-2.0 AND ISC))",
      "",
    ]
  ) assert.ok(!isAllowed(bad), bad);
});

Deno.test("a lock file: hashes by name and version, who needs what, what is asked for directly", () => {
  const lock = readLock(JSON.stringify({
    version: "5",
    npm: {
      "@s/a@1.0.0_peer@2.0.0": { integrity: "sha512-A", dependencies: ["b", "c@2.0.0"] },
      "b@3.0.0": { integrity: "sha512-B" },
      "c@1.0.0": { integrity: "sha512-C1" },
      "c@2.0.0": { integrity: "sha512-C2" },
    },
    workspace: { dependencies: ["npm:@s/a@1.0.0"] },
  }));
  assert.deepEqual(lock.packages.get("@s/a@1.0.0"), {
    integrity: "sha512-A",
    needs: ["pkg:npm/b@3.0.0", "pkg:npm/c@2.0.0"],
  });
  assert.deepEqual(lock.direct, ["pkg:npm/%40s/a@1.0.0"]);
  assert.throws(() => readLock('{"version":"4"}'), /version 4/);
});

Deno.test("Debian's packages, as dpkg and as distroless images keep them", () => {
  const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14
Description: C library
 More.

Package: gone
Status: deinstall ok config-files
Version: 1

Package: base-files
Architecture: amd64
Version: 12.4
`;
  assert.deepEqual(debianComponents(status, "12").map(({ purl }) => purl), [
    "pkg:deb/debian/base-files@12.4?arch=amd64&distro=debian-12",
    "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12",
  ]);
});
