import assert from "node:assert/strict";
import type { BodyAnswer } from "../http/exchange.ts";
import { answerFixed, fixedDocument, yamlDocument } from "./fixed_document.ts";

Deno.test("a document is named by its content", () => {
  const one = fixedDocument({ a: 1 });
  assert.match(one.hash, /^[0-9A-F]{64}$/);
  assert.equal(fixedDocument({ a: 1 }).hash, one.hash);
  assert.notEqual(fixedDocument({ a: 2 }).hash, one.hash);
  assert.equal(new TextDecoder().decode(one.bytes), '{"a":1}\n');
});

Deno.test("a document in YAML is another document", () => {
  const yaml = yamlDocument({ a: 1 });
  assert.deepEqual([new TextDecoder().decode(yaml.bytes), yaml.contentType], ["a: 1\n", "application/yaml"]);
  assert.notEqual(yaml.hash, fixedDocument({ a: 1 }).hash);
});

Deno.test("who has it is told so, who has not gets it", () => {
  const document = fixedDocument([], "application/x");
  const ask = (tag?: string) =>
    answerFixed(document, { headers: tag === undefined ? {} : { "if-none-match": tag } }, {
      "Vary": "Accept",
    }) as BodyAnswer;
  const whole = ask();
  assert.deepEqual([whole.code, whole.contentType, whole.body, whole.headers], [
    200,
    "application/x",
    document.bytes,
    { "Vary": "Accept", "ETag": `"${document.hash}"` },
  ]);
  for (const tag of [`"${document.hash}"`, `W/"${document.hash}"`, `"x" , "${document.hash}"`, "*"]) {
    const { code, body, headers } = ask(tag);
    assert.deepEqual([code, body, headers], [304, undefined, whole.headers], tag);
  }
  for (const tag of ['"x"', document.hash, ""]) assert.equal(ask(tag).code, 200, tag);
});
