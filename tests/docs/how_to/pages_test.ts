/** Every command of the how-tos works: each page on real parts, from top to bottom. */
import { pagesOf, testPages } from "../runner/test_pages.ts";

testPages(pagesOf("docs/how-to"));
