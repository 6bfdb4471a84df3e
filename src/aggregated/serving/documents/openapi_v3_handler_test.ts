import assert from "node:assert/strict";
import type { BodyAnswer } from "../http/exchange.ts";
import { StatusError } from "../status_errors.ts";
import { exchangeOf } from "../testing/exchanges.ts";
import { createOpenApiV3Handler } from "./openapi_v3_handler.ts";

const handler = createOpenApiV3Handler({ "apis/a/v1": { a: 1 }, "apis/b/v1": { b: 1 } });
const read = ({ body }: BodyAnswer) => JSON.parse(new TextDecoder().decode(body as Uint8Array));
const ask = async (target: string, headers = {}) =>
  await handler.document(exchangeOf({ target, headers })) as BodyAnswer;

Deno.test("the index names every document with its hash", async () => {
  const { paths } = read(await handler.index(exchangeOf({ target: "/openapi/v3" })) as BodyAnswer);
  assert.deepEqual(Object.keys(paths), ["apis/a/v1", "apis/b/v1"]);
  const { a, b } = { a: paths["apis/a/v1"].serverRelativeURL, b: paths["apis/b/v1"].serverRelativeURL };
  assert.notEqual(a.split("=")[1], b.split("=")[1]);
  const kept = await ask(a);
  assert.deepEqual([kept.code, read(kept), kept.headers?.["Cache-Control"]], [
    200,
    { a: 1 },
    "public, immutable, max-age=31536000",
  ]);
});

Deno.test("a document without a hash is checked each time, one with an old hash is elsewhere", async () => {
  const { code, headers } = await ask("/openapi/v3/apis/a/v1");
  assert.deepEqual([code, headers?.["Cache-Control"], headers?.["Vary"]], [200, undefined, "Accept"]);
  assert.equal((await ask("/openapi/v3/apis/a/v1", { "if-none-match": headers?.["ETag"] ?? "" })).code, 304);
  const moved = await ask("/openapi/v3/apis/a/v1?hash=0");
  assert.equal(moved.code, 301);
  assert.equal((await ask(moved.headers?.["Location"] ?? "")).code, 200);
});

Deno.test("what is not there, and what is not JSON, is refused", async () => {
  const is = (code: number) => (error: unknown) => error instanceof StatusError && error.code === code;
  await assert.rejects(async () => await ask("/openapi/v3/apis/c/v1"), is(404));
  await assert.rejects(
    async () =>
      await ask("/openapi/v3/apis/a/v1", {
        accept: "application/com.github.proto-openapi.spec.v3@v1.0+protobuf",
      }),
    is(406),
  );
  await assert.rejects(
    async () => await handler.index(exchangeOf({ headers: { accept: "text/html" } })),
    is(406),
  );
});
