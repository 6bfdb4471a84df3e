import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import type { Outlet } from "../watch/outlet.ts";
import { exchangeOf } from "../testing/exchanges.ts";
import type { Answer, Exchange } from "./exchange.ts";
import { respond } from "./respond.ts";

/** As much of a response as is written to. */
class Response extends EventEmitter {
  code = 0;
  headers: Record<string, string | string[]> = {};
  readonly written: string[] = [];
  ends = 0;
  destroyed = false;
  writableEnded = false;
  closed = false;
  isFlushed = false;
  isFull = false;

  writeHead(code: number, headers: Record<string, string | string[]>): void {
    this.code = code;
    this.headers = headers;
  }
  flushHeaders(): void {
    this.isFlushed = true;
  }
  write(piece: Uint8Array): boolean {
    this.written.push(Buffer.from(piece).toString("latin1"));
    return !this.isFull;
  }
  end(piece?: Uint8Array): void {
    if (piece !== undefined) this.write(piece);
    this.ends++;
    this.writableEnded = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

async function send(
  answer: Answer,
  exchange: Exchange = exchangeOf(),
  closes = false,
  response = new Response(),
) {
  await respond(response as unknown as ServerResponse, exchange, answer, closes);
  return response;
}

Deno.test("an answer is ended in one call, with its length", async () => {
  const response = await send({ code: 200, body: '{"é":1}' });
  assert.deepEqual([response.code, response.written.length, response.ends], [200, 1, 1]);
  assert.deepEqual(response.headers, {
    "Audit-Id": "audit-1",
    "Cache-Control": "no-cache, private",
    "X-Content-Type-Options": "nosniff",
    "Content-Type": "application/json",
    "Content-Length": "8",
  });
});

Deno.test("an answer's own headers win", async () => {
  const { headers } = await send({
    code: 200,
    body: "x",
    contentType: "text/plain",
    headers: { "Cache-Control": "public", "ETag": '"1"' },
  });
  assert.deepEqual([headers["Cache-Control"], headers["ETag"], headers["Content-Type"]], [
    "public",
    '"1"',
    "text/plain",
  ]);
});

Deno.test("an answer without a body says so, and 304 says nothing of one", async () => {
  const empty = await send({ code: 200 });
  assert.deepEqual([empty.headers["Content-Length"], empty.headers["Content-Type"], empty.written], [
    "0",
    undefined,
    [],
  ]);
  const same = await send({ code: 304 });
  assert.equal("Content-Length" in same.headers, false);
});

Deno.test("HEAD is told of the body, and does not get it", async () => {
  const response = await send({ code: 200, body: "abc" }, exchangeOf({ method: "HEAD", target: "/version" }));
  assert.deepEqual([response.headers["Content-Length"], response.written, response.ends], ["3", [], 1]);
});

Deno.test("the last answer of a connection says that it is", async () => {
  assert.equal((await send({ code: 200 }, exchangeOf(), true)).headers["Connection"], "close");
  assert.equal((await send({ code: 413, closeConnection: true })).headers["Connection"], "close");
  assert.equal("Connection" in (await send({ code: 200 })).headers, false);
});

Deno.test("warnings are quoted, plain, few and short", async () => {
  const exchange = exchangeOf();
  exchange.warnings.push(
    'a "b" \\ c\r\nX-Evil: 1',
    "é".repeat(2_000),
    ...Array.from({ length: 10 }, (_, index) => `w${index}`),
  );
  const warnings = (await send({ code: 200 }, exchange)).headers["Warning"] as string[];
  assert.equal(warnings.length, 8);
  assert.equal(warnings[0], '299 - "a \\"b\\" \\\\ c??X-Evil: 1"');
  assert.ok(warnings[1]!.length < 1_100);
  assert.ok(warnings.every((warning) => /^[\x20-\x7e]*$/.test(warning)));
});

Deno.test("what is large is compressed for who takes it, and varies by that in any case", async () => {
  const body = "x".repeat(200_000);
  const plain = await send({ code: 200, body, headers: { "Vary": "Accept" } });
  assert.deepEqual([plain.headers["Vary"], plain.headers["Content-Encoding"]], [
    "Accept, Accept-Encoding",
    undefined,
  ]);
  const small = await send({ code: 200, body }, exchangeOf({ headers: { "accept-encoding": "gzip" } }));
  assert.deepEqual([small.headers["Vary"], small.headers["Content-Encoding"]], ["Accept-Encoding", "gzip"]);
  assert.equal(gunzipSync(Buffer.from(small.written[0]!, "latin1")).toString(), body);
  assert.equal(small.headers["Content-Length"], String(small.written[0]!.length));
});

Deno.test("a client that went away while its answer was compressed is not written to", async () => {
  const response = new Response();
  response.destroyed = true;
  await send({ code: 200, body: "x" }, exchangeOf(), false, response);
  assert.deepEqual([response.code, response.ends], [0, 0]);
});

Deno.test("a stream begins with its head at once, and writes through an outlet", async () => {
  let outlet: Outlet | undefined;
  const response = await send({
    code: 200,
    contentType: "text/plain",
    run: (opened) => void (outlet = opened),
  });
  assert.deepEqual(
    [response.isFlushed, response.headers["Content-Type"], response.headers["Content-Length"]],
    [true, "text/plain", undefined],
  );
  const events: string[] = [];
  outlet!.onDrain(() => events.push("drain"));
  outlet!.onClose(() => events.push("close"));
  response.isFull = true;
  assert.equal(outlet!.write(Buffer.from("a")), false);
  response.emit("drain");
  outlet!.end();
  assert.equal(outlet!.write(Buffer.from("late")), true);
  assert.deepEqual([response.written, response.ends], [["a"], 1]);
  response.emit("close");
  response.closed = true;
  outlet!.onClose(() => events.push("closed before"));
  outlet!.destroy();
  assert.deepEqual([events, response.destroyed], [["drain", "close", "closed before"], true]);
});
