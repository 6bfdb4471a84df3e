import assert from "node:assert/strict";
import { ToolError } from "../../errors.ts";
import { base64Of, decode, encode } from "./encoding.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("text is text, and anything else is base64", () => {
  assert.deepEqual(encode(bytes("né 😀\r\n"), undefined, true), {
    content: "né 😀\r\n",
    encoding: "utf-8",
    length: 10,
  });
  assert.deepEqual(encode(new Uint8Array([0xff, 0xfe]), undefined, true), {
    content: "//4=",
    encoding: "base64",
    length: 2,
  });
  assert.equal(encode(bytes("a\0b"), undefined, true).encoding, "base64");
  assert.equal(encode(bytes("a\0b"), "utf-8", true).content, "a\0b");
  assert.deepEqual(encode(new Uint8Array(), undefined, true), { content: "", encoding: "utf-8", length: 0 });
  assert.equal(encode(bytes("plain"), "base64", true).content, "cGxhaW4=");
});

Deno.test("a mark at the beginning is kept, for it is in the file", () => {
  const marked = new Uint8Array([0xef, 0xbb, 0xbf, 0x61]);
  const { content } = encode(marked, undefined, true);
  assert.deepEqual(decode(content, "utf-8"), marked);
});

Deno.test("a character that is cut at the end of a range is left for the next, and never at the end of a file", () => {
  for (const character of ["é", "€", "😀"]) {
    const whole = bytes(`ab${character}`);
    for (let cut = 3; cut < whole.length; cut++) {
      const { content, length, encoding } = encode(whole.subarray(0, cut), undefined, false);
      assert.deepEqual([content, length, encoding], ["ab", 2, "utf-8"], `${character} at ${cut}`);
      assert.equal(encode(whole.subarray(0, cut), undefined, true).encoding, "base64");
    }
    assert.equal(encode(whole, undefined, false).content, `ab${character}`);
  }
  // Less than one character was asked for.
  assert.deepEqual(encode(bytes("😀").subarray(0, 2), undefined, false), {
    content: "8J8=",
    encoding: "base64",
    length: 2,
  });
});

Deno.test("text that is asked for and is none is refused", () => {
  assert.throws(() => encode(new Uint8Array([0xff]), "utf-8", true), (error) => {
    assert.ok(error instanceof ToolError);
    assert.deepEqual([error.code, error.message], [
      "invalid",
      "it is not UTF-8 text there: ask with encoding base64",
    ]);
    return true;
  });
});

Deno.test("what is written is what was meant, or it is refused", () => {
  assert.deepEqual(decode("né", "utf-8"), bytes("né"));
  assert.deepEqual(decode("bsOp", "base64"), bytes("né"));
  assert.throws(() => decode("%%%", "base64"), /contents: it is not base64/);
  assert.throws(() => decode("a\ud83d", "utf-8"), /lone surrogate/);
});

Deno.test("any bytes come back as they went, at every cut", () => {
  let seed = 7;
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 300; round++) {
    const given = round % 2 === 0
      ? Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256))
      : bytes(Array.from({ length: 12 }, () => "aé€😀\n"[Math.floor(random() * 5)] ?? "").join(""));
    const got: Uint8Array[] = [];
    for (let at = 0; at < given.length;) {
      const piece = given.subarray(at, at + 1 + Math.floor(random() * 7));
      const { content, encoding, length } = encode(piece, undefined, at + piece.length === given.length);
      const read = decode(content, encoding);
      assert.equal(read.length, length);
      assert.ok(length > 0);
      got.push(read);
      at += length;
    }
    assert.equal(base64Of(Uint8Array.from(got.flatMap((one) => [...one]))), base64Of(given));
  }
});
