/**
 * Packets between a link and the daemon of a session: type, stream, two bytes of nothing, length, how much was received of the
 * stream, CRC-32 of all but itself, payload. `python/streams.py` has the same. What comes is foreign: lengths are capped.
 */
import { crc32 } from "node:zlib";

/** `HELLO` and `WELCOME` introduce; `BIND` moves a stream here; `LOST`: the other side does not know this client any more. */
export const KIND = {
  HELLO: 1,
  WELCOME: 2,
  BIND: 3,
  DATA: 4,
  ACK: 5,
  PING: 6,
  PONG: 7,
  BYE: 8,
  LOST: 9,
} as const;

export interface Packet {
  readonly kind: number;
  readonly stream: number;
  /** Bytes of the stream that the sender has received. */
  readonly received: number;
  readonly payload: Uint8Array;
}

const HEADER = 20;
const MOST_PAYLOAD = 65_536;
const NOTHING = new Uint8Array();

export function encodePacket(
  { kind, stream = 0, received = 0, payload = NOTHING }: Partial<Packet> & Pick<Packet, "kind">,
): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, stream);
  view.setUint32(4, payload.length);
  view.setBigUint64(8, BigInt(received));
  view.setUint32(16, crc32(payload, crc32(bytes.subarray(0, 16))));
  bytes.set(payload, HEADER);
  return bytes;
}

/** One whose payload is JSON. */
export function saying(kind: number, value: unknown): Uint8Array {
  return encodePacket({ kind, payload: new TextEncoder().encode(JSON.stringify(value)) });
}

/** Makes packets of bytes as they come. */
export class Unpacker {
  #bytes: Uint8Array = NOTHING;

  /** @throws {Error} where what comes is no packet: the carrier is of no use any more */
  feed(chunk: Uint8Array): Packet[] {
    let bytes = chunk;
    if (this.#bytes.length > 0) {
      bytes = new Uint8Array(this.#bytes.length + chunk.length);
      bytes.set(this.#bytes);
      bytes.set(chunk, this.#bytes.length);
    }
    const packets: Packet[] = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const length = view.getUint32(at + 4);
      if (length > MOST_PAYLOAD) throw new Error(`a packet of ${length} bytes is none`);
      if (bytes.length - at - HEADER < length) break;
      const payload = bytes.subarray(at + HEADER, at + HEADER + length);
      if (crc32(payload, crc32(bytes.subarray(at, at + 16))) !== view.getUint32(at + 16)) {
        throw new Error("a packet was changed on its way");
      }
      packets.push({
        kind: view.getUint8(at),
        stream: view.getUint8(at + 1),
        received: Number(view.getBigUint64(at + 8)),
        payload,
      });
      at += HEADER + length;
    }
    // A piece of a packet must not hold on to all that came with it.
    this.#bytes = bytes.slice(at);
    return packets;
  }
}
