import assert from "node:assert/strict";
import { asBadRequest, parseBody, parseYamlBytes } from "./body.ts";
import { MalformedError } from "./parsed.ts";
import { refusal, sent } from "./testing.ts";

Deno.test("a body is read as what it is said to be; without a type it is JSON", () => {
  assert.deepEqual(parseBody(sent('{"a":1}')).value, { a: 1 });
  assert.deepEqual(parseBody(sent('{"a":1}', { contentType: "" })).value, { a: 1 });
  assert.deepEqual(parseBody(sent("a: 1", { contentType: "application/yaml" })).value, { a: 1 });
});

Deno.test("other types are not taken", () => {
  for (
    const contentType of ["text/plain", "application/vnd.kubernetes.protobuf", "application/json-patch+json"]
  ) {
    const { code, reason } = refusal(() => parseBody(sent("{}", { contentType })));
    assert.deepEqual([code, reason], [415, "UnsupportedMediaType"], contentType);
  }
});

Deno.test("what cannot be read is refused as what it was said to be", () => {
  const json = refusal(() => parseBody(sent("{")));
  assert.deepEqual([json.code, json.reason], [400, "BadRequest"]);
  assert.match(json.message, /is not JSON: unexpected end/);
  const yaml = refusal(() => parseBody(sent("a: b: c", { contentType: "application/yaml" })));
  assert.match(yaml.message, /is not YAML: line 1/);
  const bytes = { contentType: "", body: new Uint8Array([0x22, 0xff, 0x22]) };
  assert.match(refusal(() => parseBody(bytes)).message, /no UTF-8/);
});

Deno.test("JSON that is sent as YAML is read as JSON, and YAML that looks like it as YAML", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const many = JSON.stringify({ a: Array(100_000).fill({ b: 1 }) });
  assert.equal((parseYamlBytes(bytes(many)).value as { a: [] }).a.length, 100_000);
  assert.deepEqual(parseYamlBytes(bytes("{a: yes}")).value, { a: true });
  assert.deepEqual(parseYamlBytes(bytes(' {"a":1,"a":2}')).duplicates, ['duplicate field "a"']);
});

Deno.test("mistakes of ours stay what they are", () => {
  const mistake = new TypeError("x");
  assert.equal(asBadRequest(mistake, "what"), mistake);
  assert.match(String(asBadRequest(new MalformedError("why"), "what")), /what: why/);
});
