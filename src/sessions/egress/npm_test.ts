import assert from "node:assert/strict";
import { isPackageName, npmDocument, npmPage, npmVersion } from "./npm.ts";

const npm = { url: "https://npm.example/registry" };
const acme = { url: "https://acme.example" };
const registries = { npm, scoped: new Map([["@acme", acme]]) };

function read(name: string, versions: Record<string, unknown>) {
  const page = npmPage(registries, name, true);
  const body = { name, "dist-tags": { latest: "1.0.0" }, versions, extra: { kept: true } };
  return page.read(JSON.stringify(body), "application/json", new URL(page.url));
}

Deno.test("names are those that packages have", () => {
  for (const name of ["left-pad", "@acme/tool", "JSONStream", "_old", "a.b"]) {
    assert.ok(isPackageName(name), name);
  }
  for (const name of ["", ".", "..", ".hidden", "@acme", "@acme/", "@acme/../x", "a/b", "a b", "@/x"]) {
    assert.ok(!isPackageName(name), name);
  }
});

Deno.test("a scope has its own registry", () => {
  assert.equal(npmPage(registries, "@acme/tool", true).url, "https://acme.example/@acme%2ftool");
  assert.equal(npmPage(registries, "@other/tool", true).url, "https://npm.example/registry/@other%2ftool");
  assert.notEqual(npmPage(registries, "a", true).key, npmPage(registries, "a", false).key);
});

Deno.test("tarballs are here, and checked by the strongest hash", () => {
  const digest = Buffer.alloc(64, 7);
  const page = read("@acme/tool", {
    "1.0.0": {
      version: "1.0.0",
      dist: {
        tarball: "https://acme.example/@acme/tool/-/tool-1.0.0.tgz",
        integrity: `sha1-${Buffer.alloc(20).toString("base64")} sha512-${digest.toString("base64")}`,
        shasum: "0".repeat(40),
        signatures: [{ keyid: "k" }],
      },
    },
    "0.1.0": { dist: { tarball: "http://acme.example/x/0.1.0/abcdef", shasum: "AB".repeat(20) } },
    "0.0.1": { dist: { tarball: "http://elsewhere.example/x.tgz" } },
    "0.0.0": { dist: { tarball: "https://" } },
  });
  assert.deepEqual(page.files, {
    "tool-1.0.0.tgz": {
      url: "https://acme.example/@acme/tool/-/tool-1.0.0.tgz",
      hash: { algorithm: "sha512", hex: digest.toString("hex") },
    },
    "tool-0.1.0.tgz": {
      url: "https://acme.example/x/0.1.0/abcdef",
      hash: { algorithm: "sha1", hex: "ab".repeat(20) },
    },
  });
  const served = JSON.parse(npmDocument(page.document, "http://127.0.0.1:3129"));
  assert.equal(
    served.versions["1.0.0"].dist.tarball,
    "http://127.0.0.1:3129/npm/@acme/tool/-/tool-1.0.0.tgz",
  );
  assert.deepEqual(served.versions["1.0.0"].dist.signatures, [{ keyid: "k" }]);
  assert.deepEqual(served.extra, { kept: true });
});

Deno.test("one version is found by its number or its tag, and nothing by names of objects' own", () => {
  const { document } = read("a", { "1.0.0": { dist: { tarball: "https://npm.example/a.tgz" }, n: 1 } });
  assert.equal(JSON.parse(npmVersion(document, "1.0.0")!).n, 1);
  assert.equal(JSON.parse(npmVersion(document, "latest")!).n, 1);
  for (const name of ["2.0.0", "constructor", "__proto__", "toString"]) {
    assert.equal(npmVersion(document, name), undefined);
  }
});
