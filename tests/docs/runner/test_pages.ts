/** Pages as tests: one test a page, one step a block. */
import { basename } from "node:path";
import { type Block, type Page, readPage } from "./page.ts";
import { PageShell } from "./shell.ts";
import { surroundings } from "./surroundings.ts";

const root = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");
/** Longer than any page takes on a busy machine. */
const PAGE_MS = 14 * 60_000;

/** Pages of a folder that have something to run, as paths from the project's root. Lists of pages have not. */
export function pagesOf(folder: string): string[] {
  const names = entriesOf(`${root}/${folder}`);
  return names.filter((name) => name.endsWith(".md") && !/^(index|README)\.md$/.test(name))
    .map((name) => `${folder}/${name}`).sort();
}

function entriesOf(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Reads a page of the project. */
export function openPage(path: string): Page {
  return readPage(path, Deno.readTextFileSync(`${root}/${path}`));
}

/** Every `of`-th page, from the `number`-th on (from 1): test files share pages, so that lanes can. */
export function share(paths: readonly string[], number: number, of: number): string[] {
  return paths.filter((_, index) => index % of === number - 1);
}

/** One test for each page. A page that cannot be read fails when it is run, not when files are loaded. */
export function testPages(paths: readonly string[]): void {
  for (const path of paths) {
    Deno.test(`the commands of ${path} work`, (context) => runPage(openPage(path), context));
  }
}

/** Runs a page from top to bottom, and its tear-down in any case. */
export async function runPage(page: Page, context: Deno.TestContext): Promise<void> {
  const signal = AbortSignal.timeout(PAGE_MS);
  await using place = await surroundings(page);
  const open = () => new PageShell({ cwd: place.cwd, env: place.env, dir: place.scratch, signal });
  const blocks = page.blocks.map((block) => ({ ...block, text: replaced(block.text, page.where) }));
  let isWell = true;
  const step = async (shell: PageShell, block: Block) => {
    const isSkipped = block.kind === "skip";
    const passed = await context.step({
      name: nameOf(block),
      ignore: isSkipped,
      fn: () => shell.run(block),
      // What the surroundings keep open is theirs.
      sanitizeOps: false,
      sanitizeResources: false,
    });
    isWell &&= passed || isSkipped;
  };
  {
    await using shell = open();
    for (const block of blocks.filter(({ kind }) => kind !== "teardown")) {
      if (isWell) await step(shell, block);
    }
    if (isWell) await shell.finish();
  }
  const last = blocks.filter(({ kind }) => kind === "teardown");
  if (last.length > 0) {
    await using shell = open();
    for (const block of last) await step(shell, block);
  }
  if (!isWell) throw new Error(`${page.path}: a block failed; the step says which, and why`);
}

/** What stands in a block, with the texts that the page has other ones for. */
export function replaced(text: string, where: Page["where"]): string {
  return where.reduce((text, { from, to }) => text.replaceAll(from, () => to), text);
}

/** `line 12: kubectl get pods …` */
export function nameOf({ kind, line, text, name, reason }: Block): string {
  if (kind === "file") return `line ${line}: writes ${basename(name ?? "")}`;
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const first = `${lines[0] ?? ""}${lines.length > 1 ? " …" : ""}`;
  const how = kind === "skip" ? ` (skipped: ${reason})` : kind === "run" ? "" : ` (${kind})`;
  return `line ${line}: ${first}${how}`;
}
