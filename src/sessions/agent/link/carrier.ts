/** What carries packets of a link: a terminal at whose other end the daemon is. */
import type { Way } from "./bootstrap.ts";
import { type Packet, Unpacker } from "./packets.ts";

export interface Carrier {
  /** Packets as they come, until it is broken or closed. Rejects where what comes is none. */
  readonly packets: AsyncIterable<readonly Packet[]>;
  /** Resolves when there is room for more; rejects where it is broken. */
  send(packet: Uint8Array): Promise<void>;
  close(): void;
}

/** What is typed is base64, a line a packet; what comes out is raw. */
export function terminalCarrier({ terminal, rest, output }: Way): Carrier {
  const never = new AbortController().signal;
  return {
    packets: packetsOf(rest, output),
    send: (packet) => terminal.type(`${packet.toBase64()}\n`, never),
    close: () => terminal.close(),
  };
}

async function* packetsOf(
  rest: Uint8Array,
  output: AsyncIterator<Uint8Array>,
): AsyncGenerator<readonly Packet[]> {
  const unpacker = new Unpacker();
  if (rest.length > 0) yield unpacker.feed(rest);
  for (;;) {
    const { done, value } = await output.next();
    if (done) return;
    yield unpacker.feed(value);
  }
}
