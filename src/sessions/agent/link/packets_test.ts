import assert from "node:assert/strict";
import { below, seededRandom } from "../../../telemetry/testing/random.ts";
import { encodePacket, KIND, type Packet, saying, Unpacker } from "./packets.ts";

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

Deno.test("packets come back as they were, however they are cut", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const sent: Packet[] = Array.from({ length: 20 }, () => ({
      kind: 1 + below(random, 9),
      stream: below(random, 2),
      received: below(random, 2 ** 31) * 1_000,
      payload: new Uint8Array(below(random, 300)).map(() => below(random, 256)),
    }));
    const bytes = joined(sent.map(encodePacket));
    const unpacker = new Unpacker();
    const got: Packet[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + below(random, 100);
      got.push(...unpacker.feed(bytes.subarray(at, end)));
      at = end;
    }
    assert.deepEqual(got, sent, `seed ${seed}`);
  }
});

Deno.test("what was changed on its way, or is none, is refused", () => {
  const packet = encodePacket({
    kind: KIND.DATA,
    stream: 1,
    received: 7,
    payload: new Uint8Array([1, 2, 3]),
  });
  for (let at = 0; at < packet.length; at++) {
    const changed = packet.slice();
    changed[at]! ^= 0x10;
    // A longer length waits for what does not come.
    const feed = () => new Unpacker().feed(joined([changed, new Uint8Array(70_000)]));
    assert.throws(feed, Error, `byte ${at}`);
  }
  assert.throws(
    () => new Unpacker().feed(new TextEncoder().encode("Connection to the workspace was lost.\r\n")),
    /none/,
  );
});

Deno.test("a packet that says JSON", () => {
  const [packet] = new Unpacker().feed(saying(KIND.HELLO, { client: "a", isNew: true }));
  assert.equal(packet!.kind, KIND.HELLO);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(packet!.payload)), { client: "a", isNew: true });
});
