import assert from "node:assert/strict";
import { buildFlags, cacheKey, moduleVersion } from "./tool_list.ts";

const GO_MOD = `module x
go 1.26.0
require k8s.io/kubernetes v1.34.4
require (
	k8s.io/kubernetes-extra v9.9.9 // indirect
	sigs.k8s.io/kwok v0.8.0 // indirect
)
`;
const INPUT = { goMod: GO_MOD, goSum: "sums", os: "linux", arch: "x86_64" };

Deno.test("a module's version is read from both forms of require", () => {
  assert.equal(moduleVersion(GO_MOD, "k8s.io/kubernetes"), "v1.34.4");
  assert.equal(moduleVersion(GO_MOD, "sigs.k8s.io/kwok"), "v0.8.0");
});

Deno.test("a module that is not required is an error that names it", () => {
  assert.throws(() => moduleVersion(GO_MOD, "k8s.io/kubelet"), /k8s\.io\/kubelet/);
});

Deno.test("the stamped version is the one in go.mod, for the server and for clients", () => {
  const [trimpath, ldflags, stamps] = buildFlags(GO_MOD, "2026-01-02T03:04:05Z");
  assert.equal(trimpath, "-trimpath");
  assert.equal(ldflags, "-ldflags");
  for (const path of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
    assert.match(stamps ?? "", new RegExp(`-X ${path}\\.gitVersion=v1\\.34\\.4 `));
    assert.match(stamps ?? "", new RegExp(`-X ${path}\\.gitMajor=1 `));
    assert.match(stamps ?? "", new RegExp(`-X ${path}\\.gitMinor=34 `));
    assert.match(stamps ?? "", new RegExp(`-X ${path}\\.buildDate=2026-01-02T03:04:05Z`));
  }
  assert.match(stamps ?? "", /consts\.Version=v0\.8\.0/);
});

Deno.test("the cache key is the same for the same input", () => {
  assert.equal(cacheKey(INPUT), cacheKey({ ...INPUT }));
  assert.match(cacheKey(INPUT), /^[0-9a-f]{16}$/);
});

Deno.test("the cache key changes with a version, a checksum and the platform", () => {
  const others = [
    { ...INPUT, goMod: GO_MOD.replace("v0.8.0", "v0.8.1") },
    { ...INPUT, goSum: "other sums" },
    { ...INPUT, os: "darwin" },
    { ...INPUT, arch: "aarch64" },
  ];
  assert.equal(new Set([INPUT, ...others].map(cacheKey)).size, 5);
});

Deno.test("the cache key tells where one part ends and the next begins", () => {
  const left = { ...INPUT, goMod: `${GO_MOD}//a`, goSum: "b" };
  const right = { ...INPUT, goMod: `${GO_MOD}//`, goSum: "ab" };
  assert.notEqual(cacheKey(left), cacheKey(right));
});
