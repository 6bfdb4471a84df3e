import assert from "node:assert/strict";
import { coderBuildFlags, coderCacheKey, coderVersion, providerVersion, tofuCacheKey } from "./tool_list.ts";

const GO_MOD = `module x
require (
	github.com/coder/coder/v2 v2.30.0 // indirect
	github.com/coder/terraform-provider-coder/v2 v2.13.1 // indirect
)
`;
const TOFU_MOD = "module x\nrequire github.com/opentofu/opentofu v1.10.10\n";
const INPUT = { goMod: GO_MOD, goSum: "sums", os: "linux", arch: "x86_64" };

Deno.test("the versions of coderd and its provider are those of go.mod, without their v", () => {
  assert.equal(coderVersion(GO_MOD), "2.30.0");
  assert.equal(providerVersion(GO_MOD), "2.13.1");
});

Deno.test("the tools module asks for the coderd that the reference was observed on", async () => {
  const goMod = await Deno.readTextFile(new URL("tools/go.mod", import.meta.url));
  assert.equal(coderVersion(goMod), "2.30.0");
  assert.equal(providerVersion(goMod), "2.13.1");
});

Deno.test("coderd is stamped with its version without a v, as AGPL, and never with our repository's revision", () => {
  const flags = coderBuildFlags(GO_MOD, "coder");
  assert.ok(flags.includes("-buildvcs=false"));
  const linker = flags.at(-1) ?? "";
  assert.match(linker, /-checklinkname=0/);
  assert.match(linker, /-X github\.com\/coder\/coder\/v2\/buildinfo\.tag=2\.30\.0( |$)/);
  assert.match(linker, /-X github\.com\/coder\/coder\/v2\/buildinfo\.agpl=true/);
});

Deno.test("the provider is built without coderd's stamps", () => {
  assert.doesNotMatch(coderBuildFlags(GO_MOD, "terraform-provider-coder").join(" "), /buildinfo|linkname/);
});

Deno.test("the cache key shows the version, and changes with a version, a checksum and the platform", () => {
  assert.match(coderCacheKey(INPUT), /^coder-2\.30\.0-[0-9a-f]{16}$/);
  assert.equal(coderCacheKey(INPUT), coderCacheKey({ ...INPUT }));
  const others = [
    { ...INPUT, goMod: GO_MOD.replace("v2.30.0", "v2.30.1") },
    { ...INPUT, goMod: GO_MOD.replace("v2.13.1", "v2.13.2") },
    { ...INPUT, goSum: "other sums" },
    { ...INPUT, os: "darwin" },
    { ...INPUT, arch: "aarch64" },
  ];
  assert.equal(new Set([INPUT, ...others].map(coderCacheKey)).size, 6);
});

Deno.test("OpenTofu has a cache key of its own, so that a newer coderd does not build it again", () => {
  const input = { ...INPUT, goMod: TOFU_MOD };
  assert.match(tofuCacheKey(input), /^tofu-1\.10\.10-[0-9a-f]{16}$/);
  assert.notEqual(tofuCacheKey(input), tofuCacheKey({ ...input, goMod: TOFU_MOD.replace(".10\n", ".11\n") }));
  assert.notEqual(tofuCacheKey(input), tofuCacheKey({ ...input, goSum: "other sums" }));
});
