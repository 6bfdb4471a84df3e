/** Packets of Git's protocol: four digits of length, those included, then content; `0000` ends a list. */

/** What servers say over HTTP before they list references. */
export const SERVICE_HEADER: Uint8Array = new TextEncoder().encode("001e# service=git-upload-pack\n0000");

/** Where the first list ends; undefined as long as it has not come in full. Throws where these are no packets. */
export function endOfListing(bytes: Uint8Array): number | undefined {
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const digits = String.fromCharCode(...bytes.subarray(offset, offset + 4));
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new Error("what it sends is no list of references");
    const length = parseInt(digits, 16);
    if (length === 0) return offset + 4;
    if (length < 4) throw new Error("what it sends is no list of references");
    offset += length;
  }
  return undefined;
}
