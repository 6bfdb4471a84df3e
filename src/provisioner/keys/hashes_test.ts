import assert from "node:assert/strict";
import { h32, tagsHash as legacyTagsHash } from "../../workload/hash.ts";
import {
  hasTags,
  inputsHash,
  isHashOfTags,
  KEY_HASH_ANNOTATION,
  KEY_NAME_ANNOTATION,
  secretAnnotations,
  secretView,
  tagsHash,
  templateChecksum,
  valueHash,
} from "./hashes.ts";
import type { KeyWanted } from "./types.ts";

const VALUE = "k".repeat(43);

Deno.test("the hash of tags does not depend on their order and has 256 bits", () => {
  assert.equal(tagsHash({ a: "1", b: "2" }), tagsHash({ b: "2", a: "1" }));
  assert.match(tagsHash({}), /^[0-9a-f]{64}$/);
  assert.notEqual(tagsHash({ a: "1,b:2" }), tagsHash({ a: "1", b: "2" }));
  assert.notEqual(tagsHash({ ab: "c" }), tagsHash({ a: "bc" }));
});

Deno.test("hashes of the Go operator are still understood", () => {
  assert.equal(legacyTagsHash({ region: "us-east" }), "a3fd2d4d");
  assert.equal(isHashOfTags("a3fd2d4d", { region: "us-east" }), true);
  assert.equal(isHashOfTags("811c9dc5", {}), true);
  assert.equal(isHashOfTags(tagsHash({ a: "1" }), { a: "1" }), true);
  assert.equal(isHashOfTags("a3fd2d4d", { region: "eu" }), false);
  assert.equal(isHashOfTags("", {}), false);
});

Deno.test("a key in Coder has the wanted tags, or more of Coder's own", () => {
  assert.equal(hasTags({ a: "1" }, { a: "1" }), true);
  assert.equal(hasTags({ a: "1", scope: "organization", owner: "" }, { a: "1" }), true);
  assert.equal(hasTags({ scope: "user" }, { scope: "organization" }), false);
  assert.equal(hasTags({}, { a: "1" }), false);
  assert.equal(hasTags({ a: "2" }, { a: "1" }), false);
  assert.equal(hasTags({ a: "1", b: "2" }, { a: "1" }), false);
});

Deno.test("a Secret without a value is as good as none", () => {
  for (const value of [undefined, "", " \n"]) assert.deepEqual(secretView(value), { state: "missing" });
});

Deno.test("a view of a Secret has hashes and what is written beside the value, never the value", () => {
  const view = secretView(VALUE, { other: "x", ...secretAnnotations("prov-1", VALUE) });
  assert.deepEqual(view, {
    state: "held",
    valueHash: valueHash(VALUE),
    legacyChecksum: h32(VALUE),
    label: { keyName: "prov-1", valueHash: valueHash(VALUE) },
  });
  assert.equal(JSON.stringify(view).includes(VALUE), false);
});

Deno.test("half of what belongs beside the value is nothing", () => {
  for (const annotations of [{ [KEY_NAME_ANNOTATION]: "a" }, { [KEY_HASH_ANNOTATION]: "b" }]) {
    const view = secretView(VALUE, annotations as Record<string, string>);
    assert.equal(view.state === "held" && view.label, undefined);
  }
});

Deno.test("pods keep the checksum of the Go operator as long as it is right", () => {
  const checksum = { valueHash: valueHash("secret-key"), legacy: h32("secret-key") };
  assert.equal(checksum.legacy, "6a82cc93");
  assert.equal(templateChecksum(checksum, "6a82cc93"), "6a82cc93");
  assert.equal(templateChecksum(checksum, "00000000"), checksum.valueHash);
  assert.equal(templateChecksum(checksum, undefined), checksum.valueHash);
});

Deno.test("what a refusal may depend on changes its hash, and nothing else does", () => {
  const wanted: KeyWanted = {
    uid: "u",
    baseName: "prov",
    organization: { name: "default", id: "1" },
    tags: {},
    home: { namespace: "a", name: "coder", url: "http://a" },
    existingSecret: false,
    credentials: "1",
  };
  const hash = inputsHash(wanted);
  assert.equal(inputsHash({ ...wanted, rotate: "now", organization: { name: "coder", id: "1" } }), hash);
  for (
    const change of [
      { credentials: "2" },
      { tags: { a: "1" } },
      { baseName: "other" },
      { organization: { name: "eng", id: "2" } },
      { home: { ...wanted.home, url: "http://b" } },
    ]
  ) assert.notEqual(inputsHash({ ...wanted, ...change }), hash, JSON.stringify(change));
});
