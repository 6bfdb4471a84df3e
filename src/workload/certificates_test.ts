import assert from "node:assert/strict";
import { caMounts, tlsMounts } from "./certificates.ts";
import { SpecError } from "./spec_error.ts";

Deno.test("without Secrets there are no volumes", () => {
  assert.deepEqual(tlsMounts(undefined), { volumes: [], mounts: [], certFiles: [], keyFiles: [] });
  assert.deepEqual(tlsMounts([]).volumes, []);
  assert.deepEqual(caMounts(undefined), { volumes: [], mounts: [] });
});

Deno.test("TLS Secrets become volumes, directories and file lists", () => {
  const { volumes, mounts, certFiles, keyFiles } = tlsMounts(["my-tls", "my.tls"]);
  assert.deepEqual(volumes, [
    { name: "tls-my-tls", secret: { secretName: "my-tls" } },
    { name: "tls-my-tls-e3767053", secret: { secretName: "my.tls" } },
  ]);
  assert.deepEqual(mounts, [
    { name: "tls-my-tls", mountPath: "/etc/ssl/certs/coder/my-tls", readOnly: true },
    { name: "tls-my-tls-e3767053", mountPath: "/etc/ssl/certs/coder/my.tls", readOnly: true },
  ]);
  assert.deepEqual(certFiles, ["/etc/ssl/certs/coder/my-tls/tls.crt", "/etc/ssl/certs/coder/my.tls/tls.crt"]);
  assert.deepEqual(keyFiles, ["/etc/ssl/certs/coder/my-tls/tls.key", "/etc/ssl/certs/coder/my.tls/tls.key"]);
});

Deno.test("a TLS Secret named twice is mounted once, and names are trimmed", () => {
  const { volumes, certFiles } = tlsMounts([" my-tls ", "my-tls"]);
  assert.equal(volumes.length, 1);
  assert.deepEqual(certFiles, ["/etc/ssl/certs/coder/my-tls/tls.crt"]);
});

Deno.test("keys of one CA Secret share its volume and get files of their own", () => {
  const { volumes, mounts } = caMounts([{ name: "ca", key: "ca.crt" }, { name: "ca", key: "b" }]);
  assert.deepEqual(volumes, [{ name: "ca-cert-ca", secret: { secretName: "ca" } }]);
  assert.deepEqual(mounts, [
    { name: "ca-cert-ca", mountPath: "/etc/ssl/certs/ca-ca.crt", subPath: "ca.crt", readOnly: true },
    { name: "ca-cert-ca", mountPath: "/etc/ssl/certs/ca-b.crt", subPath: "b", readOnly: true },
  ]);
});

Deno.test("a CA Secret that is named once gives its own name to the file", () => {
  const { mounts } = caMounts([{ name: "corp", key: "ca.crt" }]);
  assert.deepEqual(mounts.map(({ mountPath }) => mountPath), ["/etc/ssl/certs/corp.crt"]);
});

Deno.test("a selector repeated exactly is mounted once but counts for the file's name", () => {
  const { mounts } = caMounts([{ name: "ca", key: "k" }, { name: " ca", key: "k " }]);
  assert.deepEqual(mounts.map(({ mountPath }) => mountPath), ["/etc/ssl/certs/ca-k.crt"]);
});

Deno.test("file names that meet are numbered", () => {
  const { mounts } = caMounts([
    { name: "foo", key: "x" },
    { name: "foo.crt", key: "x" },
    { name: "foo-2", key: "x" },
  ]);
  assert.deepEqual(mounts.map(({ mountPath }) => mountPath), [
    "/etc/ssl/certs/foo.crt",
    "/etc/ssl/certs/foo-2.crt",
    "/etc/ssl/certs/foo-2-2.crt",
  ]);
});

Deno.test("a blank entry is refused with its field", () => {
  const cases: [() => unknown, string][] = [
    [() => tlsMounts(["ok", " "]), "spec.tls.secretNames[1]"],
    [() => caMounts([{ name: "", key: "k" }]), "spec.certs.secrets[0].name"],
    [() => caMounts([{ name: "ca", key: " " }]), "spec.certs.secrets[0].key"],
  ];
  for (const [call, field] of cases) {
    assert.throws(call, (error) => error instanceof SpecError && error.field === field, field);
  }
});
