/** Makes one archive of the files: capped, with an index first that says what there is and what is not. */
import { bytesOf, newFile, writeTar } from "../archive/mod.ts";
import type { Bundle, BundleFile, Gap } from "./types.ts";

const encoder = new TextEncoder();
/** Kept free for the index. */
const INDEX_BYTES = 200_000;
const MOST_ROWS = 500;

/** Leaves out the least important files, the largest first, until the rest is no larger than `maxBytes`. */
export function capped(files: readonly BundleFile[], gaps: readonly Gap[], maxBytes: number): Bundle {
  const sized = files.map((file) => ({ file, bytes: encoder.encode(file.text).length }));
  const order = sized.toSorted((a, b) => a.file.importance - b.file.importance || a.bytes - b.bytes);
  const kept = new Set<BundleFile>();
  const out: Gap[] = [];
  let room = Math.max(0, maxBytes - INDEX_BYTES);
  for (const { file, bytes } of order) {
    if (bytes <= room) {
      kept.add(file);
      room -= bytes;
    } else out.push({ what: file.path, why: `left out: the bundle would be larger than ${maxBytes} bytes` });
  }
  const there = files.filter((file) => kept.has(file)).toSorted((a, b) => a.path < b.path ? -1 : 1);
  return { files: there, gaps: [...gaps, ...out] };
}

export interface IndexFacts {
  readonly made: Date;
  readonly build: Readonly<Record<string, string>>;
  readonly scope: string;
  /** What the diagnoses say, a line each. */
  readonly summary: readonly string[];
}

/** `index.md` */
export function indexOf({ files, gaps }: Bundle, { made, build, scope, summary }: IndexFacts): string {
  const rows = (texts: readonly string[], none: string) =>
    texts.length === 0 ? [none] : [
      ...texts.slice(0, MOST_ROWS),
      ...texts.length > MOST_ROWS ? [`- … ${texts.length - MOST_ROWS} more`] : [],
    ];
  return [
    "# Support bundle of coder-k8s",
    "",
    `Made ${made.toISOString()} of ${scope} by ${builtBy(build)}.`,
    "Tokens, passwords, keys, values of environment variables and of Secrets were taken out. Names of users, hosts",
    "and workspaces are still in it, and so is whatever programs write into their logs: look before you send it.",
    "",
    "## What the diagnosis says",
    "",
    ...rows(summary.map((line) => `- ${line}`), "Nothing was diagnosed."),
    "",
    "## What could not be read, or was left out",
    "",
    ...rows(gaps.map(({ what, why }) => `- ${what}: ${why}`), "Nothing."),
    "",
    "## Files",
    "",
    "| File | Bytes | What it is |",
    "| --- | --- | --- |",
    ...files.map(({ path, about, text }) => `| ${path} | ${encoder.encode(text).length} | ${about} |`),
    "",
  ].join("\n");
}

function builtBy(build: IndexFacts["build"]): string {
  return Object.entries(build).filter(([, text]) => text !== "").map((part) => part.join(" ")).join(", ");
}

/** A `.tar.gz` whose files lie in one folder. */
export async function packed(
  folder: string,
  files: readonly Pick<BundleFile, "path" | "text">[],
): Promise<Uint8Array<ArrayBuffer>> {
  const entries = files.map(({ path, text }) => newFile(`${folder}/${path}`, encoder.encode(text)));
  const tar = new Blob([bytesOf(writeTar(entries))]).stream();
  return new Uint8Array(await new Response(tar.pipeThrough(new CompressionStream("gzip"))).arrayBuffer());
}
