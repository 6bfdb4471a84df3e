/** Random content of archives. */
import { below, pick } from "../../src/telemetry/testing/random.ts";
import type { ArchiveEntry } from "../../src/archive/mod.ts";

const PARTS = ["a", "b", "main.tf", "näme", "dir with blank", "x".repeat(60), "y".repeat(99), "z.sh"];

/** A path of up to five parts, often long ones. */
export function randomPath(random: () => number): string {
  const parts = Array.from({ length: 1 + below(random, 5) }, () => pick(random, PARTS));
  return `${parts.join("/")}-${below(random, 50)}`;
}

/** Text or bytes that are none. */
export function randomContent(random: () => number): Uint8Array {
  const size = below(random, 3) === 0 ? below(random, 3) : below(random, 2_000);
  const isText = below(random, 3) > 0;
  const bytes = Uint8Array.from({ length: size }, () => isText ? 32 + below(random, 90) : below(random, 256));
  if (!isText && size > 0) bytes[0] = 0xff;
  return bytes;
}

/** Entries whose paths are all different and none of which lies in another's place. */
export function randomEntries(random: () => number, options: { hardlinks?: boolean } = {}): ArchiveEntry[] {
  const entries = new Map<string, ArchiveEntry>();
  for (let count = below(random, 12); count > 0; count--) {
    const path = randomPath(random);
    const mtime = 315_532_800 + below(random, 1_000_000_000);
    const mode = pick(random, [0o644, 0o755]);
    const none = new Uint8Array();
    const what = below(random, options.hardlinks === true ? 10 : 9);
    const entry: ArchiveEntry = what < 7
      ? { path, kind: "file", mode, mtime, content: randomContent(random) }
      : what === 7
      ? { path: `${path}/`, kind: "directory", mode: 0o755, mtime, content: none }
      : {
        path,
        kind: what === 8 ? "symlink" : "hardlink",
        mode: 0o644,
        mtime,
        content: none,
        target: randomPath(random),
      };
    entries.set(path, entry);
  }
  const paths = [...entries.keys()];
  return [...entries].filter(([path]) => !paths.some((other) => path.startsWith(`${other}/`))).map((
    [, entry],
  ) => entry);
}

/** Text files that might be wanted. */
export function randomFiles(
  random: () => number,
  near: readonly ArchiveEntry[] = [],
): Record<string, string> {
  const files: Record<string, string> = {};
  for (let count = below(random, 6); count > 0; count--) {
    files[`new/${randomPath(random)}`] = `t${below(random, 9)}`;
  }
  for (const { path, kind } of near) {
    if (kind === "file" && below(random, 3) === 0) files[path] = `n${below(random, 3)}`;
  }
  const paths = Object.keys(files);
  return Object.fromEntries(
    Object.entries(files).filter(([path]) => !paths.some((other) => path.startsWith(`${other}/`))),
  );
}
