import assert from "node:assert/strict";
import { parseImage, versionOfImage } from "./image.ts";
import { versionText } from "./version.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

Deno.test("references of every form are taken apart", () => {
  const table: [string, string, string | undefined, string | undefined][] = [
    ["coder", "coder", undefined, undefined],
    ["ghcr.io/coder/coder:v2.30.0", "ghcr.io/coder/coder", "v2.30.0", undefined],
    ["registry:5000/coder", "registry:5000/coder", undefined, undefined],
    ["registry:5000/coder:2.30.0", "registry:5000/coder", "2.30.0", undefined],
    [`ghcr.io/coder/coder@${digest}`, "ghcr.io/coder/coder", undefined, digest],
    [`registry:5000/a/b:v2.30.0@${digest}`, "registry:5000/a/b", "v2.30.0", digest],
    [" coder:latest ", "coder", "latest", undefined],
    ["", "", undefined, undefined],
  ];
  for (const [reference, repository, tag, found] of table) {
    assert.deepEqual(parseImage(reference), { repository, tag, digest: found }, reference);
  }
});

Deno.test("a version comes from the tag, whatever the registry and the digest", () => {
  const table: [string | undefined, string | undefined][] = [
    ["ghcr.io/coder/coder:v2.30.0", "v2.30.0"],
    [`registry:5000/coder:2.30.0-acme.3@${digest}`, "v2.30.0-acme.3"],
    ["registry:5000/coder", undefined],
    ["v2.30.0/coder", undefined],
    [`coder@${digest}`, undefined],
    ["coder:latest", undefined],
    ["coder:main", undefined],
    [undefined, undefined],
  ];
  for (const [reference, expected] of table) {
    const version = versionOfImage(reference);
    assert.equal(version === undefined ? undefined : versionText(version), expected, String(reference));
  }
});
