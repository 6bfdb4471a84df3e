/** Frames of watches as one piece. */
import { Buffer } from "node:buffer";

let last: { readonly frames: readonly Uint8Array[]; readonly bytes: Uint8Array } = {
  frames: [],
  bytes: new Uint8Array(),
};

/** One after the other. The same piece for all watchers who are told the very same frames in turn: it is made once. */
export function together(frames: readonly Uint8Array[]): Uint8Array {
  const [first] = frames;
  if (frames.length === 1 && first !== undefined) return first;
  const isLast = frames.length === last.frames.length &&
    frames.every((frame, index) => frame === last.frames[index]);
  if (!isLast) last = { frames, bytes: Buffer.concat(frames) };
  return last.bytes;
}
