/** The documents as they lie in `docs/`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DocPage } from "./sections.ts";

/** All pages below a folder, sorted by name. */
export function readPages(folder: string): DocPage[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .sort()
    .map((path) => ({
      name: path.slice(0, -".md".length),
      title: titleOf(readFileSync(join(folder, path), "utf8"), path),
    }));
}

/** Of its first heading, without code marks. @throws {Error} when a page has none */
export function titleOf(text: string, path: string): string {
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  if (title === undefined) {
    if (/^layout: home$/m.test(text)) return "";
    throw new Error(`docs/${path} has no heading of the first level, which the sidebar shows`);
  }
  return title.replaceAll("`", "").trim();
}
