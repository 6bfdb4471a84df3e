import assert from "node:assert/strict";
import { seededRandom } from "../../telemetry/testing/random.ts";
import { OutputBuffer } from "./output_buffer.ts";
import { decodeUtf8, shownText } from "./shown_text.ts";

const encoder = new TextEncoder();

function bufferOf(content: string | number[], limit = 1_000): OutputBuffer {
  const buffer = new OutputBuffer(limit);
  buffer.append(typeof content === "string" ? encoder.encode(content) : Uint8Array.from(content));
  return buffer;
}

Deno.test("plain text is shown as it is", () => {
  assert.deepEqual(shownText(bufferOf("hello\n"), 0, true), {
    text: "hello\n",
    next: 6,
    lost: 0,
    invalid: 0,
    more: false,
  });
  assert.equal(shownText(bufferOf("hello\n"), 2, true).text, "llo\n");
  assert.deepEqual(shownText(bufferOf("hello\n"), 6, true).text, "");
});

Deno.test("a character of which a part has come waits for the rest", () => {
  for (const character of ["ü", "€", "😀"]) {
    const bytes = [...encoder.encode(`a${character}`)];
    for (let cut = 2; cut < bytes.length; cut++) {
      const shown = shownText(bufferOf(bytes.slice(0, cut)), 0, true);
      assert.deepEqual([shown.text, shown.next, shown.invalid], ["a", 1, 0], `${character} cut at ${cut}`);
    }
    assert.equal(shownText(bufferOf(bytes), 0, true).text, `a${character}`);
  }
});

Deno.test("at the end of a stream a part of a character is shown, and said", () => {
  const shown = shownText(bufferOf([0x61, 0xE2, 0x82]), 0, false);
  assert.deepEqual(shown, { text: "a\uFFFD", next: 3, lost: 0, invalid: 2, more: false });
});

Deno.test("what is no UTF-8 is U+FFFD, and counted; what was written as U+FFFD is none of it", () => {
  assert.deepEqual(decodeUtf8(Uint8Array.from([0x61, 0xFF, 0xFE, 0x62])), {
    text: "a\uFFFD\uFFFDb",
    invalid: 2,
  });
  assert.deepEqual(decodeUtf8(encoder.encode("a\uFFFDb")), { text: "a\uFFFDb", invalid: 0 });
  const mixed = new Uint8Array([...encoder.encode("\uFFFD"), 0xC0, ...encoder.encode("ü")]);
  assert.deepEqual(decodeUtf8(mixed), { text: "\uFFFD\uFFFDü", invalid: 1 });
});

Deno.test("marks of byte order are characters of the output", () => {
  assert.equal(decodeUtf8(Uint8Array.from([0xEF, 0xBB, 0xBF, 0x61])).text, "\uFEFFa");
});

Deno.test("what was before the ring is lost, and so is the rest of a character that was cut", () => {
  const buffer = bufferOf("ab€cd", 4);
  // Kept: the last two bytes of €, c, d.
  const shown = shownText(buffer, 0, true);
  assert.deepEqual(shown, { text: "cd", next: 7, lost: 5, invalid: 0, more: false });
  assert.equal(shownText(buffer, 6, true).lost, 0);
  assert.equal(shownText(buffer, 6, true).text, "d");
});

Deno.test("a byte in the middle of a character that somebody asks for is shown as what it is", () => {
  const shown = shownText(bufferOf("€x"), 1, true);
  assert.deepEqual([shown.text, shown.invalid, shown.lost], ["\uFFFD\uFFFDx", 2, 0]);
});

Deno.test("an answer has a measure, and ends between characters", () => {
  const buffer = bufferOf("aa€€€");
  const first = shownText(buffer, 0, false, 4);
  assert.deepEqual([first.text, first.next, first.more], ["aa", 2, true]);
  const second = shownText(buffer, first.next, false, 4);
  assert.deepEqual([second.text, second.next, second.more], ["€", 5, true]);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`read in pieces, it is the same as read at once (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const alphabet = ["a", "\n", "ü", "€", "😀", "\uFFFD"];
    const bytes: number[] = [];
    for (let count = 0; count < 500; count++) {
      if (random() < 0.1) bytes.push(0x80 + Math.floor(random() * 128));
      else bytes.push(...encoder.encode(alphabet[Math.floor(random() * alphabet.length)]));
    }
    const buffer = new OutputBuffer(bytes.length);
    let text = "";
    let invalid = 0;
    let next = 0;
    let given = 0;
    while (next < bytes.length) {
      const piece = bytes.slice(given, given + Math.floor(random() * 9));
      given += piece.length;
      buffer.append(Uint8Array.from(piece));
      const shown = shownText(buffer, next, given < bytes.length, 4 + Math.floor(random() * 20));
      assert.ok(shown.next >= next);
      assert.equal(shown.lost, 0);
      text += shown.text;
      invalid += shown.invalid;
      next = shown.next;
    }
    const whole = decodeUtf8(Uint8Array.from(bytes));
    assert.equal(text, whole.text);
    assert.equal(invalid, whole.invalid);
  });
}
