/** Odd tar archives. For tests alone. */

/** One entry, with whatever header. */
export interface Entry {
  readonly path: string;
  readonly prefix?: string;
  readonly content?: string | Uint8Array;
  /** @default {"0"}: a file */
  readonly type?: string;
  /** In place of the content's own size, octal. */
  readonly size?: string;
  /** Octal. @default {"0000644"} */
  readonly mode?: string;
}

const BLOCK = 512;

/** Packs entries as they are given. */
export function archive(entries: readonly Entry[]): Uint8Array {
  const encoder = new TextEncoder();
  const blocks: Uint8Array[] = [];
  for (const { path, prefix = "", content = "", type = "0", size, mode = "0000644" } of entries) {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    const header = new Uint8Array(BLOCK);
    const put = (offset: number, text: string) => header.set(encoder.encode(text), offset);
    put(0, path);
    put(100, `${mode}\0`);
    put(124, size ?? bytes.length.toString(8).padStart(11, "0"));
    put(148, " ".repeat(8));
    put(156, type);
    put(257, "ustar\x0000");
    put(345, prefix);
    put(148, `${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
    const body = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK);
    body.set(bytes);
    blocks.push(header, body);
  }
  blocks.push(new Uint8Array(2 * BLOCK));
  const all = new Uint8Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const block of blocks) {
    all.set(block, offset);
    offset += block.length;
  }
  return all;
}
