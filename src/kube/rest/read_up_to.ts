/** Bytes of a stream, as many as are wanted. */

/** Leaving the loop early closes the stream. Texts are taken as UTF-8. */
export async function readUpTo(
  body: AsyncIterable<string | Uint8Array>,
  maxBytes: number,
): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const encoder = new TextEncoder();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    const part = typeof chunk === "string" ? encoder.encode(chunk) : chunk;
    chunks.push(part);
    size += part.length;
    if (size > maxBytes) break;
  }
  const bytes = new Uint8Array(Math.min(size, maxBytes));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, bytes.length - at), at);
    at += Math.min(chunk.length, bytes.length - at);
  }
  return { bytes, isCut: size > maxBytes };
}
