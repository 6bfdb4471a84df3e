/** Pages with commands can be run as they stand: what is wrong with one is told at once, without a cluster. */
import { deepEqual } from "node:assert/strict";
import { PageError } from "./runner/page.ts";
import { openPage, pagesOf } from "./runner/test_pages.ts";

Deno.test("the blocks and markers of every page of tutorials and how-tos are understood", () => {
  const problems = ["docs/tutorial", "docs/how-to"].flatMap(pagesOf).flatMap((path) => {
    try {
      openPage(path);
      return [];
    } catch (error) {
      if (error instanceof PageError) return error.problems.map((problem) => `${path}:${problem}`);
      throw error;
    }
  });
  deepEqual(problems, []);
});

Deno.test("the files of tests have all pages of how-tos among them", async () => {
  const names = await Array.fromAsync(Deno.readDir(new URL("how_to", import.meta.url)));
  const shares = await Promise.all(names.map(async ({ name }) => {
    const text = await Deno.readTextFile(new URL(`how_to/${name}`, import.meta.url));
    const [, number, of] = /share\(pagesOf\("docs\/how-to"\), (\d+), (\d+)\)/.exec(text) ?? [];
    return [Number(number), Number(of)] as const;
  }));
  deepEqual(shares.map(([number]) => number).sort(), shares.map((_, index) => index + 1));
  deepEqual([...new Set(shares.map(([, of]) => of))], [shares.length]);
});
