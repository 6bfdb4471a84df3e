/** The whole suite in pieces of work that lanes take from one queue. */
import { dirname } from "node:path";

/** What one `deno test` process runs. */
export interface Chunk {
  /** `tests/mcp 2/6`, or the folder alone where it is one piece. */
  readonly name: string;
  /** Test files, relative to the project's root, or absolute. */
  readonly files: readonly string[];
}

/** At most so many files are one piece: fewer load Deno too often, more leave a lane idle in the end. */
const FILES = 6;

/** Folders whose files are long: each is a piece of its own. */
const ONE_BY_ONE = ["tests/docs/how_to"];

/**
 * Folders whose tests take longest, longest first. They are begun first, so that what is left for the end is small
 * and all lanes end at about the same time. Others follow in their order.
 */
const LONGEST_FIRST = [
  "tests/docs/how_to",
  "tests/aggregated",
  "tests/kube",
  "tests/soak",
  "tests/controlplane",
  "tests/sources",
  "tests/mcp",
  "tests/provisioner",
  "tests/faults",
  "src/sessions/agent",
  "src/sessions/sandbox",
];

/** Pieces of the files of `tests/` that are loaded one by one, by folder, of about equal size. */
export function chunksOf(files: readonly string[], most = FILES): Chunk[] {
  return [...Map.groupBy(files.toSorted(), (file) => dirname(file))].flatMap(([folder, files]) => {
    const count = ONE_BY_ONE.includes(folder) ? files.length : Math.ceil(files.length / most);
    return Array.from({ length: count }, (_, index) => ({
      name: count === 1 ? folder : `${folder} ${index + 1}/${count}`,
      files: files.slice(share(files, count, index), share(files, count, index + 1)),
    }));
  });
}

/** The order in which pieces are begun. */
export function inOrder(chunks: readonly Chunk[]): Chunk[] {
  const rank = ({ name }: Chunk) => {
    const place = LONGEST_FIRST.indexOf(name.split(" ")[0] ?? "");
    if (place >= 0) return place;
    return name.startsWith("tests/") ? LONGEST_FIRST.length : LONGEST_FIRST.length + 1;
  };
  return chunks.toSorted((a, b) => rank(a) - rank(b));
}

function share(files: readonly string[], count: number, index: number): number {
  return Math.round((files.length * index) / count);
}
