/** Test files that are loaded together: a file on its own costs more time than most of its tests. */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root as project } from "./run.ts";

/** A module that imports all test files of one room. */
export interface UnitEntry {
  /** `src_kube_test.ts` */
  readonly name: string;
  /** `src/kube` */
  readonly room: string;
  readonly text: string;
}

/**
 * Folders whose test files are loaded together. What is not among them in `tests/` starts and breaks processes of its
 * own, or is large enough for its loading not to count.
 */
export const TOGETHER = [
  "scripts",
  "src",
  ...["bench", "fake-coder", "informer", "kube", "model", "soak"].map((area) => `tests/${area}`),
];

/**
 * One entry for each room of `src/` and of `tests/`, and one for `scripts/`. Rooms share nothing; files of one room share their modules,
 * and no test may leave anything behind in these.
 *
 * @param files test files, relative to `root`
 */
export function unitEntries(root: string, files: readonly string[]): UnitEntry[] {
  const rooms = Map.groupBy(files.toSorted(), roomOf);
  return [...rooms].map(([room, files]) => ({
    name: `${room.replaceAll("/", "_")}_test.ts`,
    room,
    text: files.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)).href)};\n`).join(""),
  }));
}

/** Rooms whose parts are taken one by one: together they would keep one lane busy long after the others have ended. */
const IN_PARTS = ["src/sessions"];

/** `src/kube` of `src/kube/rest/retry_test.ts`, `src/sessions/wire` of what lies there; `scripts` of whatever lies there. */
function roomOf(file: string): string {
  const [top = "", room = "", part = ""] = dirname(file).split("/");
  if (top === "scripts" || room === "") return top;
  const name = `${top}/${room}`;
  return IN_PARTS.includes(name) && part !== "" ? `${name}/${part}` : name;
}

/** Folders of `tests/` whose files are loaded one by one. */
export async function foldersApart(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(project, "tests")));
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => `tests/${name}`)
    .filter((folder) => !TOGETHER.includes(folder)).sort();
}
