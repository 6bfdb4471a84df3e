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
