/** A client that reads when it is told to: what it leaves unread fills the server's buffers. */
import type { Target } from "./wire.ts";

export interface SlowReader extends Disposable {
  /** Everything up to the end, as lines. */
  readAll(): Promise<string[]>;
}

/** Sends a GET and reads the first piece of its answer, no more. */
export async function openSlowly(
  { port, serverName = "localhost", caPem, token }: Target,
  path: string,
): Promise<SlowReader> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  const connection = await Deno.startTls(tcp, { hostname: serverName, caCerts: [caPem] });
  // HTTP/1.0: the answer comes without chunks, and ends with the connection.
  const head = `GET ${path} HTTP/1.0\r\nHost: ${serverName}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const pieces: Uint8Array[] = [];
  const piece = new Uint8Array(65_536);
  const next = async () => {
    const count = await connection.read(piece).catch(() => null);
    if (count !== null) pieces.push(piece.slice(0, count));
    return count !== null;
  };
  await next();
  return {
    async readAll() {
      while (await next());
      const text = await new Blob(pieces as BlobPart[]).text();
      return text.slice(text.indexOf("\r\n\r\n") + 4).split("\n");
    },
    [Symbol.dispose]: () => connection.close(),
  };
}
