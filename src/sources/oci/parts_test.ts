import assert from "node:assert/strict";
import { challengeOf } from "./challenge.ts";
import { layersOf } from "./manifest.ts";
import { ociReference } from "./reference.ts";
import { unpacked } from "./layers.ts";

Deno.test("addresses name a registry and a repository, with Docker's own habits", () => {
  const of = (url: string, more = {}) => {
    const { origin, repository, version, isDigest } = ociReference({ url, ...more });
    return [origin, repository, version, isDigest];
  };
  assert.deepEqual(of("oci://ghcr.io/team/x"), ["https://ghcr.io", "team/x", "latest", false]);
  assert.deepEqual(of("oci://host:5000/x", { tag: "v1", insecure: true }), [
    "http://host:5000",
    "x",
    "v1",
    false,
  ]);
  assert.deepEqual(of("oci://docker.io/x"), ["https://registry-1.docker.io", "library/x", "latest", false]);
  assert.deepEqual(of("oci://[::1]:5000/a_b.c-d"), ["https://[::1]:5000", "a_b.c-d", "latest", false]);
  const digest = `sha256:${"0".repeat(64)}`;
  assert.deepEqual(of("oci://x/y", { digest, tag: "v1" }), ["https://x", "y", digest, true]);
  for (const url of ["oci://x", "oci://x/Y", "oci://x/y:tag", "oci://u:p@x/y", "oci://x/../y", "x/y"]) {
    assert.throws(() => of(url), /oci:\/\/host\/name/, url);
  }
});

Deno.test("what a registry wants to know is read as it may be written", () => {
  assert.equal(challengeOf(null), undefined);
  assert.equal(challengeOf("Negotiate"), undefined);
  assert.deepEqual(challengeOf("Basic"), { scheme: "basic", parameters: {} });
  assert.deepEqual(
    challengeOf('bearer realm="https://x/y?a=\\"b\\"",Service=z , scope="repository:a:pull,push"'),
    {
      scheme: "bearer",
      parameters: { realm: 'https://x/y?a="b"', service: "z", scope: "repository:a:pull,push" },
    },
  );
  assert.deepEqual(challengeOf('Negotiate, Basic realm="x"')?.scheme, "basic");
});

Deno.test("manifests that are none of an image are refused", () => {
  const of = (value: unknown) => layersOf(new TextEncoder().encode(JSON.stringify(value)));
  const layer = { mediaType: "application/zip", digest: `sha256:${"a".repeat(64)}`, size: 1 };
  assert.deepEqual(of({ layers: [layer] }), [layer]);
  assert.throws(() => layersOf(new Uint8Array([1])), /cannot be read/);
  assert.throws(() => of({ layers: [{ ...layer, digest: "sha512:1" }] }), /not one of an image/);
  assert.throws(() => of({ manifests: [] }), /index/);
  assert.throws(() => of({ layers: [] }), /no layers/);
  assert.throws(() => of([]), /not one of an image/);
});

Deno.test("layers of other compressions are refused by name", async () => {
  const layer = { digest: `sha256:${"a".repeat(64)}`, size: 1 };
  for (const mediaType of ["application/vnd.oci.image.layer.v1.tar+zstd", "text/plain", "application/json"]) {
    await assert.rejects(
      unpacked({ ...layer, mediaType }, new Uint8Array(1), 10),
      new RegExp(mediaType.slice(-4)),
    );
  }
});
