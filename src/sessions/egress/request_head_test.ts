import assert from "node:assert/strict";
import { ByteReader, WrongBytes } from "./byte_reader.ts";
import { headerOf, MAX_HEAD_BYTES, parseRequestHead, readRequestHead } from "./request_head.ts";
import { requestBody } from "./request_body.ts";

/** Gives these pieces, one a read. */
function source(...pieces: string[]) {
  const left = pieces.map((text) => Uint8Array.from(text, (one) => one.charCodeAt(0)));
  return {
    read(into: Uint8Array): Promise<number | null> {
      const piece = left.shift();
      if (piece === undefined) return Promise.resolve(null);
      into.set(piece);
      return Promise.resolve(piece.length);
    },
  };
}

function wrong(status: number) {
  return (error: unknown) => error instanceof WrongBytes && error.status === status;
}

async function bodyOf(body: number | "chunked", ...pieces: string[]): Promise<string> {
  let text = "";
  for await (const piece of requestBody(new ByteReader(source(...pieces)), body)) {
    text += new TextDecoder().decode(piece);
  }
  return text;
}

Deno.test("a head is read byte by byte, and what follows is left", async () => {
  const text = "GET http://a/ HTTP/1.1\r\nHost: a\r\nX-One:  two \r\n\r\nrest";
  for (const pieces of [[text], [...text], [text.slice(0, 50), text.slice(50)]]) {
    const reader = new ByteReader(source(...pieces));
    const head = (await readRequestHead(reader))!;
    assert.equal(head.method, "GET");
    assert.equal(head.target, "http://a/");
    assert.equal(headerOf(head, "x-one"), "two");
    assert.equal(head.body, 0);
    let rest = "";
    for (let piece; (piece = await reader.some()) !== undefined;) rest += new TextDecoder().decode(piece);
    assert.equal(rest, "rest");
  }
});

Deno.test("nothing at all is no request, half of one is a wrong one", async () => {
  assert.equal(await readRequestHead(new ByteReader(source())), undefined);
  await assert.rejects(readRequestHead(new ByteReader(source("GET / HT"))), wrong(400));
});

Deno.test("heads that are too long or have too many headers are refused", async () => {
  const long = `GET / HTTP/1.1\r\nX: ${"a".repeat(MAX_HEAD_BYTES)}\r\n\r\n`;
  await assert.rejects(readRequestHead(new ByteReader(source(long))), wrong(431));
  const endless = source(...Array<string>(100).fill("a".repeat(1_000)));
  await assert.rejects(readRequestHead(new ByteReader(endless)), wrong(431));
  assert.throws(() => parseRequestHead(`GET / HTTP/1.1${"\r\nA: b".repeat(101)}`), wrong(431));
});

Deno.test("what two programs could read differently is refused", () => {
  const bad = [
    "GET /",
    "GET / HTTP/2.0",
    "GET  / HTTP/1.1",
    "GET / HTTP/1.1 ",
    " GET / HTTP/1.1",
    "GET /a b HTTP/1.1",
    "GET /\tb HTTP/1.1",
    "GET /\x00 HTTP/1.1",
    "G(T / HTTP/1.1",
    "GET / HTTP/1.1\r\nHost : a",
    "GET / HTTP/1.1\r\n folded",
    "GET / HTTP/1.1\r\nA: b\r\n c",
    "GET / HTTP/1.1\r\nno colon",
    "GET / HTTP/1.1\r\n: empty",
    "GET / HTTP/1.1\r\nA: b\nB: c",
    "GET / HTTP/1.1\nA: b",
    "GET / HTTP/1.1\r\nA: b\rB: c",
    "GET / HTTP/1.1\r\nA: \x00",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b",
    "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1",
    "GET / HTTP/1.1\r\nContent-Length: 1, 1",
    "GET / HTTP/1.1\r\nContent-Length: +1",
    "GET / HTTP/1.1\r\nContent-Length: 0x1",
    "GET / HTTP/1.1\r\nContent-Length: -1",
    "GET / HTTP/1.1\r\nContent-Length: ",
    "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity",
  ];
  for (const text of bad) assert.throws(() => parseRequestHead(text), wrong(400), JSON.stringify(text));
  for (const coding of ["gzip", "gzip, chunked", "xchunked", "chunked, chunked"]) {
    assert.throws(
      () => parseRequestHead(`GET / HTTP/1.1\r\nTransfer-Encoding: ${coding}`),
      wrong(501),
      coding,
    );
  }
  assert.throws(() => parseRequestHead("GET / HTTP/1.0\r\nTransfer-Encoding: chunked"), wrong(501));
});

Deno.test("bodies are passed on with exactly what they have", async () => {
  assert.equal(parseRequestHead("PUT / HTTP/1.1\r\nContent-Length: 5").body, 5);
  assert.equal(parseRequestHead("PUT / HTTP/1.1\r\nTransfer-Encoding: Chunked").body, "chunked");
  assert.equal(await bodyOf(5, "hel", "lo", "GET /"), "hello");
  assert.equal(await bodyOf(0, "GET /"), "");
  await assert.rejects(bodyOf(5, "hel"), wrong(400));
});

Deno.test("chunks are written anew, without extensions and trailers", async () => {
  const raw = "5;ext=1\r\nhello\r\nA \r\n0123456789\r\n0\r\nX-Trailer: y\r\n\r\nGET /smuggled";
  const clean = "5\r\nhello\r\na\r\n0123456789\r\n0\r\n\r\n";
  assert.equal(await bodyOf("chunked", raw), clean);
  assert.equal(await bodyOf("chunked", ...raw), clean);
});

Deno.test("chunks that could be read differently are refused", async () => {
  const bad = [
    "5\nhello\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhelloXX0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "-5\r\nhello\r\n0\r\n\r\n",
    "123456789\r\n",
    "\r\n",
    "5 5\r\nhello\r\n0\r\n\r\n",
    "5;\x00\r\nhello\r\n0\r\n\r\n",
    "5\r\nhel",
    "5\r\nhello\r\n",
    "0\r\n",
  ];
  for (const text of bad) {
    await assert.rejects(
      bodyOf("chunked", text),
      (error) => error instanceof WrongBytes,
      JSON.stringify(text),
    );
  }
  await assert.rejects(bodyOf("chunked", `0\r\n${"A: b\r\n".repeat(5_000)}\r\n`), wrong(431));
});
